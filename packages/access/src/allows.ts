import { topicFilterFault } from '@omh/core';
import type { Principal } from '@omh/core';
import { errors } from './errors.ts';
import { isVerb, roleNames, roles } from './verbs.ts';
import type { Role, Verb } from './verbs.ts';

/**
 * The one decision of the house: may this principal do this, there?
 *
 * `subtree` is a topic, a namespace path or an MQTT filter; absent means "everywhere". A permission `verb filter` covers a subtree
 * only as a whole: `mqtt.subscribe acme/#` allows `acme/+/press` and refuses `#`. A filter that begins with a wildcard does not
 * cover topics that begin with `$` (MQTT 5.0, 4.7.2); a permission without a filter covers all.
 */
export function allows(principal: Principal, verb: Verb, subtree?: string): boolean {
  const asked = subtree === undefined ? undefined : withoutShare(subtree);
  for (const permission of principal.permissions) {
    const space = permission.indexOf(' ');
    const granted = space < 0 ? permission : permission.slice(0, space);
    if (granted !== '*' && granted !== verb) continue;
    if (space < 0) return true;
    if (asked !== undefined && covers(permission.slice(space + 1), asked)) return true;
  }
  return false;
}

/** Whether a principal may hand on this permission: only what it has itself, as a whole. */
export function mayGrant(principal: Principal, permission: string): boolean {
  const space = permission.indexOf(' ');
  // `*` is no verb, so only a permission for every verb covers it.
  return space < 0
    ? allows(principal, permission as Verb)
    : allows(principal, permission.slice(0, space) as Verb, permission.slice(space + 1));
}

/** Throws ACCESS_GRANT_TOO_WIDE for the first permission that the principal does not have itself. */
export function demandGrant(principal: Principal, permissions: readonly string[]): void {
  const beyond = permissions.find((permission) => !mayGrant(principal, permission));
  if (beyond !== undefined) throw errors.ACCESS_GRANT_TOO_WIDE({ principal: principal.name, permission: beyond });
}

/** Throws ACCESS_PERMISSION_INVALID unless each reads `verb`, `verb filter`, `*` or `* filter`. */
export function checkPermissions(permissions: readonly string[]): void {
  for (const permission of permissions) {
    const space = permission.indexOf(' ');
    const verb = space < 0 ? permission : permission.slice(0, space);
    const fault =
      verb !== '*' && !isVerb(verb) ? `there is no verb "${verb}"` : space < 0 ? undefined : topicFilterFault(permission.slice(space + 1));
    if (fault !== undefined) throw errors.ACCESS_PERMISSION_INVALID({ permission: permission.slice(0, 200), fault });
  }
}

/** The role whose permissions these are, or undefined for permissions given one by one. */
export function roleOf(principal: Principal): Role | undefined {
  const has = new Set(principal.permissions);
  return roleNames.find((role) => roles[role].length === has.size && roles[role].every((permission) => has.has(permission)));
}

/** Who connects to a listener that says `anonymous: true`: publishes and subscribes to plain topics, reads `$SYS`, nothing else. */
export const anonymousPrincipal: Principal = {
  kind: 'anonymous',
  name: 'anonymous',
  permissions: ['mqtt.publish #', 'mqtt.subscribe #', 'mqtt.subscribe $SYS/#'],
};

/** `$share/group/filter` reads what `filter` reads. */
function withoutShare(filter: string): string {
  if (!filter.startsWith('$share/')) return filter;
  const end = filter.indexOf('/', 7);
  return end < 0 ? filter : filter.slice(end + 1);
}

/** True when every topic that `asked` matches is matched by `grant` too. */
function covers(grant: string, asked: string): boolean {
  const g = grant.split('/');
  const a = asked.split('/');
  if (a[0]!.startsWith('$') && (g[0] === '#' || g[0] === '+')) return false;
  for (let i = 0; i < g.length; i++) {
    if (g[i] === '#') return i === g.length - 1;
    const level = a[i];
    if (level === undefined || level === '#') return false;
    if (g[i] !== '+' && (level === '+' || level !== g[i])) return false;
  }
  return a.length === g.length;
}
