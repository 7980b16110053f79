import type { Access } from '../access.ts';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import { known, refused, unknown } from './authenticator.ts';

/** MQTT user names with generated secrets. One SHA-256, so that ten thousand come back at once. */
export class DeviceAuthenticator implements Authenticator {
  readonly type = 'device-credentials';
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }
  check({ username, secret }: Credentials): Verdict {
    if (username === undefined || secret === undefined) return unknown;
    const principal = this.#access.byDevice(username, secret);
    if (principal !== undefined) return known(principal);
    return this.#access.devices.get(username) === undefined ? unknown : refused('the secret is wrong, or the credential is disabled');
  }
}
