import { msFromMicros, type GroupCycle } from '@omh/core';
import { itemAt, type FormatOptions, type PayloadFormat, type TagItem } from './payload-format.ts';

/** Neuron's `tags` object: one entry per tag with its value or its code; static tags come last. */
export interface TagsPayload {
  readonly timestamp: number;
  readonly node: string;
  readonly group: string;
  readonly tags: readonly TagItem[];
}

export const tagsFormat = ({ reportErrors, labels, staticTags }: FormatOptions): PayloadFormat => {
  const constants: TagItem[] = Object.entries(staticTags).map(([name, value]) => ({ name, value }));
  return {
    contentType: 'application/json',
    encode(cycle: GroupCycle, from: number, to: number): TagsPayload {
      const tags: TagItem[] = [];
      for (let i = from; i < to; i++) {
        const item = itemAt(cycle, i, labels);
        if (reportErrors || !('error' in item)) tags.push(item);
      }
      tags.push(...constants);
      return { timestamp: msFromMicros(cycle.batch.receiveTime), node: cycle.device, group: cycle.group, tags };
    },
  };
};
