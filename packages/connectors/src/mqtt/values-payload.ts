import { carriesValue, msFromMicros, Quality, valueAt, type GroupCycle, type Tag, type TagValue } from '@omh/core';

/** Neuron's per-tag error codes for what quality says (Neuron error codes, data plane). */
const errorCodes: ReadonlyMap<number, number> = new Map([
  [Quality.badNotConnected, 3002],
  [Quality.badNoCommunication, 3002],
  [Quality.uncertainNoCommunicationLastUsable, 3015],
  [Quality.badTimeout, 3015],
  [Quality.badNotReadable, 3003],
  [Quality.badTypeMismatch, 3007],
  [Quality.badDecoding, 3009],
  [Quality.badWaitingForInitialData, 3011],
  [Quality.badOutOfRange, 3020],
]);
const readFailure = 3000;

/** Neuron's `values` object: one message per group and cycle. A tag without a value in this cycle stands under `errors`, never with an old value. */
export interface ValuesPayload {
  readonly timestamp: number;
  readonly node: string;
  readonly group: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly metas: Readonly<Record<string, never>>;
}

export function valuesPayload(cycle: GroupCycle, reportErrors: boolean): ValuesPayload {
  const { tags, batch } = cycle;
  const values: Record<string, unknown> = {};
  const errors: Record<string, number> = {};
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i]!;
    if (carriesValue(batch.quality[i]!)) values[tag.name] = jsonValue(valueAt(batch, i, tag)!, tag);
    else if (reportErrors) errors[tag.name] = errorCodes.get(batch.quality[i]!) ?? readFailure;
  }
  return { timestamp: msFromMicros(batch.receiveTime), node: cycle.device, group: cycle.group, values, errors, metas: {} };
}

/** 64-bit integers beyond 2^53 travel as decimal text, bytes as an array of numbers, floats without the noise of their 32-bit form. */
function jsonValue(value: TagValue, tag: Tag): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Uint8Array) return Array.from(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return null;
    if (tag.precision !== undefined && tag.precision > 0) return Number(value.toFixed(tag.precision));
    return tag.type === 'float' ? Number(value.toPrecision(7)) : value;
  }
  return value;
}
