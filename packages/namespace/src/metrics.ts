import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_namespace_topics: { type: 'gauge', help: 'Tags that the namespace shows as topics.' },
  omh_namespace_messages_total: { type: 'counter', help: 'Messages of the namespace that somebody read.' },
  omh_namespace_writes_total: {
    type: 'counter',
    help: 'Writes that came over MQTT: ok, refused before the device was asked, failed at it.',
    labels: ['result'],
  },
});
