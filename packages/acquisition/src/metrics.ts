import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_device_up: { type: 'gauge', help: '1 while the link to the device is up.', labels: ['device'] },
  omh_device_tags: { type: 'gauge', help: 'Tags of the device by quality.', labels: ['device', 'quality'] },
  omh_device_requests_total: { type: 'counter', help: 'Requests sent to the device.', labels: ['device'] },
  omh_device_refusals_total: { type: 'counter', help: 'Requests that the device answered with a refusal.', labels: ['device'] },
  omh_device_timeouts_total: { type: 'counter', help: 'Requests without an answer in time.', labels: ['device'] },
  omh_device_connects_total: { type: 'counter', help: 'Times the link was opened.', labels: ['device'] },
  omh_device_bytes_in_total: { type: 'counter', help: 'Bytes received from the device.', labels: ['device'] },
  omh_device_bytes_out_total: { type: 'counter', help: 'Bytes sent to the device.', labels: ['device'] },
  omh_device_rtt_seconds: { type: 'gauge', help: 'Round trip of the last answered request.', labels: ['device'] },
  omh_device_strays_total: { type: 'counter', help: 'Late and foreign answers that were thrown away.', labels: ['device'] },
  omh_device_rtt_p50_seconds: { type: 'gauge', help: 'Round trip of half of the newest answered requests.', labels: ['device'] },
  omh_device_rtt_p99_seconds: { type: 'gauge', help: 'Round trip of 99 % of the newest answered requests.', labels: ['device'] },
  omh_device_window: { type: 'gauge', help: 'Requests that may be under way at once now.', labels: ['device'] },
  omh_device_holes: { type: 'gauge', help: 'Ranges that the device refuses to read, as learnt.', labels: ['device'] },
  omh_device_faults_total: { type: 'counter', help: 'Faults of the link by their error code.', labels: ['device', 'code'] },
  omh_device_writes_total: { type: 'counter', help: 'Writes by result.', labels: ['device', 'result'] },
  omh_group_cycles_total: { type: 'counter', help: 'Cycles that brought at least one value.', labels: ['device', 'group'] },
  omh_group_missed_total: { type: 'counter', help: 'Cycles that brought no value at all.', labels: ['device', 'group'] },
  omh_group_skipped_total: {
    type: 'counter',
    help: 'Cycles skipped because the one before was still running.',
    labels: ['device', 'group'],
  },
  omh_group_jitter_p99_seconds: {
    type: 'gauge',
    help: 'How much later than due 99 % of the newest cycles began.',
    labels: ['device', 'group'],
  },
  omh_group_cycle_seconds: { type: 'gauge', help: 'Duration of the last cycle.', labels: ['device', 'group'] },
});
