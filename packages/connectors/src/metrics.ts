import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_app_messages_total: { type: 'counter', help: 'Messages that the app handed to its broker.', labels: ['app'] },
  omh_app_failed_total: { type: 'counter', help: 'Messages that the app could not hand over.', labels: ['app'] },
  omh_app_up: { type: 'gauge', help: '1 while the app can publish.', labels: ['app'] },
  omh_app_requests_total: {
    type: 'counter',
    help: 'Read and write requests over MQTT: answered, or refused with a code.',
    labels: ['app', 'result'],
  },
});
