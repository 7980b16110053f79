import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_api_requests_total: { type: 'counter', help: 'HTTP requests answered, by class of status.', labels: ['status'] },
  omh_api_sockets: { type: 'gauge', help: 'Live sockets open.' },
  omh_api_subscriptions: { type: 'gauge', help: 'Live subscriptions open.' },
  omh_api_frames_total: { type: 'counter', help: 'Live frames sent.' },
  omh_api_dropped_total: {
    type: 'counter',
    help: 'Live updates that a newer one replaced, or that had no room, before a slow reader took them.',
  },
});
