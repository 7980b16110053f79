import { randomBytes } from 'node:crypto';
import { rfc3339, topicFilterFault } from '@omh/core';
import type { Clock, Principal } from '@omh/core';
import { demandGrant } from './allows.ts';
import { errors } from './errors.ts';
import { checkName } from './names.ts';
import { scramVerifierNow } from './passwords.ts';
import { Records } from './records.ts';
import { createDeviceSecret, digestHex, digestMatches } from './secret.ts';
import type { DocumentStore } from './stores.ts';

interface DeviceRecord {
  readonly description: string;
  /** Topic filters. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly enabled: boolean;
  /** RFC 3339. */
  readonly created: string;
  readonly secretSet: string;
  readonly sha256: string;
  /** For SCRAM-SHA-256, spelt as people's is; credentials of before have none until they get a new secret. */
  readonly scram?: string;
}
/** MQTT credentials without what is kept of the secret; `name` is the MQTT user name. */
export type DeviceCredentialInfo = Omit<DeviceRecord, 'sha256' | 'scram'> & { readonly name: string };
export interface DeviceCredentialChange {
  readonly description?: string;
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly enabled?: boolean;
  /** Makes a new secret; the old one ends. */
  readonly newSecret?: boolean;
}

const maxCredentials = 10_000;
const nobody = digestHex('');
/** The fewest that clients take (RFC 7677, 4): the secret is random, so more protect it no better. */
export const deviceScramIterations = 4096;

/** MQTT user names with generated passwords, in the document `device-credentials`. A new one may do nothing until it is told what. */
export class DeviceCredentials {
  readonly #clock: Clock;
  readonly #records: Records<DeviceRecord>;
  readonly #principals = new Map<string, { readonly record: DeviceRecord; readonly principal: Principal }>();

  constructor(clock: Clock, store: DocumentStore | undefined) {
    this.#clock = clock;
    this.#records = new Records(store, 'device-credentials');
  }
  get(name: string): DeviceCredentialInfo | undefined {
    const record = this.#records.get(name);
    return record && infoOf(name, record);
  }
  /** In order of name. */
  list(): DeviceCredentialInfo[] {
    return [...this.#records.entries()].map(([name, record]) => infoOf(name, record)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  byDevice(username: string, password: string): Principal | undefined {
    const record = this.#records.get(username);
    const right = digestMatches(password, record?.sha256 ?? nobody);
    return right && record !== undefined ? this.principal(username) : undefined;
  }
  /** The SCRAM verifier; undefined when there is none, or the device is gone or disabled. */
  scram(name: string): string | undefined {
    const record = this.#records.get(name);
    return record?.enabled === true ? record.scram : undefined;
  }
  /** Who the device is now; undefined when gone or disabled. */
  principal(name: string): Principal | undefined {
    const record = this.#records.get(name);
    if (record === undefined || !record.enabled) return undefined;
    const kept = this.#principals.get(name);
    if (kept?.record === record) return kept.principal;
    const principal: Principal = { kind: 'device', name, permissions: permissionsOf(record) };
    this.#principals.set(name, { record, principal });
    return principal;
  }

  /** Adds or changes; the secret is told when one was made, and never again. */
  put(maker: Principal, name: string, change: DeviceCredentialChange): { info: DeviceCredentialInfo; secret?: string } {
    checkName('device', name);
    const before = this.#records.get(name);
    if (before === undefined && this.#records.size >= maxCredentials)
      throw errors.ACCESS_FULL({ count: this.#records.size, kind: 'device credentials' });
    const secret = before === undefined || change.newSecret === true ? createDeviceSecret() : undefined;
    const now = rfc3339(this.#clock.now());
    const record: DeviceRecord = {
      description: change.description ?? before?.description ?? '',
      publish: filters(change.publish) ?? before?.publish ?? [],
      subscribe: filters(change.subscribe) ?? before?.subscribe ?? [],
      enabled: change.enabled ?? before?.enabled ?? true,
      created: before?.created ?? now,
      secretSet: secret === undefined ? before!.secretSet : now,
      ...(secret === undefined ? keptOf(before!) : { sha256: digestHex(secret), scram: scramOf(secret) }),
    };
    demandGrant(maker, permissionsOf(record));
    this.#records.put(name, record);
    return { info: infoOf(name, record), ...(secret === undefined ? {} : { secret }) };
  }
  delete(name: string): void {
    if (this.#records.get(name) === undefined) throw errors.ACCESS_UNKNOWN({ kind: 'device', name: name.slice(0, 100) });
    this.#records.delete(name);
    this.#principals.delete(name);
  }
}

const permissionsOf = (record: DeviceRecord): string[] => [
  ...record.publish.map((filter) => `mqtt.publish ${filter}`),
  ...record.subscribe.map((filter) => `mqtt.subscribe ${filter}`),
];
function filters(list: readonly string[] | undefined): readonly string[] | undefined {
  for (const filter of list ?? []) {
    const fault = topicFilterFault(filter);
    if (fault !== undefined) throw errors.ACCESS_FILTER_INVALID({ filter: filter.slice(0, 200), fault });
  }
  return list && [...new Set(list)];
}
const keptOf = ({ sha256, scram }: DeviceRecord): Pick<DeviceRecord, 'sha256' | 'scram'> => ({
  sha256,
  ...(scram === undefined ? {} : { scram }),
});
const scramOf = (secret: string): string => scramVerifierNow(secret, randomBytes(16), deviceScramIterations);
function infoOf(name: string, record: DeviceRecord): DeviceCredentialInfo {
  const { sha256: _, scram: __, ...rest } = record;
  return { name, ...rest };
}
