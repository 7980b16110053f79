import { parseRfc3339, rfc3339 } from '@omh/core';
import type { Clock, Principal } from '@omh/core';
import { checkPermissions, demandGrant, mayGrant } from './allows.ts';
import { errors } from './errors.ts';
import { checkName } from './names.ts';
import { Records } from './records.ts';
import { createToken, digestHex, randomId } from './secret.ts';
import type { DocumentStore } from './stores.ts';

interface TokenRecord {
  readonly name: string;
  /** A person, or `hub` for tokens made with the hub's own keys. */
  readonly owner: string;
  readonly permissions: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  readonly expires?: string;
  /** Day of the last use, UTC: `2026-11-23`. */
  readonly lastUsed?: string;
  readonly sha256: string;
}
/** A token without what is kept of its secret. */
export type TokenInfo = Omit<TokenRecord, 'sha256'> & { readonly id: string };
export interface NewToken {
  readonly name: string;
  readonly permissions: readonly string[];
  /** RFC 3339; absent: until it is revoked. */
  readonly expires?: string;
}

const maxTokens = 1000;

/** API tokens, in the document `tokens`. A token may do what it was given as far as its owner may do it now, and ends with its owner. */
export class Tokens {
  readonly #clock: Clock;
  readonly #records: Records<TokenRecord>;
  readonly #owner: (name: string) => Principal | undefined;
  readonly #byDigest = new Map<string, string>();
  readonly #principals = new Map<string, { readonly record: TokenRecord; readonly owner: Principal; readonly principal: Principal }>();
  readonly #usedOn = new Map<string, string>();

  /** `owner`: what a person may do at most; undefined when there is none. */
  constructor(clock: Clock, store: DocumentStore | undefined, owner: (name: string) => Principal | undefined) {
    this.#clock = clock;
    this.#records = new Records(store, 'tokens');
    this.#owner = owner;
    for (const [id, { sha256 }] of this.#records.entries()) this.#byDigest.set(sha256, id);
  }
  /** In order of owner and name. */
  list(): TokenInfo[] {
    return [...this.#records.entries()]
      .map(([id, record]) => this.#info(id, record))
      .sort((a, b) => (`${a.owner} ${a.name}` < `${b.owner} ${b.name}` ? -1 : 1));
  }
  get(id: string): TokenInfo | undefined {
    const record = this.#records.get(id);
    return record && this.#info(id, record);
  }
  /** Who a token is now, called `owner/name`; undefined when unknown, expired or without its owner. Using it notes the day. */
  byToken(token: string): Principal | undefined {
    const id = this.#byDigest.get(digestHex(token));
    const principal = id === undefined ? undefined : this.#principal(id);
    if (principal !== undefined) this.#usedOn.set(id!, rfc3339(this.#clock.now()).slice(0, 10));
    return principal;
  }
  /** The token whose principal has this name. */
  byName(principalName: string): { readonly info: TokenInfo; readonly principal: Principal } | undefined {
    for (const [id, record] of this.#records.entries()) {
      if (`${record.owner}/${record.name}` !== principalName) continue;
      const principal = this.#principal(id);
      return principal && { info: this.#info(id, record), principal };
    }
    return undefined;
  }

  /** The secret is told here and never again. `owner` and `latest` (when the maker's own credential ends) come from who makes it. */
  create(maker: Principal, owner: string, token: NewToken, latest: string | undefined): { info: TokenInfo; secret: string } {
    checkName('token', token.name);
    checkPermissions(token.permissions);
    demandGrant(maker, token.permissions);
    if (this.#records.size >= maxTokens) throw errors.ACCESS_FULL({ count: this.#records.size, kind: 'tokens' });
    for (const other of this.#records.values())
      if (other.owner === owner && other.name === token.name) throw errors.ACCESS_NAME_TAKEN({ kind: 'token', name: token.name });
    const expires = this.#expiry(token.expires, latest);
    const [id, secret] = [randomId(9), createToken()];
    const record: TokenRecord = {
      name: token.name,
      owner,
      permissions: [...new Set(token.permissions)],
      created: rfc3339(this.#clock.now()),
      ...(expires === undefined ? {} : { expires }),
      sha256: digestHex(secret),
    };
    this.#records.put(id, record);
    this.#byDigest.set(record.sha256, id);
    return { info: this.#info(id, record), secret };
  }
  delete(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) throw errors.ACCESS_UNKNOWN({ kind: 'token', name: id.slice(0, 100) });
    this.#records.delete(id);
    this.#forget(id, record);
  }
  deleteOf(owner: string): void {
    const gone = [...this.#records.entries()].filter(([, record]) => record.owner === owner);
    if (gone.length === 0) return;
    this.#records.replace([...this.#records.entries()].filter(([, record]) => record.owner !== owner));
    for (const [id, record] of gone) this.#forget(id, record);
  }
  /** Writes the days of use that the document does not have yet. */
  keepUse(): void {
    const due = [...this.#usedOn].some(([id, day]) => this.#records.get(id)?.lastUsed !== day);
    if (!due) return;
    this.#records.replace([...this.#records.entries()].map(([id, record]) => [id, this.#withUse(id, record)]));
  }

  #principal(id: string): Principal | undefined {
    const record = this.#records.get(id)!;
    const owner = this.#owner(record.owner);
    if (owner === undefined) return undefined;
    if (record.expires !== undefined && parseRfc3339(record.expires)! <= this.#clock.now()) return undefined;
    const kept = this.#principals.get(id);
    if (kept?.owner === owner && kept.record.sha256 === record.sha256) return kept.principal;
    const permissions = record.permissions.filter((permission) => mayGrant(owner, permission));
    const principal: Principal = { kind: 'token', name: `${record.owner}/${record.name}`, permissions };
    this.#principals.set(id, { record, owner, principal });
    return principal;
  }
  #expiry(wanted: string | undefined, latest: string | undefined): string | undefined {
    if (wanted === undefined) {
      if (latest !== undefined) throw errors.ACCESS_TOKEN_OUTLIVES({ expires: latest });
      return undefined;
    }
    const at = parseRfc3339(wanted);
    if (at === undefined || at <= this.#clock.now()) throw errors.ACCESS_EXPIRY_INVALID({ expires: wanted.slice(0, 50) });
    if (latest !== undefined && at > parseRfc3339(latest)!) throw errors.ACCESS_TOKEN_OUTLIVES({ expires: latest });
    return rfc3339(at);
  }
  #forget(id: string, record: TokenRecord): void {
    this.#byDigest.delete(record.sha256);
    this.#principals.delete(id);
    this.#usedOn.delete(id);
  }
  #withUse(id: string, record: TokenRecord): TokenRecord {
    const day = this.#usedOn.get(id);
    return day === undefined ? record : { ...record, lastUsed: day };
  }
  #info(id: string, record: TokenRecord): TokenInfo {
    const { sha256: _, ...rest } = this.#withUse(id, record);
    return { id, ...rest };
  }
}
