import { protobufFields, protobufFloat, protobufInt, protobufText, ProtobufWriter, type ProtobufField } from './protobuf.ts';

/**
 * Neuron's messages over MQTT in their protobuf form (proto2, package `model`): DataReport, ReadRequest, ReadResponse, WriteRequest,
 * WriteResponse and NodeStateReport.
 */

/** A value as one of int64, float, string and bool. Integers are written as int64, other numbers as float, which has 24 bits. */
export type ItemValue = boolean | number | bigint | string;

export interface DataItem {
  readonly name: string;
  /** Exactly one of `value` and `error` is there. */
  readonly value?: ItemValue;
  readonly error?: number;
  /** Writes a number as float even where it is whole. */
  readonly float?: boolean;
  /** Quality. */
  readonly q?: number;
  /** Milliseconds UTC of the value itself. */
  readonly t?: number;
}

export interface DataReport {
  readonly node: string;
  readonly group: string;
  /** Milliseconds UTC. */
  readonly timestamp: number;
  readonly tags: Iterable<DataItem>;
}

export function encodeDataReport({ node, group, timestamp, tags }: DataReport): Uint8Array {
  const out = new ProtobufWriter();
  out.string(1, node);
  out.string(2, group);
  out.int(3, timestamp);
  for (const item of tags) writeItem(out, 4, item);
  return out.finish();
}

function writeItem(out: ProtobufWriter, field: number, { name, value, error, float, q, t }: DataItem): void {
  out.message(field, () => {
    out.string(1, name);
    if (value !== undefined) out.message(2, () => writeValue(out, value, float ?? false));
    else out.int(3, error ?? 0);
    if (q !== undefined) out.int(4, q);
    if (t !== undefined) out.int(5, t);
  });
}

function writeValue(out: ProtobufWriter, value: ItemValue, float: boolean): void {
  if (typeof value === 'boolean') out.bool(4, value);
  else if (typeof value === 'string') out.string(3, value);
  else if (typeof value === 'bigint' || (Number.isSafeInteger(value) && !float)) out.int(1, value);
  else out.float(2, value);
}

export interface ReadRequest {
  readonly uuid: string;
  readonly node: string;
  readonly group: string;
  /** Only these; none: all. */
  readonly tags: readonly string[];
}
export interface WriteRequest {
  readonly uuid: string;
  readonly node: string;
  readonly group: string;
  readonly tags: readonly DataItem[];
}

/** Undefined where the bytes are none. */
export function decodeDataReport(bytes: Uint8Array): { node: string; group: string; timestamp: number; tags: DataItem[] } | undefined {
  const fields = protobufFields(bytes);
  if (fields === undefined) return undefined;
  const tags = itemsOf(fields, 4);
  const time = last(fields, 3);
  return tags && { node: textOf(fields, 1), group: textOf(fields, 2), timestamp: time === undefined ? 0 : Number(protobufInt(time)), tags };
}

export function decodeReadRequest(bytes: Uint8Array): ReadRequest | undefined {
  const fields = protobufFields(bytes);
  if (fields === undefined) return undefined;
  return { ...headOf(fields), tags: fields.filter(({ field }) => field === 4).map(protobufText) };
}

export function decodeWriteRequest(bytes: Uint8Array): WriteRequest | undefined {
  const fields = protobufFields(bytes);
  const tags = fields && itemsOf(fields, 4);
  return tags && { ...headOf(fields), tags };
}

export function encodeReadResponse(uuid: string, tags: Iterable<DataItem>): Uint8Array {
  const out = new ProtobufWriter();
  out.string(1, uuid);
  for (const item of tags) writeItem(out, 2, item);
  return out.finish();
}

export function encodeWriteResponse(uuid: string, results: Iterable<{ readonly name: string; readonly error: number }>): Uint8Array {
  const out = new ProtobufWriter();
  out.string(1, uuid);
  for (const { name, error } of results)
    out.message(2, () => {
      out.string(1, name);
      out.int(2, error);
    });
  return out.finish();
}

/** `link` 0 down, 1 up; `running` 3 runs, 4 stopped. */
export interface NodeState {
  readonly node: string;
  readonly link: number;
  readonly running: number;
}

export function encodeNodeStateReport(timestamp: number, states: Iterable<NodeState>): Uint8Array {
  const out = new ProtobufWriter();
  out.int(1, timestamp);
  for (const { node, link, running } of states)
    out.message(2, () => {
      out.string(1, node);
      out.int(2, link);
      out.int(3, running);
    });
  return out.finish();
}

type Fields = readonly ProtobufField[];
/** A field that is sent twice counts as it was sent last. */
const last = (fields: Fields, number: number): ProtobufField | undefined => fields.findLast(({ field }) => field === number);
const textOf = (fields: Fields, number: number): string => {
  const found = last(fields, number);
  return found === undefined ? '' : protobufText(found);
};
const headOf = (fields: Fields): { uuid: string; node: string; group: string } => ({
  uuid: textOf(fields, 1),
  node: textOf(fields, 2),
  group: textOf(fields, 3),
});

function itemsOf(fields: Fields, number: number): DataItem[] | undefined {
  const out: DataItem[] = [];
  for (const { field, bytes } of fields) {
    if (field !== number) continue;
    const inner = bytes && protobufFields(bytes);
    if (inner === undefined) return undefined;
    const [value, error, q, t] = [2, 3, 4, 5].map((n) => last(inner, n));
    const found = value === undefined ? undefined : valueOf(value);
    if (value !== undefined && found === undefined) return undefined;
    out.push({
      name: textOf(inner, 1),
      ...(found === undefined ? {} : { value: found }),
      ...(error === undefined ? {} : { error: Number(protobufInt(error)) }),
      ...(q === undefined ? {} : { q: Number(protobufInt(q)) }),
      ...(t === undefined ? {} : { t: Number(protobufInt(t)) }),
    });
  }
  return out;
}

function valueOf({ bytes }: ProtobufField): ItemValue | undefined {
  const found = bytes && protobufFields(bytes)?.at(-1);
  if (found === undefined) return undefined;
  switch (found.field) {
    case 1: {
      const wide = protobufInt(found);
      return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide;
    }
    case 2:
      return protobufFloat(found);
    case 3:
      return protobufText(found);
    case 4:
      return found.bits !== 0n;
    default:
      return undefined;
  }
}
