import type { Clock, MetricSample } from '@omh/core';
import { errors } from './errors.ts';
import { LoginDoors } from './lock-out.ts';
import { maxPasswordLength } from './password-rules.ts';
import { Passwords } from './passwords.ts';
import type { PasswordVerifiers } from './passwords.ts';

/** What comes in by one entrance locks only that one: a row of misconfigured devices keeps nobody from the console. */
export type Entrance = 'http' | 'mqtt';

/** Where passwords are tried: locked after too many wrong ones, and never more at once than the machine can hash. */
export class PasswordDoor {
  readonly #passwords: Passwords;
  readonly #entrances: Readonly<Record<Entrance, LoginDoors>>;
  readonly #tries = { ok: 0, refused: 0, locked: 0, busy: 0 };

  constructor(clock: Clock, costLog2: number | undefined) {
    this.#passwords = new Passwords(costLog2);
    this.#entrances = { http: new LoginDoors(clock), mqtt: new LoginDoors(clock) };
  }
  /** Whether this is the password; a name without a verifier takes as long. Rejects with ACCESS_LOGIN_LOCKED and ACCESS_LOGIN_BUSY. */
  async try(name: string, password: string, verifier: string | undefined, address: string, entrance: Entrance): Promise<boolean> {
    const known = verifier !== undefined;
    const doors = this.#begin(name, known, address, entrance);
    let right: boolean;
    try {
      right = await this.#passwords.check(password.slice(0, maxPasswordLength + 1), verifier);
    } catch (thrown) {
      doors.takeBack(name, known, address);
      this.#tries.busy++;
      throw thrown;
    }
    return this.#ended(right, doors, name, address);
  }
  /** The same for a proof that is checked at once. Throws ACCESS_LOGIN_LOCKED. */
  tryProof(name: string, known: boolean, address: string, entrance: Entrance, right: () => boolean): boolean {
    const doors = this.#begin(name, known, address, entrance);
    return this.#ended(right(), doors, name, address);
  }
  #begin(name: string, known: boolean, address: string, entrance: Entrance): LoginDoors {
    const doors = this.#entrances[entrance];
    const waitMs = doors.waitMs(name, known, address);
    if (waitMs > 0) {
      this.#tries.locked++;
      throw errors.ACCESS_LOGIN_LOCKED({ seconds: Math.ceil(waitMs / 1000) });
    }
    doors.begin(name, known, address);
    return doors;
  }
  #ended(right: boolean, doors: LoginDoors, name: string, address: string): boolean {
    this.#tries[right ? 'ok' : 'refused']++;
    if (right) doors.right(name, address);
    return right;
  }
  hash(password: string): Promise<PasswordVerifiers> {
    return this.#passwords.hash(password);
  }
  /** The person has a new password: what was tried on the old one is over. */
  forget(name: string): void {
    for (const doors of Object.values(this.#entrances)) doors.forget(name);
  }
  *metrics(): Iterable<MetricSample> {
    for (const [result, value] of Object.entries(this.#tries)) yield { name: 'omh_access_logins_total', value, labels: { result } };
    yield { name: 'omh_access_password_checks_total', value: this.#passwords.checks };
  }
}
