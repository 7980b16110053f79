import type { Micros, Principal } from '@omh/core';
import type { Acl } from '../acl.ts';

/** Who is known because somebody else vouches: the maker of a JWT or of a certificate, an HTTP service. Called `jwt:press-1`. */
export interface VouchedPrincipal extends Principal {
  /** It came as the user name, which is shown nowhere then. */
  readonly secretUsername?: true;
  /** Came with it; decides before its permissions do. */
  readonly rules?: Acl;
}
/** Told by the name alone, which is all that a session knows after a restart; names of house devices hold no colon. */
export const isVouched = ({ kind, name }: Principal): boolean => kind === 'device' && name.includes(':');
export const hasSecretUsername = (principal: Principal): boolean => (principal as Partial<VouchedPrincipal>).secretUsername === true;
export const rulesOf = (principal: Principal): Acl | undefined => (principal as Partial<VouchedPrincipal>).rules;

/** Topic filters of the hub file for clients that others vouch for, with `${name}`, `${clientid}` and `${username}`. */
export interface MqttGrant {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}
export interface Vouching {
  readonly by: string;
  readonly name: string;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly grant?: MqttGrant | undefined;
  readonly rules?: Acl | undefined;
  readonly expires?: Micros | undefined;
  readonly secretUsername?: boolean;
}

export function vouch({ by, name, clientId, username, grant, rules, expires, secretUsername }: Vouching): VouchedPrincipal {
  const values = { name, clientid: clientId, username };
  const list = (verb: string, filters: readonly string[] = []): string[] =>
    filters.flatMap((filter) => {
      const own = filled(filter, values);
      return own === undefined ? [] : [`${verb} ${own}`];
    });
  return {
    kind: 'device',
    name: `${by}:${name.replaceAll(/\p{Cc}/gu, '').slice(0, 200)}`,
    permissions: [...list('mqtt.publish', grant?.publish), ...list('mqtt.subscribe', grant?.subscribe)],
    ...(secretUsername === true ? { secretUsername } : {}),
    ...(rules === undefined ? {} : { rules }),
    ...(expires === undefined ? {} : { expires }),
  };
}

/** Undefined when a value is missing or would be more than a part of one level: a client called `#` is not all of them. */
function filled(filter: string, values: { readonly [name: string]: string | undefined }): string | undefined {
  let whole = true;
  const text = filter.replaceAll(/\$\{(name|clientid|username)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined || value === '' || /[+#/\0]/.test(value)) whole = false;
    return value ?? '';
  });
  return whole ? text : undefined;
}
