import {
  carriesValue,
  msFromMicros,
  qualityReason,
  qualityWord,
  Quality,
  timeAt,
  valueAt,
  type GroupCycle,
  type QualityWord,
} from '@omh/core';
import { jsonValue } from './json-value.ts';
import { labelOf, put, type FormatOptions, type PayloadFormat } from './payload-format.ts';

/** Value, quality and time of one tag, as in the namespace. */
export interface Vqt {
  /** null where this cycle brought no value. */
  readonly v: unknown;
  readonly q: QualityWord;
  /** Milliseconds UTC: of the device where it gives one, else of the cycle. */
  readonly t: number;
  /** Why it is not good. */
  readonly r?: string;
  /** The word for the value, with the option `labels`. */
  readonly l?: string;
}
export interface VqtPayload {
  readonly timestamp: number;
  readonly node: string;
  readonly group: string;
  readonly tags: Readonly<Record<string, Vqt>>;
}

/** `alone`: the topic names the tag, so each message is one `{v,q,t,r?}`. Tags that are not good stay in unless errors are not reported. */
export const vqtFormat = ({ reportErrors, labels, staticTags }: FormatOptions, alone: boolean): PayloadFormat => ({
  contentType: 'application/json',
  encode(cycle: GroupCycle, from: number, to: number): Vqt | VqtPayload {
    if (alone) return vqtAt(cycle, from, labels);
    const timestamp = msFromMicros(cycle.batch.receiveTime);
    const tags: Record<string, Vqt> = {};
    for (let i = from; i < to; i++)
      if (reportErrors || carriesValue(cycle.batch.quality[i]!)) put(tags, cycle.tags[i]!.name, vqtAt(cycle, i, labels));
    for (const [name, v] of Object.entries(staticTags)) put(tags, name, { v, q: 'good', t: timestamp });
    return { timestamp, node: cycle.device, group: cycle.group, tags };
  },
});

function vqtAt({ tags, batch }: GroupCycle, i: number, labels: boolean): Vqt {
  const quality = batch.quality[i]!;
  const tag = tags[i]!;
  const found = valueAt(batch, i, tag);
  const v = found === undefined ? null : jsonValue(found, tag);
  const l = labels && found !== undefined ? labelOf(tag, v) : undefined;
  const r = quality === Quality.good ? undefined : (batch.reasons?.[i]?.text ?? sentence(quality));
  return {
    v,
    q: qualityWord(quality),
    t: msFromMicros(timeAt(batch, i)),
    ...(r === undefined ? {} : { r }),
    ...(l === undefined ? {} : { l }),
  };
}

function sentence(quality: number): string {
  const reason = qualityReason(quality);
  return `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
}
