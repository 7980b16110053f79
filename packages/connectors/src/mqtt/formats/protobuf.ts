import { carriesValue, msFromMicros, Quality, isScaled, valueAt, type GroupCycle } from '@omh/core';
import { neuron } from '@omh/wire';
import { errorCode } from './error-code.ts';
import { jsonValue } from './json-value.ts';
import type { FormatOptions, PayloadFormat } from './payload-format.ts';

/** Neuron's DataReport. Numbers that are no integers travel as 32-bit floats, arrays and bytes as the text of their JSON. */
export const protobufFormat = ({ reportErrors, staticTags }: FormatOptions): PayloadFormat => {
  const constants: neuron.DataItem[] = Object.entries(staticTags).map(([name, value]) => ({ name, value }));
  return {
    contentType: 'application/x-protobuf',
    encode(cycle: GroupCycle, from: number, to: number): Uint8Array {
      const tags: neuron.DataItem[] = [];
      for (let i = from; i < to; i++) {
        const item = dataItem(cycle, i);
        if (reportErrors || item.error === undefined) tags.push(item);
      }
      tags.push(...constants);
      return neuron.encodeDataReport({ node: cycle.device, group: cycle.group, timestamp: msFromMicros(cycle.batch.receiveTime), tags });
    },
  };
};

/** `q` stands where a value is not good, `t` where the device gives the value a time of its own. */
function dataItem({ tags, batch }: GroupCycle, i: number): neuron.DataItem {
  const tag = tags[i]!;
  const quality = batch.quality[i]!;
  if (!carriesValue(quality)) return { name: tag.name, error: errorCode(quality) };
  const source = batch.sourceTime?.[i];
  const value = valueAt(batch, i, tag)!;
  return {
    name: tag.name,
    value: itemValue(typeof value === 'bigint' && value < 2n ** 63n ? value : jsonValue(value, tag)),
    ...(tag.type === 'float' || tag.type === 'double' || isScaled(tag) ? { float: true } : {}),
    ...(quality === Quality.good ? {} : { q: quality }),
    ...(source === undefined || Number.isNaN(source) ? {} : { t: msFromMicros(source) }),
  };
}

/** JSON's null is a number that is none. */
export const itemValue = (value: unknown): neuron.ItemValue =>
  value === null ? Number.NaN : typeof value === 'object' ? JSON.stringify(value) : (value as neuron.ItemValue);
