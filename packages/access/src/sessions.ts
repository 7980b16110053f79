import type { Clock, Micros } from '@omh/core';
import { digestHex, randomId } from './secret.ts';
import type { Role } from './verbs.ts';

/** Who a session or a code stands for: a person, the bearer of a role's sign-in link, or whoever makes the first administrator. */
export type Holder =
  | { readonly kind: 'person'; readonly name: string }
  | { readonly kind: 'link'; readonly role: Role }
  | { readonly kind: 'first' };

/** Where a request comes from, as it is shown in the list of sessions. */
export interface Origin {
  readonly address: string;
  readonly userAgent?: string;
}

/** A session as it is shown; `id` is no secret. */
export interface SessionInfo {
  readonly id: string;
  readonly holder: Holder;
  readonly since: Micros;
  readonly lastUse: Micros;
  readonly address: string;
  readonly userAgent: string;
}
interface Session extends SessionInfo {
  lastUse: Micros;
  address: string;
  userAgent: string;
  deadlineMs: number;
  readonly endMs: number;
}

const idleMs = 12 * 3_600_000;
const longestMs = 30 * 86_400_000;
const maxSessions = 10_000;
const maxPerHolder = 100;

/**
 * Open sessions by the digest of their secret, in memory: a restart ends them. Life times run on the monotonic clock, so a step of the
 * wall clock neither prolongs nor ends a session: 12 hours without use, 30 days in all.
 */
export class Sessions {
  readonly #clock: Clock;
  /** In order of last use: the first is the one that goes when there are too many. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  get size(): number {
    return this.#sessions.size;
  }

  open(holder: Holder, origin: Origin | undefined): { id: string; secret: string; expires: Micros } {
    const nowMs = this.#clock.monotonicMs();
    if (this.#sessions.size >= maxSessions) this.#dropExpired();
    if (this.#sessions.size >= maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    if (holder.kind === 'person') this.#limit(holder.name);
    const [id, secret] = [randomId(9), randomId(32)];
    const now = this.#clock.now();
    this.#sessions.set(digestHex(secret), {
      id,
      holder,
      since: now,
      lastUse: now,
      address: (origin?.address ?? '').slice(0, 100),
      userAgent: (origin?.userAgent ?? '').slice(0, 200),
      deadlineMs: nowMs + idleMs,
      endMs: nowMs + longestMs,
    });
    return { id, secret, expires: (now + idleMs * 1000) as Micros };
  }

  /** Using a session gives it another 12 hours. */
  use(secret: string, origin?: Origin): SessionInfo | undefined {
    const key = digestHex(secret);
    const found = this.#sessions.get(key);
    if (found === undefined) return undefined;
    this.#sessions.delete(key);
    const nowMs = this.#clock.monotonicMs();
    if (found.deadlineMs <= nowMs) return undefined;
    found.deadlineMs = Math.min(found.endMs, nowMs + idleMs);
    found.lastUse = this.#clock.now();
    if (origin !== undefined) {
      found.address = origin.address.slice(0, 100);
      found.userAgent = (origin.userAgent ?? '').slice(0, 200);
    }
    this.#sessions.set(key, found);
    return found;
  }
  /** Looks without using. */
  find(secret: string): SessionInfo | undefined {
    const found = this.#sessions.get(digestHex(secret));
    return found !== undefined && found.deadlineMs > this.#clock.monotonicMs() ? found : undefined;
  }
  end(secret: string): void {
    this.#sessions.delete(digestHex(secret));
  }
  /** Ends those that match and says how many they were. */
  endWhere(match: (session: SessionInfo) => boolean): number {
    let ended = 0;
    for (const [key, session] of this.#sessions) if (match(session) && this.#sessions.delete(key)) ended++;
    return ended;
  }
  /** The latest used first. */
  list(): SessionInfo[] {
    this.#dropExpired();
    return [...this.#sessions.values()].reverse();
  }

  #limit(name: string): void {
    let count = 0;
    let oldest: string | undefined;
    for (const [key, { holder }] of this.#sessions) {
      if (holder.kind !== 'person' || holder.name !== name) continue;
      oldest ??= key;
      count++;
    }
    if (count >= maxPerHolder && oldest !== undefined) this.#sessions.delete(oldest);
  }
  #dropExpired(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { deadlineMs }] of this.#sessions) if (deadlineMs <= nowMs) this.#sessions.delete(key);
  }
}
