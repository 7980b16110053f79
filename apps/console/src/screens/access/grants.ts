import type { RolesAnswer } from '@omh/api';
import type { Me } from '../../api/types.ts';
import { count } from '../../ui/format.ts';

/** A role, or permissions one by one: `verb` or `verb subtree`. */
export type Grant = { readonly role: string } | { readonly permissions: readonly string[] };

/** The name of the role that has exactly these permissions. */
export function roleOf(permissions: readonly string[], roles: RolesAnswer | undefined): string | undefined {
  const has = new Set(permissions);
  return roles?.roles.find((r) => r.permissions.length === has.size && r.permissions.every((p) => has.has(p)))?.name;
}

/** What a list of permissions is called where there is room for two words. */
export const grantWords = (permissions: readonly string[], roles: RolesAnswer | undefined): string =>
  roleOf(permissions, roles) ??
  (permissions.length === 0 ? 'nothing' : permissions.length === 1 ? permissions[0]! : count(permissions.length, 'permission'));

/** Only what one has oneself can be handed on; the hub checks it again. */
export const mayHandOn = (me: Me, permissions: readonly string[]): boolean =>
  me.permissions.includes('*') || permissions.every((p) => me.permissions.includes(p));

export const splitPermission = (permission: string): { verb: string; subtree: string } => {
  const at = permission.indexOf(' ');
  return at < 0 ? { verb: permission, subtree: '' } : { verb: permission.slice(0, at), subtree: permission.slice(at + 1) };
};
export const joinPermission = ({ verb, subtree }: { verb: string; subtree: string }): string =>
  subtree.trim() === '' ? verb : `${verb} ${subtree.trim()}`;

export const sameGrant = (a: Grant, b: Grant): boolean => JSON.stringify(a) === JSON.stringify(b);
