import type { Access } from '../access.ts';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import { known, unknown } from './authenticator.ts';

/** API tokens as the password, with any user name. */
export class TokenAuthenticator implements Authenticator {
  readonly type = 'tokens';
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }
  check({ secret }: Credentials): Verdict {
    const principal = secret === undefined ? undefined : this.#access.byToken(secret);
    return principal === undefined ? unknown : known(principal);
  }
}
