import type { Principal } from '@omh/core';
import type { RestrictedPrincipal } from './people.ts';
import type { Holder } from './sessions.ts';
import { roleNames, roles } from './verbs.ts';
import type { Role } from './verbs.ts';

/** Who holds one of the hub's own keys. */
export const house: Principal = { kind: 'token', name: 'admin-token', permissions: roles.admin };
/** Who came in by a role's sign-in link; no person can have such a name. */
export const links = Object.fromEntries(
  roleNames.map((role): [Role, Principal] => [role, { kind: 'person', name: `${role} (sign-in link)`, permissions: roles[role] }]),
) as Record<Role, Principal>;
export const first: RestrictedPrincipal = {
  kind: 'person',
  name: 'first administrator (sign-in link)',
  permissions: [],
  only: 'create-first-admin',
};
export const linkByName = (name: string): Principal | undefined => Object.values(links).find((link) => link.name === name);
export const holderName = (holder: Holder): string =>
  holder.kind === 'person' ? holder.name : holder.kind === 'link' ? links[holder.role].name : first.name;
