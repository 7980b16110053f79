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

/** Where a tag's value comes from, when no device register holds it. */
export type TagSource =
  /** Configured, and settable where `access` allows writing. */
  | { readonly kind: 'static'; readonly value: TagValue }
  /** Computed each cycle of the group from other tags, in the expression language of rules. */
  | { readonly kind: 'derived'; readonly expression: string };

/** How far a value moves before it is reported again; widths in the engineering unit, percent of the last reported value. */
export interface Deadband {
  readonly kind: 'absolute' | 'percent' | 'door';
  readonly width: number;
}

/** Report on change: a value goes on when it leaves the deadband, when its quality changes, and after `heartbeatMs` at the latest. */
export interface ReportOnChange {
  readonly deadband?: Deadband;
  readonly heartbeatMs?: number;
}

/** What a write must keep to, checked before anything goes over the wire; bounds in the engineering unit. */
export interface WriteGuard {
  readonly min?: number;
  readonly max?: number;
  /** Largest distance to the present value in one write. */
  readonly step?: number;
  /** Least role that may write. */
  readonly role?: 'operator' | 'engineer' | 'admin';
  /** The writer must say why. */
  readonly reason?: boolean;
  /** The tag is read after the device confirmed and must show what was written. */
  readonly readBack?: boolean;
}

/** What the hub file says about one tag; `address` is in the driver's own grammar, e.g. `1!40001`, and empty where `source` is set. */
export interface TagDefinition {
  readonly name: string;
  readonly address: string;
  readonly type: DataType;
  readonly access: TagAccess;
  /** Values of an array that lie one after the other at `address`; absent for a single value. */
  readonly count?: number;
  readonly source?: TagSource;
  /** Engineering value = raw × decimal + bias; absent = 1 and 0. */
  readonly decimal?: number;
  readonly bias?: number;
  /** Engineering values outside are reported as the bound, with quality `uncertainEngineeringUnitsExceeded`. */
  readonly clamp?: { readonly min?: number; readonly max?: number };
  /** UCUM unit, e.g. `Cel`, `bar`, `%`. */
  readonly unit?: string;
  /** Digits shown after the point for float and double. */
  readonly precision?: number;
  /** Words for values, by the value as text: `{ 0: 'stopped', 1: 'running' }`. The value itself stays a number. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Absent: reported every cycle. */
  readonly report?: ReportOnChange;
  /** A value older than this is no longer shown as usable; absent: 60 intervals of its group. */
  readonly expireMs?: number;
  readonly guard?: WriteGuard;
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
export const columnOf = (type: DataType, count?: number): 'num' | 'i64' | 'any' =>
  count !== undefined ? 'any' : type === 'int64' || type === 'uint64' ? 'i64' : type === 'string' || type === 'bytes' ? 'any' : 'num';
