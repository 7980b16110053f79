import type { Clock, Micros } from '@omh/core';
import { AddressSet, isAddressOrBlock, plainAddress } from './address.ts';
import { errors } from './errors.ts';

export const banKinds = ['client', 'user', 'address'] as const;
export type BanKind = (typeof banKinds)[number];

/** Who may not connect. */
export interface Ban {
  readonly kind: BanKind;
  /** Client id or user name, where `*` stands for any characters, or an address or a block of them, `192.168.0.0/24`. */
  readonly value: string;
  readonly reason: string;
  /** Name of the person, or `flapping`. */
  readonly by: string;
  readonly at: Micros;
  /** Absent = until it is lifted. */
  readonly until?: Micros;
}
export type NewBan = Omit<Ban, 'at' | 'reason' | 'by'> & Partial<Pick<Ban, 'reason' | 'by'>>;

/** Where bans are kept: `Documents` of package storage, one document `broker-bans`. */
export interface BanStore {
  get<T>(name: string): T | undefined;
  put(name: string, value: unknown): void;
}

const document = 'broker-bans';
const maxBans = 10_000;
const maxLength = 1000;

/** Bans of client ids, user names and addresses; those with an end are gone after it. */
export class Bans {
  readonly #clock: Clock;
  readonly #store: BanStore | undefined;
  readonly #all = new Map<string, Ban>();
  /** Those with a `*`, by kind. */
  #patterns: Ban[] = [];
  #blocks: { readonly ban: Ban; readonly set: AddressSet }[] = [];
  /** All blocks of addresses in one: most addresses are in none. */
  #anyBlock: AddressSet | undefined;
  #soonest = Infinity;
  #unsaved = false;

  constructor(clock: Clock, store?: BanStore) {
    this.#clock = clock;
    this.#store = store;
  }
  get size(): number {
    return this.#all.size;
  }

  /** Takes what was kept. Throws what the store throws. */
  load(): void {
    this.#all.clear();
    for (const ban of this.#store?.get<Ban[]>(document) ?? []) this.#all.set(keyOf(ban.kind, ban.value), ban);
    this.#index();
  }
  /** The newest first. */
  list(): Ban[] {
    this.#expire();
    return [...this.#all.values()].sort((a, b) => b.at - a.at);
  }
  /** In place of an earlier ban of the same. Throws BROKER_BAN_INVALID, BROKER_BANS_FULL and what the store throws. */
  add(ban: NewBan): Ban {
    const added = this.#put(ban);
    this.#save();
    return added;
  }
  /** As `add`, kept on disk by the next `tick`: for the broker's own bans, which may come by the hundred. */
  addSoon(ban: NewBan): Ban {
    this.#unsaved = true;
    return this.#put(ban);
  }
  #put({ kind, value: given, reason = '', by = '', until }: NewBan): Ban {
    const value = kind === 'address' ? plainAddress(given) : given;
    if (value.length === 0 || value.length > maxLength)
      throw errors.BROKER_BAN_INVALID({ value, fault: `it has ${value.length} characters` });
    if (kind === 'address' && !isAddressOrBlock(value))
      throw errors.BROKER_BAN_INVALID({ value, fault: 'it is neither an IP address nor a block of them' });
    const key = keyOf(kind, value);
    if (!this.#all.has(key) && this.#all.size >= maxBans) throw errors.BROKER_BANS_FULL({ limit: maxBans });
    const ban: Ban = { kind, value, reason, by, at: this.#clock.now(), ...(until === undefined ? {} : { until }) };
    this.#all.set(key, ban);
    this.#soonest = Math.min(this.#soonest, until ?? Infinity);
    if (isMany(value)) this.#index();
    return ban;
  }
  /** False when there is no such ban. Throws what the store throws. */
  remove(kind: BanKind, value: string): boolean {
    if (!this.#all.delete(keyOf(kind, kind === 'address' ? plainAddress(value) : value))) return false;
    if (isMany(value)) this.#index();
    this.#save();
    return true;
  }

  /** The ban that keeps this client out. */
  find(clientId: string, username: string | undefined, address: string): Ban | undefined {
    if (this.#all.size === 0) return undefined;
    this.#expire();
    const exact = this.#all.get(keyOf('client', clientId)) ?? (username === undefined ? undefined : this.#all.get(keyOf('user', username)));
    if (exact !== undefined) return exact;
    const text = (ban: Ban): string | undefined => (ban.kind === 'client' ? clientId : username);
    return this.#patterns.find((ban) => text(ban) !== undefined && fits(ban.value, text(ban)!)) ?? this.findAddress(address);
  }
  findAddress(address: string): Ban | undefined {
    if (this.#all.size === 0) return undefined;
    this.#expire();
    const exact = this.#all.get(keyOf('address', address));
    if (exact !== undefined || this.#anyBlock?.has(address) !== true) return exact;
    return this.#blocks.find(({ set }) => set.has(address))?.ban;
  }

  /** Each second: what ended goes, what was not kept yet is. Throws what the store throws; the next call tries again. */
  tick(): void {
    this.#expire();
    if (this.#unsaved) this.#save();
  }
  #expire(): void {
    const now = this.#clock.now();
    if (now < this.#soonest) return;
    for (const [key, ban] of this.#all) if (ban.until !== undefined && ban.until <= now) this.#all.delete(key);
    this.#index();
    this.#unsaved = true;
  }
  #index(): void {
    const all = [...this.#all.values()];
    this.#soonest = all.reduce((soonest, { until = Infinity as Micros }) => Math.min(soonest, until), Infinity);
    this.#patterns = all.filter((ban) => ban.kind !== 'address' && ban.value.includes('*'));
    this.#blocks = all
      .filter((ban) => ban.kind === 'address' && ban.value.includes('/'))
      .map((ban) => ({ ban, set: new AddressSet([ban.value]) }));
    this.#anyBlock = this.#blocks.length === 0 ? undefined : new AddressSet(this.#blocks.map(({ ban }) => ban.value));
  }
  #save(): void {
    this.#unsaved = this.#store !== undefined;
    this.#store?.put(document, [...this.#all.values()]);
    this.#unsaved = false;
  }
}

/** Bans more than the one it names; those are looked at one by one. */
const isMany = (value: string): boolean => value.includes('*') || value.includes('/');
const keyOf = (kind: BanKind, value: string): string => `${kind} ${value}`;

/** Whether `*`, any characters, makes the pattern the text. */
export function fits(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts.shift()!;
  const last = parts.pop();
  if (last === undefined) return first === text;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
