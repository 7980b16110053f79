import { errors } from './errors.ts';

/** What access itself is called in the audit log and as owner of tokens made with the hub's own keys. */
export const houseName = 'hub';
const reserved: ReadonlySet<string> = new Set([houseName, 'admin-token', 'anonymous']);

/** Names of people, tokens and MQTT users. Throws ACCESS_NAME_INVALID. */
export function checkName(kind: string, name: string): void {
  if (!/^[a-z0-9][a-z0-9._@-]{0,63}$/.test(name) || reserved.has(name))
    throw errors.ACCESS_NAME_INVALID({ kind, name: name.slice(0, 100) });
}
