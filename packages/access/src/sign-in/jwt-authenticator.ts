import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Cancel, Clock, Logger, Micros, Reason } from '@omh/core';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import { known, refused, unknown } from './authenticator.ts';
import { clientRules } from './client-rules.ts';
import { HttpCaller } from './http-call.ts';
import { JwksSource } from './jwks-source.ts';
import { claimsFault, isJwtAlgorithm, parseJwt, signatureFits } from './jwt.ts';
import type { Jwt, JwtExpectations, JwtKey } from './jwt.ts';
import { pemKey, secretKey } from './jwt-keys.ts';
import { ShortMemory } from './short-memory.ts';
import { vouch } from './vouched.ts';
import type { MqttGrant } from './vouched.ts';

export interface JwtOptions {
  readonly type: 'jwt';
  /** Where the client puts the token. */
  readonly from: 'password' | 'username';
  /** One of these four. */
  readonly secret?: string;
  readonly publicKey?: string;
  readonly jwksUrl?: string;
  /** A path. */
  readonly jwksFile?: string;
  /** The secret is written in base64. */
  readonly base64: boolean;
  /** Trusted for `jwksUrl`, PEM. */
  readonly ca?: string;
  readonly refreshMs: number;
  readonly timeoutMs: number;
  /** All that the keys allow when absent. */
  readonly algorithms?: readonly string[];
  readonly leewayMs: number;
  readonly requireExpiry: boolean;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  /** What claims must say; `${clientid}`, `${username}` and `${cert_common_name}` stand for the client that asks. */
  readonly claims: Readonly<Record<string, string>>;
  /** The claim that names the client. */
  readonly nameClaim: string;
  /** The claim with the client's rules. */
  readonly aclClaim: string;
  readonly disconnectAfterExpiry: boolean;
  /** For tokens without rules, and for topics that the rules are not about. */
  readonly grant?: MqttGrant;
}

const maxSetBytes = 262_144;
const rememberedTokens = 10_000;
const rememberedMs = 10 * 60_000;
/** Signatures checked for a token that names no key. */
const maxTries = 4;

/** Tokens that somebody else signed, as password or as user name. */
export class JwtAuthenticator implements Authenticator {
  readonly type = 'jwt';
  readonly #options: JwtOptions;
  readonly #clock: Clock;
  readonly #fixed: readonly JwtKey[];
  readonly #source: JwksSource | undefined;
  readonly #caller: HttpCaller | undefined;
  /** Signatures that were right, by digest of the token, with the keys of then: clients come back with the same token. */
  readonly #right: ShortMemory<readonly JwtKey[]>;

