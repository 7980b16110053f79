import { nameFault } from '../names.ts';
import type { TagConfig } from '../tag-schema.ts';

export const tagFormats = ['csv', 'xlsx', 'neuron', 'kepware', 'telegraf', 'thingsboard'] as const;
export type TagFormat = (typeof tagFormats)[number];

/** A place in a file that is imported; `line` and `column` count from 1 and are absent where a file has no lines a person knows. */
export interface Where {
  /** `line 5, column 3`, `cell C5` or `slaves[0].timeseries[2]`. */
  readonly text: string;
  readonly line?: number;
  readonly column?: number;
}

/** One tag as a file says it; what the file does not say is undefined. */
export interface ReadTag {
  readonly device: string | undefined;
  readonly group: string | undefined;
  readonly name: string;
  readonly tag: Partial<TagConfig>;
  /** Interval of its group. */
  readonly interval: string | undefined;
  /** A row from 1, or a path in the file. */
  readonly at: number | string;
}
/** Something of the file that has no counterpart here. */
export interface NotMapped {
  readonly where: Where;
  readonly what: string;
  readonly why: string;
}
export interface ReadDevice {
  readonly driver: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What a file of tags says, in the words of a hub file. */
export interface TagsRead {
  readonly format: TagFormat;
  readonly tags: readonly ReadTag[];
  /** Links that the file describes; empty for tables of tags. */
  readonly devices: ReadonlyMap<string, ReadDevice>;
  readonly notMapped: readonly NotMapped[];
  locate(tag: ReadTag, field?: string): Where;
}

/** How addresses are counted where a foreign file counts from 0. */
export interface ReadContext {
  /** The device that tags without one belong to. */
  readonly device?: string | undefined;
  readonly group?: string | undefined;
  /** What the hub knows of a device by this name. */
  settingsOf(device: string | undefined): { readonly driver: string; readonly settings: Readonly<Record<string, unknown>> } | undefined;
}

/** Most tags of one file: so many fit into the memory of a small machine twice. */
export const maxTags = 250_000;
const maxNotMapped = 1000;

/** Collects what a reader finds. */
export class TagCollector {
  readonly tags: ReadTag[] = [];
  readonly devices = new Map<string, ReadDevice>();
  readonly #notMapped: NotMapped[] = [];
  #more = 0;

  get full(): boolean {
    return this.tags.length >= maxTags;
  }
  add(tag: ReadTag): void {
    this.tags.push(tag);
  }
  /** A foreign name as one that can be a topic level; a change is told. */
  name(text: string, where: Where): string {
    if (nameFault(text) === undefined) return text;
    const name =
      text
        .replace(/[^\p{L}\p{M}\p{N}_ .:()%-]/gu, '_')
        .slice(0, 128)
        .replace(/^[^\p{L}\p{N}_]+/u, '')
        .replace(/[^\p{L}\p{M}\p{N}_)%]+$/u, '') || '_';
    this.skip(where, `the name "${short(text)}"`, `it is imported as "${short(name)}": a name is a topic level`);
    return name;
  }
  skip(where: Where, what: string, why: string): void {
    if (this.#notMapped.length < maxNotMapped) this.#notMapped.push({ where, what, why });
    else this.#more++;
  }
  /** Properties of a block that no reader took. */
  rest(block: Readonly<Record<string, unknown>>, known: readonly string[], where: Where, why: string): void {
    const names = Object.keys(block).filter((key) => !known.includes(key) && isSaid(block[key]));
    if (names.length > 0) this.skip(where, names.join(', '), why);
  }
  notMapped(): NotMapped[] {
    if (this.#more === 0) return this.#notMapped;
    return [...this.#notMapped, { where: { text: 'the file' }, what: `${this.#more} more`, why: 'there are more than can be listed' }];
  }
}

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
export const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

export type Block = Record<string, unknown>;
export const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
export const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
/** A number that JSON, TOML or a cell spells as one. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
/** Only what is defined. */
export const said = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
/** A factor of 1 or none says nothing. */
export const factorOf = (value: unknown): number | undefined => {
  const number = numberOf(value);
  return number === undefined || number === 0 || number === 1 ? undefined : number;
};
