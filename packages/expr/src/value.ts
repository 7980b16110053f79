import { errors } from './errors.ts';

/**
 * What flows through expressions: undefined, null, booleans, numbers, bigint from devices, text, bytes, arrays and plain maps.
 * Values are never changed in place: messages are shared by all rules.
 */
export type Value = unknown;
export type ValueMap = Readonly<Record<string, unknown>>;

export const maxTextLength = 1_048_576;
export const maxArrayLength = 100_000;

const utf8 = new TextDecoder();
const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const isNumber = (v: unknown): v is number | bigint => typeof v === 'number' || typeof v === 'bigint';
export const isMap = (v: unknown): v is ValueMap => typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array);

/** `text "abc"`, `number 3`, `undefined`: how a value is called in a sentence; long ones are cut. */
export function describe(v: unknown): string {
  if (v === undefined) return 'undefined';
  if (v === null) return 'null';
  if (typeof v === 'string') return `the text '${cut(v)}'`;
  if (v instanceof Uint8Array) return `${v.length} bytes`;
  if (Array.isArray(v)) return `an array of ${v.length}`;
  if (typeof v === 'object') return `the map ${cut(jsonText(v))}`;
  return `${typeof v === 'boolean' ? 'the boolean' : 'the number'} ${String(v)}`;
}

/** As it would be written in a rule: `28`, `'abc'`, `[1,2]`. */
export function literalText(v: unknown): string {
  if (typeof v === 'string') return `'${cut(v)}'`;
  if (v instanceof Uint8Array) return `${v.length} bytes`;
  return typeof v === 'object' && v !== null ? cut(jsonText(v)) : String(v);
}

const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

/** JSON of any value: bytes as text, 64-bit integers as digits, what JSON does not know as null. */
export function jsonText(v: unknown): string {
  try {
    return (
      JSON.stringify(v, (_key, part: unknown) => {
        if (typeof part === 'bigint') return Number.isSafeInteger(Number(part)) ? Number(part) : String(part);
        return part instanceof Uint8Array ? utf8.decode(part) : part;
      }) ?? 'null'
    );
  } catch (thrown) {
    if (thrown instanceof RangeError) throw errors.EXPR_LIMIT({ what: 'The nesting of a value', limit: 'what JSON can write' });
    throw thrown;
  }
}

/** The text of a value as templates and str() show it: text as it is, bytes as UTF-8, maps and arrays as JSON. */
export function textOf(v: unknown): string {
  if (typeof v === 'string') return v;
  if (v instanceof Uint8Array) return utf8.decode(v);
  return typeof v === 'object' && v !== null ? jsonText(v) : String(v);
}

/** Bytes as text where they are valid UTF-8, else the bytes themselves. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8Strict.decode(bytes);
  } catch {
    return bytes;
  }
}

/** JSON of a text, undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A text that holds a JSON map or array opens on nested access, as an inner JSON text in a payload does. */
const opened = (v: unknown): unknown => (typeof v === 'string' && /^\s*[[{]/.test(v) ? parseJson(v) : v);

/** `v.key`, own keys only; undefined for anything that is no map. */
export function keyOf(v: unknown, key: string): unknown {
  const map = typeof v === 'string' ? opened(v) : v;
  return isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** `v[index]` with 1-based and negative indexes; undefined outside; index 0 and fractions throw EXPR_INDEX. */
export function elementOf(v: unknown, index: unknown): unknown {
  const list = opened(v);
  if (!Array.isArray(list)) return undefined;
  const i = checkedIndex(index);
  return list[i > 0 ? i - 1 : list.length + i] as unknown;
}

/** `v[from..to]`, both ends included and clipped to the array. */
export function sliceOf(v: unknown, from: unknown, to: unknown): unknown {
  const list = opened(v);
  if (!Array.isArray(list)) return undefined;
  const first = checkedIndex(from);
  const last = checkedIndex(to);
  return list.slice(first > 0 ? first - 1 : Math.max(0, list.length + first), last > 0 ? last : list.length + last + 1) as unknown;
}

function checkedIndex(index: unknown): number {
  const i = Number(isNumber(index) ? index : Number.NaN);
  if (!Number.isSafeInteger(i) || i === 0) throw errors.EXPR_INDEX({ index: literalText(index) });
  return i;
}

/** Sets an own property whatever its name, `__proto__` included. */
export function setOwn(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

/** A copy of `base` with `value` at `path[from…]`; what is no map or array on the way is replaced by one. */
export function withPath(base: unknown, path: readonly (string | number)[], value: unknown, from = 0): unknown {
  if (from === path.length) return value;
  const step = path[from]!;
  const inner = opened(base);
  if (typeof step === 'string') {
    const copy: Record<string, unknown> = isMap(inner) ? { ...inner } : {};
    setOwn(copy, step, withPath(keyOf(inner, step), path, value, from + 1));
    return copy;
  }
  const copy: unknown[] = Array.isArray(inner) ? [...(inner as unknown[])] : [];
  const at = step > 0 ? step - 1 : Math.max(copy.length + step, copy.length === 0 && step === -1 ? 0 : -1);
  if (at < 0 || at > copy.length) throw errors.EXPR_ASSIGN({ index: step, length: copy.length });
  copy[at] = withPath(copy[at], path, value, from + 1);
  return copy;
}

export function checkLength(length: number): void {
  if (length > maxTextLength) throw errors.EXPR_LIMIT({ what: 'A text', limit: `${maxTextLength.toLocaleString('en')} characters` });
}