  /** Throws ACCESS_JWT_KEY when the secret or the public key cannot be used. */
  constructor(options: JwtOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#right = new ShortMemory(clock, rememberedTokens);
    const { secret, base64, publicKey, jwksUrl, jwksFile, refreshMs, timeoutMs, ca } = options;
    this.#fixed = secret !== undefined ? [secretKey(secret, base64)] : publicKey !== undefined ? [pemKey(publicKey)] : [];
    if (jwksUrl !== undefined) {
      const caller = (this.#caller = new HttpCaller(clock, { timeoutMs, maxBytes: maxSetBytes, connections: 1, ca }));
      const read = async (): Promise<string> => {
        const { status, body } = await caller.call({ url: jwksUrl, method: 'GET', headers: { accept: 'application/json' } });
        if (status !== 200) throw new Error(`it answers with status ${status}`);
        return body;
      };
      this.#source = new JwksSource({ where: jwksUrl, read, refreshMs, clock, log });
    } else if (jwksFile !== undefined) {
      const read = async (): Promise<string> => {
        try {
          return await readFile(jwksFile, 'utf8');
        } catch (cause) {
          throw new Error('the file cannot be read', { cause });
        }
      };
      this.#source = new JwksSource({ where: jwksFile, read, refreshMs, clock, log });
    }
  }
  start(): Cancel {
    const cancel = this.#source?.start();
    return () => {
      cancel?.();
      this.#caller?.close();
    };
  }
  trouble(): Reason | undefined {
    return this.#source?.trouble();
  }

  check(credentials: Credentials): Verdict | Promise<Verdict> {
    const text = this.#options.from === 'password' ? credentials.secret : credentials.username;
    const jwt = text === undefined ? undefined : parseJwt(text);
    if (jwt === undefined || !this.#mayUse(jwt)) return unknown;
    const source = this.#source;
    const keys = source?.keys ?? this.#fixed;
    const candidates = candidatesFor(jwt, keys);
    if (source !== undefined && candidates.length === 0) {
      const missing = source.missing();
      if (missing !== undefined) return missing.then(() => this.#decide(jwt, credentials, source.keys));
    }
    return this.#decide(jwt, credentials, keys);
  }
  #mayUse({ algorithm }: Jwt): boolean {
    const { algorithms } = this.#options;
    return algorithms === undefined || algorithms.filter(isJwtAlgorithm).includes(algorithm);
  }

  #decide(jwt: Jwt, credentials: Credentials, keys: readonly JwtKey[]): Verdict {
    if (keys.length === 0) return { is: 'unavailable', why: 'no keys for JWT are there' };
    // A signature by another key: perhaps the next authenticator knows the token.
    if (!this.#isSigned(jwt, keys)) return unknown;
    const { leewayMs, requireExpiry, issuer, audience, nameClaim, aclClaim, disconnectAfterExpiry, grant } = this.#options;
    const { claims } = jwt;
    const expected: JwtExpectations = {
      leewaySeconds: leewayMs / 1000,
      requireExpiry,
      issuer,
      audience,
      claims: this.#claimsOf(credentials),
    };
    const fault = claimsFault(claims, this.#clock.now() / 1e6, expected);
    if (fault !== undefined) return refused(fault);
    const rules = claims[aclClaim] === undefined ? undefined : clientRules(claims[aclClaim]);
    if (typeof rules === 'string') return refused(`in its claim ${aclClaim}, ${rules}`);
    const secretUsername = this.#options.from === 'username';
    const { clientId } = credentials;
    const username = secretUsername ? undefined : credentials.username;
    const name = claims[nameClaim];
    const named = typeof name === 'string' && name !== '' ? name : (username ?? clientId);
    // 2^53 µs is the year 2255: what ends later has no end.
    const end = claims.exp === undefined || !disconnectAfterExpiry ? Infinity : ((claims.exp as number) + expected.leewaySeconds) * 1e6;
    return known(
      vouch({
        by: 'jwt',
        name: named,
        clientId,
        username,
        secretUsername,
        grant: rules?.whole ? undefined : grant,
        rules: rules?.rules,
        expires: end <= Number.MAX_SAFE_INTEGER ? (Math.round(end) as Micros) : undefined,
      }),
    );
  }
  #isSigned(jwt: Jwt, keys: readonly JwtKey[]): boolean {
    const key = createHash('sha256').update(jwt.signed).update(jwt.signature).digest('base64');
    if (this.#right.get(key) === keys) return true;
    const right = candidatesFor(jwt, keys).some((one) => signatureFits(jwt, one));
    if (right) this.#right.keep(key, keys, rememberedMs);
    return right;
  }
  #claimsOf({ clientId, username, certificate }: Credentials): ReadonlyMap<string, string> {
    const values: Readonly<Record<string, string | undefined>> = {
      clientid: clientId,
      username,
      cert_common_name: certificate?.commonName,
    };
    return new Map(
      Object.entries(this.#options.claims).map(([claim, text]) => [
        claim,
        text.replaceAll(/\$\{(clientid|username|cert_common_name)\}/g, (_, name: string) => values[name] ?? ''),
      ]),
    );
  }
}

function candidatesFor({ kid, algorithm }: Jwt, keys: readonly JwtKey[]): readonly JwtKey[] {
  const able = keys.filter(({ algorithms }) => algorithms.includes(algorithm));
  if (kid === undefined) return able.slice(0, maxTries);
  return able.filter((key) => key.kid === kid || key.kid === undefined).slice(0, maxTries);
}
