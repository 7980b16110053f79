import { formatDuration, type PartState, type QualityWord, type Reason } from '@omh/core';
import { heldReason, type Held } from './device-control.ts';

export interface DeviceFacts {
  readonly device: string;
  readonly groups: readonly { readonly name: string; readonly intervalMs: number; readonly paused: Held | undefined }[];
  /** False for a device that is only written to. */
  readonly readable: boolean;
  readonly paused: Held | undefined;
  readonly counts: Record<QualityWord, number>;
  /** Why a tag of the newest cycle that had one was not good. */
  readonly trouble: Reason | undefined;
}

/** State and sentence of a device while its link is up; they follow the tags: degraded as long as one of them is not good. */
export function sentenceOf({ device, groups, readable, paused, counts, trouble }: DeviceFacts): [PartState, Reason] {
  if (paused !== undefined) return ['degraded', heldReason(paused, 'Paused')];
  const total = counts.good + counts.uncertain + counts.bad;
  const params = { device, total, notGood: total - counts.good };
  if (counts.good === total || !readable) {
    const intervals = new Set(groups.map((g) => g.intervalMs));
    const every = intervals.size === 1 ? ` every ${formatDuration([...intervals][0]!)}` : '';
    return ['running', { code: 'DEVICE_READS', params, text: `Reads ${total} ${total === 1 ? 'tag' : 'tags'}${every}.` }];
  }
  const held = groups.find((g) => g.paused !== undefined);
  const text =
    counts.good === 0
      ? (trouble?.text ?? `Connected, but none of its ${total} tags is good now.`)
      : held !== undefined
        ? `${counts.good} of ${total} tags are good; group ${held.name} is paused by ${held.paused!.by}.`
        : `${counts.good} of ${total} tags are good; the others say why in Live values.`;
  return ['degraded', { code: 'DEVICE_DEGRADED', params, text }];
}
