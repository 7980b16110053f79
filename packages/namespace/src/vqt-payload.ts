import { carriesValue, qualityReason, qualityWord, timeAt, valueAt } from '@omh/core';
import type { Scalar, Tag, TagValue, ValueBatch } from '@omh/core';
import type { CurrentValue, CurrentValues } from './current-values.ts';

const noNumber = 'The value is not a number.';

/**
 * `{"v":…,"q":"good","t":<ms>,"r":"…"}`. `timeUs` is the value's own time. 64-bit integers beyond 2^53 are decimal text, bytes an array of
 * numbers, arrays arrays; what is not a number, and a bad value, is null. `r` stands there when `q` is not good.
 */
export function vqtPayload(value: TagValue | undefined, quality: number, timeUs: number, reason?: string): string {
  const t = Math.floor(timeUs / 1000);
  if (quality === 0 && typeof value === 'number' && Number.isFinite(value)) return `{"v":${value},"q":"good","t":${t}}`;
  const holes = typeof value === 'number' ? !Number.isFinite(value) : Array.isArray(value) && value.some(isHole);
  const text = value === undefined ? 'null' : json(value);
  const word = holes ? 'bad' : qualityWord(quality);
  const why = holes ? noNumber : word === 'good' ? undefined : (reason ?? sentence(quality));
  return why === undefined ? `{"v":${text},"q":"${word}","t":${t}}` : `{"v":${text},"q":"${word}","t":${t},"r":${JSON.stringify(why)}}`;
}

/** Row i of a cycle. A row without a value shows the last usable one with that one's time while it is uncertain, and null once it is bad. */
export function vqtOfRow(batch: ValueBatch, i: number, tag: Tag, values: CurrentValues): string {
  const quality = batch.quality[i]!;
  const reason = batch.reasons?.[i]?.text;
  if (carriesValue(quality)) return vqtPayload(valueAt(batch, i, tag), quality, timeAt(batch, i), reason);
  const last = qualityWord(quality) === 'uncertain' ? values.get(batch.ids[i]) : undefined;
  return last?.valueTime === undefined
    ? vqtPayload(undefined, quality, batch.receiveTime, reason)
    : vqtPayload(last.value, quality, last.valueTime, reason);
}

/** What a new subscriber gets. */
export const vqtOfLast = ({ value, valueTime, quality, qualityCode, since, reason }: CurrentValue): string =>
  quality === 'bad' || valueTime === undefined
    ? vqtPayload(undefined, qualityCode, since, reason)
    : vqtPayload(value, qualityCode, valueTime, reason);

const isHole = (value: Scalar): boolean => typeof value === 'number' && !Number.isFinite(value);

function json(value: TagValue): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'bigint':
      return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? String(value) : `"${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'string':
      return JSON.stringify(value);
    default:
      return value instanceof Uint8Array ? `[${value.join(',')}]` : `[${value.map(json).join(',')}]`;
  }
}

const sentence = (quality: number): string => {
  const reason = qualityReason(quality);
  return `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
};
