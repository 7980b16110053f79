import { fail, isGood, tagKey, type OmhError, type Result, type Tag, type TagValue } from '@omh/core';
import { conversionOf, engineeringOf } from './engineering.ts';
import { errors } from './errors.ts';
import { toRaw } from './scaling.ts';

export type WriteRole = 'operator' | 'engineer' | 'admin';

/** Who writes, and why. */
export interface WriteBy {
  /** Whether the writer may do what this role may; true when absent: the hub's own parts. */
  readonly mayActAs?: (role: WriteRole) => boolean;
  /** Why, in the writer's words. */
  readonly reason?: string | undefined;
}

/** What the tag is now; undefined where that is not known, free where nothing can be known and no step is asked for. */
export type Present = { readonly value: TagValue | undefined; readonly quality: number } | undefined | 'free';

/** Everything that can be said about a write before it goes over the wire; the raw value when it may. */
export function checkWrite(tag: Tag, value: unknown, by: WriteBy, present: Present): Result<TagValue, OmhError> {
  const name = tagKey(tag);
  const { guard } = tag;
  if (guard?.role !== undefined && by.mayActAs !== undefined && !by.mayActAs(guard.role))
    return fail(errors.ACQUISITION_ROLE({ tag: name, role: guard.role }));
  if (guard?.reason === true && (by.reason ?? '').trim() === '') return fail(errors.ACQUISITION_REASON_MISSING({ tag: name }));
  const raw = toRaw(tag, value);
  if (!raw.ok || guard === undefined) return raw;
  const places = present === 'free' || !Array.isArray(present?.value) ? undefined : (present.value as readonly TagValue[]);
  for (const [i, wanted] of numbersOf(tag, raw.value).entries()) {
    const unit = tag.unit === undefined ? '' : ` ${tag.unit}`;
    if (guard.min !== undefined && wanted < guard.min)
      return fail(errors.ACQUISITION_BELOW_LIMIT({ tag: name, value: wanted, bound: `${guard.min}${unit}` }));
    if (guard.max !== undefined && wanted > guard.max)
      return fail(errors.ACQUISITION_ABOVE_LIMIT({ tag: name, value: wanted, bound: `${guard.max}${unit}` }));
    if (guard.step === undefined || present === 'free') continue;
    const value = places === undefined ? present?.value : places[i];
    if ((typeof value !== 'number' && typeof value !== 'bigint') || !isGood(present!.quality))
      return fail(errors.ACQUISITION_STEP_UNKNOWN({ tag: name }));
    if (Math.abs(wanted - Number(value)) > guard.step + 1e-9)
      return fail(errors.ACQUISITION_STEP({ tag: name, value: wanted, step: `${guard.step}${unit}`, present: Number(value) }));
  }
  return raw;
}

/** The engineering values that a raw value stands for; none for text and bits. */
function numbersOf(tag: Tag, raw: TagValue): number[] {
  const list = Array.isArray(raw) ? (raw as readonly TagValue[]) : [raw];
  const conversion = conversionOf(tag);
  return list.flatMap((v) => (typeof v === 'number' || typeof v === 'bigint' ? [engineeringOf(Number(v), conversion)] : []));
}

/** Whether what was read back is what was written: exact, for float within what 32 bits hold. */
export function isWritten(tag: Tag, written: TagValue, found: TagValue | undefined): boolean {
  if (found === undefined) return false;
  if (Array.isArray(written)) {
    const list = found as readonly TagValue[];
    return (
      Array.isArray(found) && list.length === written.length && (written as readonly TagValue[]).every((v, i) => isWritten(tag, v, list[i]))
    );
  }
  if (written instanceof Uint8Array)
    return found instanceof Uint8Array && written.length === found.length && written.every((byte, i) => byte === found[i]);
  if (tag.type === 'float') return Math.fround(Number(written)) === Math.fround(Number(found));
  if (typeof written === 'boolean') return Number(written) === Number(found);
  return written === found;
}
