import type { Clock } from '@omh/core';

export interface LockOutOptions {
  /** Wrong attempts that only count; each one after them waits. */
  readonly free: number;
  /** First wait, in ms; each further wrong attempt doubles it up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Without a wrong attempt for so long all is forgotten. */
  readonly forgetMs: number;
  /** Keys kept; the one longest without an attempt goes. */
  readonly capacity: number;
}
interface Tries {
  failures: number;
  lastMs: number;
  untilMs: number;
}

/**
 * Exponential back-off of wrong attempts by key. An attempt counts as wrong when it begins, so a thousand at once are as slow as one
 * after the other; the right one is taken back.
 */
export class LockOut {
  readonly #clock: Clock;
  readonly #options: LockOutOptions;
  /** In order of the last attempt. */
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock, options: LockOutOptions) {
    this.#clock = clock;
    this.#options = options;
  }
  /** How long this key still waits, in ms; 0 when it may try. */
  waitMs(key: string): number {
    const tries = this.#tries.get(key);
    return tries === undefined ? 0 : Math.max(0, tries.untilMs - this.#clock.monotonicMs());
  }
  begin(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    const { free, firstMs, maxMs, forgetMs, capacity } = this.#options;
    let tries = this.#tries.get(key);
    this.#tries.delete(key);
    if (tries === undefined || nowMs - tries.lastMs > forgetMs) tries = { failures: 0, lastMs: 0, untilMs: 0 };
    tries.failures++;
    tries.lastMs = nowMs;
    if (tries.failures >= free) tries.untilMs = nowMs + Math.min(maxMs, firstMs * 2 ** Math.min(30, tries.failures - free));
    if (this.#tries.size >= capacity) this.#tries.delete(this.#tries.keys().next().value!);
    this.#tries.set(key, tries);
  }
  /** The attempt was right, or was no attempt after all: it does not count, what was wrong before it does. */
  takeBack(key: string): void {
    const tries = this.#tries.get(key);
    if (tries === undefined) return;
    tries.failures--;
    tries.untilMs = 0;
    if (tries.failures <= 0) this.#tries.delete(key);
  }
  forget(key: string): void {
    this.#tries.delete(key);
  }
}

const minute = 60_000;
const waits = { firstMs: 10_000, maxMs: 15 * minute, forgetMs: 60 * minute, capacity: 10_000 };

/**
 * The doors of password sign-in: five wrong attempts on a person, twenty from an address (a whole plant may stand behind one), then
 * waits. Unknown names behave as known ones do, and have their own room so that they push nobody out.
 */
export class LoginDoors {
  readonly #people: LockOut;
  readonly #strangers: LockOut;
  readonly #addresses: LockOut;

  constructor(clock: Clock) {
    this.#people = new LockOut(clock, { ...waits, free: 5 });
    this.#strangers = new LockOut(clock, { ...waits, free: 5 });
    this.#addresses = new LockOut(clock, { ...waits, free: 20 });
  }
  waitMs(name: string, known: boolean, address: string): number {
    return Math.max(this.#of(known).waitMs(name), this.#addresses.waitMs(neighbourhood(address)));
  }
  begin(name: string, known: boolean, address: string): void {
    this.#of(known).begin(name);
    this.#addresses.begin(neighbourhood(address));
  }
  right(name: string, address: string): void {
    this.#people.forget(name);
    this.#addresses.takeBack(neighbourhood(address));
  }
  /** The password was never looked at. */
  takeBack(name: string, known: boolean, address: string): void {
    this.#of(known).takeBack(name);
    this.#addresses.takeBack(neighbourhood(address));
  }
  /** A person got a new password, so what was tried on the old one is over. */
  forget(name: string): void {
    this.#people.forget(name);
  }
  #of(known: boolean): LockOut {
    return known ? this.#people : this.#strangers;
  }
}

/** One machine owns a whole IPv6 /64, so that counts as one address. */
export function neighbourhood(address: string): string {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.toLowerCase().split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...new Array<string>(zeros).fill('0'), ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
