import { accessMetrics } from '@omh/access';
import { acquisitionMetrics, type LastValues } from '@omh/acquisition';
import { metrics as brokerMetrics } from '@omh/broker';
import { connectorMetrics } from '@omh/connectors';
import { defineMetrics, type MetricRow, type MetricSample } from '@omh/core';
import { historianMetrics } from '@omh/historian';
import { namespaceMetrics } from '@omh/namespace';
import { metrics as ruleMetrics } from '@omh/rules';
import { simulatorMetrics } from '@omh/simulators';
import { queueMetrics } from '@omh/storage';

export const metrics = defineMetrics({
  omh_part_up: { type: 'gauge', help: '1 while the part does its work, 0 in every other state.', labels: ['part'] },
  omh_tag: {
    type: 'gauge',
    help: 'Last usable value of each number or boolean tag whose quality is good.',
    labels: ['device', 'group', 'tag', 'path', 'unit'],
  },
  omh_recorder_dropped_total: { type: 'counter', help: 'Samples that the historian did not take.' },
  omh_config_revision: { type: 'gauge', help: 'Number of the revision that runs.' },
  omh_config_drift: { type: 'gauge', help: '1 while the files on disk differ from the revision that runs.' },
  omh_loop_delay_p99_seconds: { type: 'gauge', help: 'How late the event loop was, 99th percentile of the last ten seconds.' },
});

/** Every metric that `Hub.metrics` can yield, with its help text. */
export const roomMetrics: Readonly<Record<string, MetricRow>> = {
  ...metrics,
  ...accessMetrics,
  ...acquisitionMetrics,
  ...brokerMetrics,
  ...connectorMetrics,
  ...historianMetrics,
  ...namespaceMetrics,
  ...ruleMetrics,
  ...simulatorMetrics,
  ...queueMetrics,
};

/** `omh_tag` of every number and boolean that is good now. */
export function* tagSamples(values: LastValues): Iterable<MetricSample> {
  for (const { tag, value, quality } of values.iterate()) {
    if (quality !== 'good' || (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint')) continue;
    yield {
      name: 'omh_tag',
      value: Number(value),
      labels: { device: tag.device, group: tag.group, tag: tag.name, path: tag.path, unit: tag.unit ?? '' },
    };
  }
}
