import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@omh/core';
import type { Access } from '../access.ts';
import { deviceScramIterations } from '../device-credentials.ts';
import { parseScram, prepared, scramIterations } from '../passwords.ts';
import type { ScramVerifier } from '../passwords.ts';
import { restrictionOf } from '../people.ts';

export const scramMethod = 'SCRAM-SHA-256';
const maxMessage = 2048;
const maxName = 255;

/** What one message came to. `data` of `accepted` is the server's own proof, for the client. */
export type ScramStep =
  | { readonly is: 'challenge'; readonly data: Buffer }
  | { readonly is: 'accepted'; readonly principal: Principal; readonly username: string; readonly data: Buffer }
  | { readonly is: 'refused' | 'busy' };

/** Whose verifiers are asked. */
export interface ScramStores {
  readonly people: boolean;
  readonly devices: boolean;
}
interface Account {
  readonly verifier: ScramVerifier;
  /** undefined: nobody has the name, and every proof is wrong. */
  readonly kind: 'person' | 'device' | undefined;
}

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding. Unknown names get a salt that is always the same and a proof that never
 * fits, so that an exchange tells as little about a name as a wrong password does.
 */
export class ScramServer {
  readonly #access: Access;
  readonly #stores: ScramStores;
  readonly #fakes = randomBytes(32);
  readonly #nonce: () => string;

  /** `nonce`: the server's part, for tests with known exchanges. */
  constructor(access: Access, stores: ScramStores, nonce: () => string = () => randomBytes(18).toString('base64')) {
    this.#access = access;
    this.#stores = stores;
    this.#nonce = nonce;
  }
  /** `username`: the one in CONNECT, if any; the name that is proven must be the same. */
  begin(username: string | undefined, address: string): ScramExchange {
    return new ScramExchange(this, username, address, this.#nonce());
  }

  account(name: string): Account {
    const { people, devices } = this.#access;
    const { people: askPeople, devices: askDevices } = this.#stores;
    const device = askDevices ? devices.scram(name) : undefined;
    const person = askPeople && devices.get(name) === undefined ? people.verifiers(name)?.scram : undefined;
    const verifier = parseScram(device ?? person ?? '');
    if (verifier !== undefined) return { verifier, kind: device === undefined ? 'person' : 'device' };
    return { verifier: this.#fake(name), kind: undefined };
  }
  /** Whether the proof counts; wrong ones lock people and strangers out, as wrong passwords do. Throws ACCESS_LOGIN_LOCKED. */
  proves(name: string, { kind }: Account, address: string, fits: () => boolean): boolean {
    return kind === 'device' ? fits() : this.#access.byProof(name, address, () => fits() && kind !== undefined);
  }
  principal(name: string, kind: Account['kind']): Principal | undefined {
    if (kind === 'device') return this.#access.devices.principal(name);
    const person = this.#access.people.principal(name);
    return person !== undefined && restrictionOf(person) === undefined ? person : undefined;
  }
  #fake(name: string): ScramVerifier {
    const made = (word: string): Buffer => createHmac('sha256', this.#fakes).update(`${word} ${name}`).digest();
    const { people, devices } = this.#stores;
    const asDevice = devices && (!people || made('kind')[0]! < 128);
    return {
      iterations: asDevice ? deviceScramIterations : scramIterations,
      salt: made('salt').subarray(0, 16),
      storedKey: made('stored'),
      serverKey: made('server'),
    };
  }
}

/** One run of the exchange: two messages of the client, each answered once. */
export class ScramExchange {
  readonly #server: ScramServer;
  readonly #username: string | undefined;
  readonly #address: string;
  readonly #serverNonce: string;
  #sent:
    | { readonly name: string; readonly header: string; readonly first: string; readonly nonce: string; readonly challenge: string }
    | undefined;
  #over = false;

  constructor(server: ScramServer, username: string | undefined, address: string, serverNonce: string) {
    this.#server = server;
    this.#username = username?.trim().toLowerCase();
    this.#address = address;
    this.#serverNonce = serverNonce;
  }

  /** Never throws; after `accepted`, `refused` or `busy` every message is refused. */
  step(message: Uint8Array): ScramStep {
    if (this.#over) return { is: 'refused' };
    const text = message.length > maxMessage ? undefined : utf8(message);
    const answer: ScramStep = text === undefined ? { is: 'refused' } : this.#sent === undefined ? this.#first(text) : this.#final(text);
    this.#over = answer.is !== 'challenge';
    return answer;
  }

  /** `n,,n=user,r=nonce` (RFC 5802, 7). */
  #first(text: string): ScramStep {
    const match = /^([ny]),(?:a=([^,]*))?,(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]{8,512})(?:,[^m\0][^\0]*)?)$/s.exec(text);
    if (match === null) return { is: 'refused' };
    const [, flag, authorized, bare, user, clientNonce] = match as unknown as [string, string, string | undefined, string, string, string];
    const name = nameOf(user);
    if (name === undefined || (authorized !== undefined && nameOf(authorized) !== name)) return { is: 'refused' };
    const nonce = clientNonce + this.#serverNonce;
    const { verifier } = this.#server.account(name);
    const challenge = `r=${nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
    const header = `${flag},${authorized === undefined ? '' : `a=${authorized}`},`;
    this.#sent = { name, header, first: bare, nonce, challenge };
    return { is: 'challenge', data: Buffer.from(challenge) };
  }

  /** `c=biws,r=nonce,p=proof`. */
  #final(text: string): ScramStep {
    const { name, header, first, nonce, challenge } = this.#sent!;
    const match = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^p\0][^\0]*)?),p=([A-Za-z0-9+/]{43}=)$/s.exec(text);
    if (match === null) return { is: 'refused' };
    const [, bare, binding, answered, proof] = match as unknown as [string, string, string, string, string];
    if (binding !== Buffer.from(header).toString('base64') || answered !== nonce) return { is: 'refused' };
    // Looked up again: the password may be another one by now, and then the proof is wrong.
    const account = this.#server.account(name);
    const { storedKey, serverKey } = account.verifier;
    const all = `${first},${challenge},${bare}`;
    const hmac = (key: Buffer): Buffer => createHmac('sha256', key).update(all).digest();
    const fits = (): boolean => {
      const mask = hmac(storedKey);
      const clientKey = Buffer.from(proof, 'base64').map((byte, i) => byte ^ mask[i]!);
      return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey);
    };
    let right: boolean;
    try {
      right = this.#server.proves(name, account, this.#address, fits);
    } catch {
      return { is: 'busy' };
    }
    const principal = right ? this.#server.principal(name, account.kind) : undefined;
    if (principal === undefined || (this.#username !== undefined && this.#username !== name)) return { is: 'refused' };
    return { is: 'accepted', principal, username: name, data: Buffer.from(`v=${hmac(serverKey).toString('base64')}`) };
  }
}

/** `=2C` is a comma and `=3D` an equals sign; any other `=` is an error (RFC 5802, 5.1). House names are lower-case. */
function nameOf(text: string): string | undefined {
  if (text.length > maxName * 3 || /=(?!2C|3D)/.test(text)) return undefined;
  const name = prepared(text.replaceAll('=2C', ',').replaceAll('=3D', '=')).trim().toLowerCase();
  return name === '' || name.length > maxName ? undefined : name;
}
function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
