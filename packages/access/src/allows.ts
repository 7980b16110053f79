import type { Principal } from '@omh/core';
import { roleNames, roles } from './verbs.ts';
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
