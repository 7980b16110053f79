import { defineMetrics } from '@omh/core';
import type { MetricSample, QueueStatus } from '@omh/core';

const labels = ['queue'] as const;

export const queueMetrics = defineMetrics({
  omh_queue_matched_total: { type: 'counter', help: 'Entries offered to the queue, taken or not.', labels },
  omh_queue_received_total: { type: 'counter', help: 'Entries taken into the queue.', labels },
  omh_queue_success_total: { type: 'counter', help: 'Entries that the target took.', labels },
  omh_queue_failed_total: { type: 'counter', help: 'Entries that the target refused; they are dead letters.', labels },
  omh_queue_dropped_total: { type: 'counter', help: 'Entries that were not kept or not sent.', labels: ['queue', 'reason'] },
  omh_queue_retried_total: { type: 'counter', help: 'Sends of entries that had been sent before.', labels },
  omh_queue_retried_success_total: { type: 'counter', help: 'Entries that the target took at a later try.', labels },
  omh_queue_retried_failed_total: { type: 'counter', help: 'Entries that the target refused at a later try.', labels },
  omh_queue_late_replies_total: { type: 'counter', help: 'Answers that came after their time limit.', labels },
  omh_queue_inflight: { type: 'gauge', help: 'Entries on their way.', labels },
  omh_queue_entries: { type: 'gauge', help: 'Entries that wait.', labels },
  omh_queue_bytes: { type: 'gauge', help: 'Bytes on the disk from the oldest waiting entry on.', labels },
  omh_queue_max_bytes: { type: 'gauge', help: 'Bytes that may wait.', labels },
  omh_queue_oldest_age_seconds: { type: 'gauge', help: 'Age of the oldest waiting entry.', labels },
  omh_queue_dead_letters: { type: 'gauge', help: 'Dead letters on the disk.', labels },
  omh_queue_open: { type: 'gauge', help: '1 while the breaker is open: the target takes nothing.', labels },
});

/** A queue's state as samples. */
export function* queueSamples({ name, counters, capacity, deadLetters, breaker }: QueueStatus): Generator<MetricSample> {
  const own = { queue: name };
  const sample = (metric: keyof typeof queueMetrics, value: number): MetricSample => ({ name: metric, value, labels: own });
  yield sample('omh_queue_matched_total', counters.matched);
  yield sample('omh_queue_received_total', counters.received);
  yield sample('omh_queue_success_total', counters.success);
  yield sample('omh_queue_failed_total', counters.failed);
  for (const reason of ['queue_full', 'expired', 'other'] as const) {
    yield { name: 'omh_queue_dropped_total', value: counters[`dropped.${reason}`], labels: { queue: name, reason } };
  }
  yield sample('omh_queue_retried_total', counters.retried);
  yield sample('omh_queue_retried_success_total', counters['retried.success']);
  yield sample('omh_queue_retried_failed_total', counters['retried.failed']);
  yield sample('omh_queue_late_replies_total', counters.late_reply);
  yield sample('omh_queue_inflight', counters.inflight);
  yield sample('omh_queue_entries', counters.queuing);
  yield sample('omh_queue_bytes', counters.queuing_bytes);
  yield sample('omh_queue_max_bytes', capacity.maxBytes);
  yield sample('omh_queue_oldest_age_seconds', capacity.hoursHeld * 3600);
  yield sample('omh_queue_dead_letters', deadLetters.count);
  yield sample('omh_queue_open', breaker === 'open' || breaker === 'halfOpen' ? 1 : 0);
}
