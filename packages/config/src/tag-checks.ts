import type { DataType, OmhError } from '@omh/core';
import { errors } from './errors.ts';
import type { IssueSink } from './issue.ts';
import { show } from './schema-words.ts';

type Block = Readonly<Record<string, unknown>>;
const sources = ['address', 'value', 'expression'] as const;
const limits = ['writeMin', 'writeMax', 'writeStep', 'writeRole', 'writeReason', 'readBack'] as const;
const whenReported = ['deadband', 'heartbeat'] as const;
const bounds = [
  ['clampMin', 'clampMax'],
  ['writeMin', 'writeMax'],
] as const;

/** What the schema of a tag cannot say: which properties need, exclude or bound each other. */
export function checkTag(at: readonly string[], tag: Block, issues: IssueSink): void {
  checkSource(at, tag, issues);
  const { count, labels } = tag;
  const add = (key: string, error: OmhError): void => issues.add([...at, key], error, { fix: error.next });
  if (tag.report !== 'change')
    for (const key of whenReported) if (tag[key] !== undefined) add(key, errors.CONFIG_TAG_ALONE({ key, needs: 'report: change' }));
  for (const [low, high] of bounds) {
    const [min, max] = [tag[low], tag[high]];
    if (typeof min === 'number' && typeof max === 'number' && min > max) add(low, errors.CONFIG_TAG_BOUNDS({ low, high, min, max }));
  }
  if (tag.access === 'read') {
    for (const key of limits)
      if (tag[key] !== undefined && tag[key] !== false) add(key, errors.CONFIG_TAG_ALONE({ key, needs: 'access: readwrite' }));
  } else if (tag.access === 'write' && tag.readBack === true)
    add('readBack', errors.CONFIG_TAG_ALONE({ key: 'readBack', needs: 'access: readwrite' }));
  if (count !== undefined) {
    const conflict = (other: string, why: string): void => add('count', errors.CONFIG_TAG_CONFLICT({ key: 'count', other, why }));
    if (tag.type === 'string' || tag.type === 'bytes') conflict(`type: ${tag.type}`, 'its length stands in the address');
    else if (tag.value !== undefined || tag.expression !== undefined)
      conflict(tag.value === undefined ? 'expression' : 'value', 'an array is read from the device');
  }
  if (isBlock(labels)) checkLabels([...at, 'labels'], labels, issues);
}

function checkSource(at: readonly string[], tag: Block, issues: IssueSink): void {
  const name = at.at(-1)!;
  if (tag.address !== undefined && tag.value === undefined && tag.expression === undefined) return;
  const there = sources.filter((key) => tag[key] !== undefined);
  if (there.length === 0) {
    const fix = 'Add it, or a value or an expression of its own.';
    issues.add(at, errors.CONFIG_MISSING_KEY({ key: 'address', where: name }), { aim: 'key', fix });
  } else if (there.length > 1) {
    const error = errors.CONFIG_TAG_SOURCE({ name, keys: there.join(' and ') });
    issues.add([...at, there[1]!], error, { aim: 'key', fix: error.next });
  }
  if (tag.value !== undefined && typeof tag.type === 'string') {
    const expected = staticFault(tag.value, tag.type as DataType);
    if (expected !== undefined)
      issues.add(
        [...at, 'value'],
        errors.CONFIG_VALUE({ subject: 'value', expected: `${expected} as its type says`, found: show(tag.value) }),
      );
  }
  if (tag.expression !== undefined && typeof tag.access === 'string' && tag.access !== 'read') {
    const why = 'a computed value cannot be written';
    const error = errors.CONFIG_TAG_CONFLICT({ key: 'expression', other: `access: ${tag.access}`, why });
    issues.add([...at, 'access'], error, { fix: 'Write access: read.' });
  }
}

const ranges: Readonly<Partial<Record<DataType, readonly [bigint, bigint]>>> = Object.fromEntries(
  ([8, 16, 32, 64] as const).flatMap((bits) => [
    [`int${bits}`, [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]],
    [`uint${bits}`, [0n, 2n ** BigInt(bits) - 1n]],
  ]),
);

/** What a static value of this type must be, when this is none; undefined when it fits. */
export function staticFault(value: unknown, type: DataType): string | undefined {
  if (type === 'bool' || type === 'bit') return typeof value === 'boolean' || value === 0 || value === 1 ? undefined : 'true or false';
  if (type === 'string') return typeof value === 'string' ? undefined : 'a text';
  if (type === 'bytes')
    return typeof value === 'string' && /^([0-9a-f]{2})*$/i.test(value) ? undefined : 'bytes in hexadecimal digits like 0aff';
  const range = ranges[type];
  if (range === undefined) return typeof value === 'number' ? undefined : 'a number';
  const whole = wholeOf(value);
  if (whole !== undefined && whole >= range[0] && whole <= range[1]) return undefined;
  return `a whole number from ${range[0]} to ${range[1]}`;
}

/** 64-bit numbers that a double does not hold are written as text. */
function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** `0` and `0.0` are one value. */
function checkLabels(at: readonly string[], labels: Block, issues: IssueSink): void {
  const seen = new Set<string | number>();
  for (const key of Object.keys(labels)) {
    const value = key.trim() !== '' && Number.isFinite(Number(key)) ? Number(key) : key.toLowerCase();
    if (seen.has(value))
      issues.add([...at, key], errors.CONFIG_LABEL_TWICE({ value: key }), { aim: 'key', fix: errors.CONFIG_LABEL_TWICE.row.next });
    seen.add(value);
  }
}

const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
