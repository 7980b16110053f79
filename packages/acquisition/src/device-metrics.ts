import type { MetricSample } from '@omh/core';
import type { DeviceStatus } from './device-options.ts';

/** What Prometheus gets of one device; the names stand in metrics.ts. */
export function* deviceMetrics(
  status: DeviceStatus,
  up: boolean,
  writes: { readonly ok: number; readonly refused: number },
): Iterable<MetricSample> {
  const { stats, counts } = status;
  const device = { device: status.name };
  yield { name: 'omh_device_up', value: up ? 1 : 0, labels: device };
  for (const quality of ['good', 'uncertain', 'bad'] as const)
    yield { name: 'omh_device_tags', value: counts[quality], labels: { ...device, quality } };
  yield { name: 'omh_device_requests_total', value: stats.requests, labels: device };
  yield { name: 'omh_device_refusals_total', value: stats.refusals, labels: device };
  yield { name: 'omh_device_timeouts_total', value: stats.timeouts, labels: device };
  yield { name: 'omh_device_strays_total', value: stats.strays, labels: device };
  yield { name: 'omh_device_connects_total', value: stats.connects, labels: device };
  yield { name: 'omh_device_bytes_in_total', value: stats.bytesIn, labels: device };
  yield { name: 'omh_device_bytes_out_total', value: stats.bytesOut, labels: device };
  if (stats.lastRttMs !== undefined) yield { name: 'omh_device_rtt_seconds', value: stats.lastRttMs / 1000, labels: device };
  if (stats.rttP50Ms !== undefined) yield { name: 'omh_device_rtt_p50_seconds', value: stats.rttP50Ms / 1000, labels: device };
  if (stats.rttP99Ms !== undefined) yield { name: 'omh_device_rtt_p99_seconds', value: stats.rttP99Ms / 1000, labels: device };
  if (stats.window !== undefined) yield { name: 'omh_device_window', value: stats.window, labels: device };
  yield { name: 'omh_device_holes', value: stats.holes?.length ?? 0, labels: device };
  for (const [code, value] of Object.entries(stats.faults ?? {}))
    yield { name: 'omh_device_faults_total', value, labels: { ...device, code } };
  yield { name: 'omh_device_writes_total', value: writes.ok, labels: { ...device, result: 'ok' } };
  yield { name: 'omh_device_writes_total', value: writes.refused, labels: { ...device, result: 'refused' } };
  for (const group of status.groups) {
    const labels = { ...device, group: group.name };
    yield { name: 'omh_group_cycles_total', value: group.cycles, labels };
    yield { name: 'omh_group_missed_total', value: group.missed, labels };
    yield { name: 'omh_group_skipped_total', value: group.skipped, labels };
    if (group.lastCycleMs !== undefined) yield { name: 'omh_group_cycle_seconds', value: group.lastCycleMs / 1000, labels };
    if (group.jitterP99Ms !== undefined) yield { name: 'omh_group_jitter_p99_seconds', value: group.jitterP99Ms / 1000, labels };
  }
}
