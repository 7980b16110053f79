import { formatDuration, parseDurationMs } from '@omh/core';
import { countOf } from './count-of.ts';
import type { DeviceConfig, GroupConfig } from './hub-schema.ts';
import { same } from './same.ts';

type Block = Record<string, unknown>;
const maxNames = 100;

/** How a device is called, or a template that stands for many. */
export interface Words {
  readonly own: string;
  group(name: string): string;
  of(group: string): string;
  told(sentence: string): string;
  readonly link: string;
}

/** A device in the sentences of a plan. */
export const deviceWords = (name: string): Words => ({
  own: `device ${name}: `,
  group: (group) => `group ${name}/${group}`,
  of: (group) => `${name}/${group}`,
  told: (sentence) => sentence,
  link: `; device ${name} reconnects`,
});
/** A template, with the number of devices that follow it. */
export function templateWords(name: string, devices: number): Words {
  const before = `template ${name}: ${devices === 0 ? '' : `${countOf(devices, 'device')} ${devices === 1 ? 'changes' : 'change'}: `}`;
  return {
    own: before,
    group: (group) => `${before}group ${group}`,
    of: (group) => group,
    told: (sentence) => before + sentence,
    link: devices === 0 ? '' : devices === 1 ? ', it reconnects' : ', they reconnect',
  };
}

export const fieldsChanged = (a: Block, b: Block): string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => !same(a[key], b[key]));
export const firstOf = (names: readonly string[]): string[] => (names.length > maxNames ? [...names.slice(0, maxNames), '…'] : [...names]);
export const namesOf = (names: readonly string[]): string => (names.length <= 5 ? `: ${names.join(', ')}` : '');
export const sizeOf = (group: GroupConfig): Block => ({ interval: group.interval, tags: Object.keys(group.tags).length });
export const tagCount = (group: GroupConfig): string => countOf(Object.keys(group.tags).length, 'tag');
export const groupSizes = (device: DeviceConfig): Block =>
  Object.fromEntries(Object.entries(device.groups).map(([name, group]) => [name, sizeOf(group)]));
export const intervalText = (text: string): string => {
  const ms = parseDurationMs(text);
  return ms === undefined ? text : formatDuration(ms);
};
export function aboutDevice(device: DeviceConfig): string {
  const groups = Object.values(device.groups);
  const tags = groups.reduce((n, group) => n + Object.keys(group.tags).length, 0);
  return `${device.driver}, ${countOf(groups.length, 'group')}, ${countOf(tags, 'tag')}`;
}
export function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === undefined ? '' : text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
