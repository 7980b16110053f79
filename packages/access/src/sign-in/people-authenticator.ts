import { createHmac, randomBytes } from 'node:crypto';
import { OmhError } from '@omh/core';
import type { Clock } from '@omh/core';
import type { Access } from '../access.ts';
import { errors } from '../errors.ts';
import { maxPasswordLength } from '../password-rules.ts';
import { restrictionOf } from '../people.ts';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import { known, refused, unknown } from './authenticator.ts';
import { ShortMemory } from './short-memory.ts';

const capacity = 10_000;
const rightMs = 10 * 60_000;
/** The same wrong guess again teaches nothing, so it neither costs a hash nor counts for the lock-out. */
const wrongMs = 60 * 60_000;

/**
 * People with name and password. A hash takes a tenth of a second and two run at a time, so what was found is remembered for a while,
 * by a keyed digest of name, password and what is kept of the right one: a new password is asked for anew.
 */
export class PeopleAuthenticator implements Authenticator {
  readonly type = 'people';
  readonly #access: Access;
  readonly #key = randomBytes(32);
  readonly #found: ShortMemory<boolean>;
  readonly #asking = new Map<string, Promise<Verdict>>();

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#found = new ShortMemory(clock, capacity);
  }

  check({ username, secret, address, anonymousAllowed }: Credentials): Verdict | Promise<Verdict> {
    if (username === undefined || secret === undefined || secret.length > maxPasswordLength) return unknown;
    const name = username.trim().toLowerCase().slice(0, 100);
    // Where anybody may come in, strangers' passwords are not worth a hash.
    if (anonymousAllowed && this.#access.people.get(name) === undefined) return unknown;
    const verifier = this.#access.people.verifiers(name)?.scrypt ?? '';
    const key = createHmac('sha256', this.#key)
      .update(JSON.stringify([name, secret, verifier]))
      .digest('base64');
    const before = this.#found.get(key);
    if (before !== undefined) return this.#verdict(name, before);
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#ask(name, secret, address, key).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }
  async #ask(name: string, secret: string, address: string, key: string): Promise<Verdict> {
    try {
      const right = await this.#access.byPassword(name, secret, address);
      this.#found.keep(key, right, right ? rightMs : wrongMs);
      return this.#verdict(name, right);
    } catch (thrown) {
      const code = thrown instanceof OmhError ? thrown.code : '';
      if (code === errors.ACCESS_LOGIN_LOCKED.code || code === errors.ACCESS_LOGIN_BUSY.code)
        return { is: 'busy', why: (thrown as OmhError).text };
      return { is: 'unavailable', why: 'the password cannot be checked' };
    }
  }
  #verdict(name: string, right: boolean): Verdict {
    const { people } = this.#access;
    if (!right) return people.get(name) === undefined ? unknown : refused('the password is wrong, or the person is disabled');
    const principal = people.principal(name);
    if (principal === undefined) return refused('the person is disabled');
    return restrictionOf(principal) === undefined ? known(principal) : refused('the password was handed out and must be changed first');
  }
}
