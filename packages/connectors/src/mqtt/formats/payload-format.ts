import { carriesValue, valueAt, type GroupCycle, type Tag } from '@omh/core';
import { errorCode } from './error-code.ts';
import { jsonValue } from './json-value.ts';

export type StaticTags = Readonly<Record<string, boolean | number | string>>;

export interface FormatOptions {
  /** Tags without a value are told with their code; false leaves them out. */
  readonly reportErrors: boolean;
  /** The word that a tag has for its value stands beside it. */
  readonly labels: boolean;
  /** Configured constants that go with every message. */
  readonly staticTags: StaticTags;
}

/**
 * How rows `from` to `to` of a cycle become one payload: a whole group, a part of one, or a single tag. A tag without a value in this
 * cycle is never sent with an old one.
 */
export interface PayloadFormat {
  /** MIME type, told to MQTT 5.0 readers. */
  readonly contentType: string;
  /** The JSON value, or the bytes of a format that is none. */
  encode(cycle: GroupCycle, from: number, to: number): unknown;
}

/** `{name, value}` of a tag that has one and `{name, error}` of one that has none. */
export type TagItem =
  | { readonly name: string; readonly value: unknown; readonly label?: string }
  | { readonly name: string; readonly error: number };

export function itemAt(cycle: GroupCycle, i: number, labels: boolean): TagItem {
  const { batch } = cycle;
  const tag = cycle.tags[i]!;
  if (!carriesValue(batch.quality[i]!)) return { name: tag.name, error: errorCode(batch.quality[i]!) };
  const value = jsonValue(valueAt(batch, i, tag)!, tag);
  const label = labels ? labelOf(tag, value) : undefined;
  return label === undefined ? { name: tag.name, value } : { name: tag.name, value, label };
}

export const labelOf = ({ labels }: Tag, value: unknown): string | undefined => {
  const key = typeof value === 'boolean' ? String(Number(value)) : String(value);
  if (labels === undefined) return undefined;
  return Object.hasOwn(labels, String(value)) ? labels[String(value)] : Object.hasOwn(labels, key) ? labels[key] : undefined;
};

/** A name that comes from a file and may be `__proto__`. */
export function put(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}
