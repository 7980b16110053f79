import type { Access } from '../access.ts';
import type { Authenticator, ClientCertificate, Credentials, Verdict } from './authenticator.ts';
import { known, refused, unknown } from './authenticator.ts';
import { vouch } from './vouched.ts';
import type { MqttGrant } from './vouched.ts';

export interface CertificateOptions {
  readonly type: 'certificate';
  /** What of the certificate is the client's name. */
  readonly from: 'commonName' | 'alternativeName' | 'fingerprint';
  /** The MQTT user name, where one is given, is the certificate's name too. */
  readonly sameUsername: boolean;
  /** For certificates of which no device credential has the name; without it they are unknown. */
  readonly grant?: MqttGrant;
}

/**
 * Client certificates that the listener has verified: the device credential of that name, which needs no password then, or else what
 * the hub file grants to all that the authority signed.
 */
export class CertificateAuthenticator implements Authenticator {
  readonly type = 'certificate';
  readonly #options: CertificateOptions;
  readonly #access: Access;

  constructor(options: CertificateOptions, access: Access) {
    this.#options = options;
    this.#access = access;
  }

  check({ certificate, clientId, username }: Credentials): Verdict {
    if (certificate === undefined) return unknown;
    const { sameUsername, grant } = this.#options;
    const names = namesOf(certificate, this.#options.from);
    if (names.length === 0) return unknown;
    if (sameUsername && username !== undefined && !names.includes(username)) return refused('the user name is not that of the certificate');
    for (const name of names) {
      const device = name.toLowerCase();
      if (this.#access.devices.get(device) === undefined) continue;
      const principal = this.#access.devices.principal(device);
      return principal === undefined ? refused('the device credential is disabled') : known(principal);
    }
    return grant === undefined ? unknown : known(vouch({ by: 'certificate', name: names[0]!, clientId, username, grant }));
  }
}

function namesOf({ commonName, alternativeNames, fingerprint256 }: ClientCertificate, from: CertificateOptions['from']): string[] {
  switch (from) {
    case 'commonName':
      return commonName === undefined || commonName === '' ? [] : [commonName];
    case 'fingerprint': {
      const hex = fingerprint256.replaceAll(':', '').toLowerCase();
      return /^[0-9a-f]{64}$/.test(hex) ? [hex] : [];
    }
    case 'alternativeName':
      return [...(alternativeNames ?? [])];
  }
}
