import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, Micros, Principal } from '@omh/core';
import { errors } from './errors.ts';
import { roles } from './verbs.ts';
import type { Role } from './verbs.ts';

export const adminTokenLength = 24;
const codeLifeMs = 10 * 60_000;
const sessionLifeMs = 12 * 3_600_000;
const maxCodes = 1000;
const maxSessions = 10_000;

interface Code {
  readonly role: Role;
  readonly deadlineMs: number;
}
interface Session {
  readonly principal: Principal;
  deadlineMs: number;
}

/** A new API token, 256 bit: `omh_` and 43 base64url characters. */
export const createToken = (): string => `omh_${randomBytes(32).toString('base64url')}`;

/**
 * Who is behind a token, a sign-in code or a session cookie. Keeps only SHA-256 digests; life times run on the monotonic clock,
 * so a step of the wall clock neither prolongs nor ends a session.
 */
export class Access {
  readonly #clock: Clock;
  readonly #admins: readonly Buffer[];
  readonly #codes = new Map<string, Code>();
  /** In order of last use: the first is the one that goes when there are too many. */
  readonly #sessions = new Map<string, Session>();

  /** Throws ACCESS_TOKEN_SHORT when a token has fewer than 24 characters. */
  constructor(options: { readonly clock: Clock; readonly adminTokens: readonly string[] }) {
    this.#clock = options.clock;
    for (const token of options.adminTokens) {
      if (token.length < adminTokenLength) throw errors.ACCESS_TOKEN_SHORT({ length: token.length, needed: adminTokenLength });
    }
    this.#admins = options.adminTokens.map(digest);
  }

  byToken(token: string): Principal | undefined {
    const asked = digest(token);
    let found = false;
    for (const admin of this.#admins) found = timingSafeEqual(admin, asked) || found;
    return found ? { kind: 'token', name: 'admin-token', permissions: roles.admin } : undefined;
  }

  /** A code for one sign-in, 192 bit, valid for `ttlMs` (10 minutes). Throws ACCESS_TOO_MANY_CODES when 1,000 wait. */
  createSignInCode(role: Role = 'admin', ttlMs: number = codeLifeMs): string {
    this.#dropExpired(this.#codes);
    if (this.#codes.size >= maxCodes) throw errors.ACCESS_TOO_MANY_CODES({ count: this.#codes.size });
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(digest(code).toString('hex'), { role, deadlineMs: this.#clock.monotonicMs() + ttlMs });
    return code;
  }

  /** Turns a code into a session, once; undefined when the code is unknown, used or expired. `expires` moves on with each use. */
  redeem(code: string): { session: string; principal: Principal; expires: Micros } | undefined {
    const key = digest(code).toString('hex');
    const found = this.#codes.get(key);
    this.#codes.delete(key);
    const nowMs = this.#clock.monotonicMs();
    if (found === undefined || found.deadlineMs <= nowMs) return undefined;
    if (this.#sessions.size >= maxSessions) this.#dropExpired(this.#sessions);
    if (this.#sessions.size >= maxSessions) this.#sessions.delete(this.#sessions.keys().next().value!);
    const session = randomBytes(32).toString('base64url');
    const principal: Principal = { kind: 'person', name: found.role, permissions: roles[found.role] };
    this.#sessions.set(digest(session).toString('hex'), { principal, deadlineMs: nowMs + sessionLifeMs });
    return { session, principal, expires: (this.#clock.now() + sessionLifeMs * 1000) as Micros };
  }

  /** Who holds this session; using it gives it another 12 hours. */
  bySession(session: string): Principal | undefined {
    const key = digest(session).toString('hex');
    const found = this.#sessions.get(key);
    if (found === undefined) return undefined;
    this.#sessions.delete(key);
    const nowMs = this.#clock.monotonicMs();
    if (found.deadlineMs <= nowMs) return undefined;
    found.deadlineMs = nowMs + sessionLifeMs;
    this.#sessions.set(key, found);
    return found.principal;
  }

  endSession(session: string): void {
    this.#sessions.delete(digest(session).toString('hex'));
  }

  #dropExpired(map: Map<string, { readonly deadlineMs: number }>): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { deadlineMs }] of map) if (deadlineMs <= nowMs) map.delete(key);
  }
}

const digest = (secret: string): Buffer => createHash('sha256').update(secret, 'utf8').digest();
