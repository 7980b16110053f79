import { parseDurationMs, type DataType, type Deadband, type TagDefinition, type TagValue } from '@omh/core';
import type { TagConfig } from './tag-schema.ts';

/**
 * What the hub file says of a tag, added to `place`. Key by key in one order: so all tags have one of few shapes, and are made and read ten
 * times as fast as copies by spreading.
 */
export function defineTag<P extends object>(place: P, name: string, t: TagConfig): P & TagDefinition {
  const tag = place as P & { -readonly [K in keyof TagDefinition]: TagDefinition[K] };
  const { decimal, bias, unit, precision, description } = t;
  tag.name = name;
  tag.address = t.address ?? '';
  tag.type = t.type;
  tag.access = t.access;
  if (decimal !== undefined) tag.decimal = decimal;
  if (bias !== undefined) tag.bias = bias;
  if (unit !== undefined) tag.unit = unit;
  if (precision !== undefined) tag.precision = precision;
  if (description !== undefined) tag.description = description;
  if (t.count !== undefined) tag.count = t.count;
  if (t.labels !== undefined) tag.labels = t.labels;
  if (t.value !== undefined) tag.source = { kind: 'static', value: valueOf(t.value, t.type) };
  if (t.expression !== undefined) tag.source = { kind: 'derived', expression: t.expression };
  if (t.clampMin !== undefined || t.clampMax !== undefined) tag.clamp = defined({ min: t.clampMin, max: t.clampMax });
  if (t.report === 'change') {
    const heartbeatMs = t.heartbeat === undefined ? undefined : parseDurationMs(t.heartbeat);
    tag.report = defined({ deadband: t.deadband === undefined ? undefined : deadbandOf(t.deadband), heartbeatMs });
  }
  if (t.expire !== undefined) tag.expireMs = parseDurationMs(t.expire)!;
  const guard = defined({
    min: t.writeMin,
    max: t.writeMax,
    step: t.writeStep,
    role: t.writeRole,
    reason: t.writeReason || undefined,
    readBack: t.readBack || undefined,
  });
  if (Object.keys(guard).length > 0) tag.guard = guard;
  return tag;
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };
const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

/** A checked static value in the JavaScript type that values of its tag have. */
function valueOf(value: string | number | boolean, type: DataType): TagValue {
  if (type === 'int64' || type === 'uint64') return BigInt(value);
  if (type === 'bool' || type === 'bit') return Boolean(value);
  if (type !== 'bytes') return value;
  return Uint8Array.from(String(value).match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** `0.5`, `2%` or `door 0.5`. */
function deadbandOf(text: string | number): Deadband {
  const found = /^(door\s+)?([\d.]+)(%?)$/.exec(String(text))!;
  return { kind: found[1] === undefined ? (found[3] === '%' ? 'percent' : 'absolute') : 'door', width: Number(found[2]) };
}
