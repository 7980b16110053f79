/** Dense number of a tag inside one hub: u32, starts at 1, never reused. */
declare const tagId: unique symbol;
export type TagId = number & { readonly [tagId]: true };

/** Data types as they are written in the hub file. 64-bit integers are always `bigint` in memory. */
export const dataTypes = [
  'bool',
  'bit',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float',
  'double',
  'string',
  'bytes',
] as const;
export type DataType = (typeof dataTypes)[number];

export const tagAccess = ['read', 'write', 'readwrite'] as const;
export type TagAccess = (typeof tagAccess)[number];

export type Scalar = boolean | number | bigint | string | Uint8Array;
export type TagValue = Scalar | readonly Scalar[];

/** What the hub file says about one tag; `address` is in the driver's own grammar, e.g. `1!40001`. */
export interface TagDefinition {
  readonly name: string;
  readonly address: string;
  readonly type: DataType;
  readonly access: TagAccess;
  /** Engineering value = raw × decimal + bias; absent = 1 and 0. */
  readonly decimal?: number;
  readonly bias?: number;
  /** UCUM unit, e.g. `Cel`, `bar`, `%`. */
  readonly unit?: string;
  /** Digits shown after the point for float and double. */
  readonly precision?: number;
  readonly description?: string;
}

/** A tag that runs: its definition with identity and place. Immutable; a new configuration makes new objects. */
export interface Tag extends TagDefinition {
  readonly id: TagId;
  readonly device: string;
  readonly group: string;
  /** Namespace path: the device's path plus the tag's name, e.g. `acme/dallas/press/line1/temperature`. */
  readonly path: string;
}

/** `device/group/tag`, how a tag is called in the file and in `history?tag=`. */
export const tagKey = (tag: { readonly device: string; readonly group: string; readonly name: string }): string =>
  `${tag.device}/${tag.group}/${tag.name}`;

/** How a value of this type is kept in a `ValueBatch`: `num` for all that a double holds exactly, else `i64` or `any`. */
export const columnOf = (type: DataType): 'num' | 'i64' | 'any' =>
  type === 'int64' || type === 'uint64' ? 'i64' : type === 'string' || type === 'bytes' ? 'any' : 'num';
