import { isScaled, msFromMicros, type GroupCycle, type Tag } from '@omh/core';
import { itemAt, type FormatOptions, type PayloadFormat } from './payload-format.ts';

/** 1 bool, 2 integer, 3 float, 4 string. */
export type EcpType = 1 | 2 | 3 | 4;
export interface EcpPayload {
  readonly timestamp: number;
  readonly node: string;
  readonly group: string;
  readonly tags: readonly { readonly name: string; readonly value: unknown; readonly type: EcpType; readonly label?: string }[];
}

/** Neuron's format for EMQ's ECP: `tags` with a type number; tags without a value are left out. Arrays carry the type of their elements. */
export const ecpFormat = ({ labels, staticTags }: FormatOptions): PayloadFormat => {
  const constants = Object.entries(staticTags).map(([name, value]) => ({ name, value, type: typeOf(value) }));
  return {
    contentType: 'application/json',
    encode(cycle: GroupCycle, from: number, to: number): EcpPayload {
      const tags: EcpPayload['tags'][number][] = [];
      for (let i = from; i < to; i++) {
        const item = itemAt(cycle, i, labels);
        if ('error' in item) continue;
        const { name, value, label } = item;
        const type = declaredType(cycle.tags[i]!, value);
        tags.push(label === undefined ? { name, value, type } : { name, value, type, label });
      }
      tags.push(...constants);
      return { timestamp: msFromMicros(cycle.batch.receiveTime), node: cycle.device, group: cycle.group, tags };
    },
  };
};

/** By the type of the tag: a float that happens to be whole stays one. 64-bit integers that travel as text are told as text. */
function declaredType(tag: Tag, value: unknown): EcpType {
  if (typeof value === 'number' && (tag.type === 'float' || tag.type === 'double' || isScaled(tag))) return 3;
  return typeOf(Array.isArray(value) ? value[0] : value);
}
const typeOf = (value: unknown): EcpType =>
  typeof value === 'boolean' ? 1 : typeof value === 'number' ? (Number.isInteger(value) ? 2 : 3) : value === null ? 3 : 4;
