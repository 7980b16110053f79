import { rfc3339 } from '@omh/core';
import type { Clock, Principal } from '@omh/core';
import { checkPermissions } from './allows.ts';
import { errors } from './errors.ts';
import { checkName } from './names.ts';
import type { PasswordVerifiers } from './passwords.ts';
import { Records } from './records.ts';
import type { DocumentStore } from './stores.ts';
import { roles } from './verbs.ts';
import type { Role } from './verbs.ts';

/** A role, or permissions one by one. */
export type Grant = { readonly role: Role } | { readonly permissions: readonly string[] };
export const permissionsOf = (grant: Grant): readonly string[] => ('role' in grant ? roles[grant.role] : grant.permissions);

interface PersonRecord {
  readonly displayName: string;
  readonly grant: Grant;
  readonly password: PasswordVerifiers;
  /** The password was handed out; the person may do nothing before it is changed. */
  readonly mustChange: boolean;
  readonly disabled: boolean;
  /** RFC 3339. */
  readonly created: string;
  readonly passwordSet: string;
}
/** A person without what is kept of the password. */
export type PersonInfo = Omit<PersonRecord, 'password'> & { readonly name: string };

/** Who may do one thing only until it is done; has no permission meanwhile. */
export interface RestrictedPrincipal extends Principal {
  readonly only: 'change-password' | 'create-first-admin';
}
export const restrictionOf = (principal: Principal): RestrictedPrincipal['only'] | undefined =>
  (principal as Partial<RestrictedPrincipal>).only;

const maxPeople = 10_000;

/** The people of a hub, in the document `people`. Names are lower-case; verifiers never leave access. */
export class People {
  readonly #clock: Clock;
  readonly #records: Records<PersonRecord>;
  /** One object per person as long as nothing about it changes, so that holders see a change by identity. */
  readonly #principals = new Map<string, { readonly record: PersonRecord; readonly full: Principal; readonly present: Principal }>();

  constructor(clock: Clock, store: DocumentStore | undefined) {
    this.#clock = clock;
    this.#records = new Records(store, 'people');
  }
  get size(): number {
    return this.#records.size;
  }
  get(name: string): PersonInfo | undefined {
    const record = this.#records.get(name);
    return record && infoOf(name, record);
  }
  /** In order of name. */
  list(): PersonInfo[] {
    return [...this.#records.entries()].map(([name, record]) => infoOf(name, record)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  /** Undefined when there is nobody of this name, or a disabled person. */
  verifiers(name: string): PasswordVerifiers | undefined {
    const record = this.#records.get(name);
    return record === undefined || record.disabled ? undefined : record.password;
  }
  /** Who the person is now: without permissions while a handed-out password is to be changed; undefined when gone or disabled. */
  principal(name: string): Principal | undefined {
    return this.#principal(name)?.present;
  }
  /** The same, whatever the state of the password: what the person's tokens may do at most. */
  fullPrincipal(name: string): Principal | undefined {
    return this.#principal(name)?.full;
  }

  add(
    name: string,
    person: { displayName: string; grant: Grant; password: PasswordVerifiers; mustChange: boolean; disabled: boolean },
  ): void {
    checkName('person', name);
    checkPermissions(permissionsOf(person.grant));
    if (this.#records.size >= maxPeople) throw errors.ACCESS_FULL({ count: this.#records.size, kind: 'people' });
    const created = rfc3339(this.#clock.now());
    this.#records.put(name, { ...person, created, passwordSet: created });
  }
  change(
    name: string,
    change: { displayName?: string; grant?: Grant; disabled?: boolean; password?: { verifiers: PasswordVerifiers; mustChange: boolean } },
  ): void {
    const before = this.#known(name);
    if (change.grant !== undefined) checkPermissions(permissionsOf(change.grant));
    const next: PersonRecord = {
      ...before,
      displayName: change.displayName ?? before.displayName,
      grant: change.grant ?? before.grant,
      disabled: change.disabled ?? before.disabled,
      ...(change.password === undefined
        ? {}
        : { password: change.password.verifiers, mustChange: change.password.mustChange, passwordSet: rfc3339(this.#clock.now()) }),
    };
    this.#keepAnAdmin(name, before, next);
    this.#records.put(name, next);
  }
  delete(name: string): void {
    this.#keepAnAdmin(name, this.#known(name), undefined);
    this.#records.delete(name);
    this.#principals.delete(name);
  }

  #known(name: string): PersonRecord {
    const record = this.#records.get(name);
    if (record === undefined) throw errors.ACCESS_UNKNOWN({ kind: 'person', name: name.slice(0, 100) });
    return record;
  }
  #keepAnAdmin(name: string, before: PersonRecord, after: PersonRecord | undefined): void {
    if (!isAdmin(before) || (after !== undefined && isAdmin(after))) return;
    for (const [other, record] of this.#records.entries()) if (other !== name && isAdmin(record)) return;
    throw errors.ACCESS_LAST_ADMIN({ name });
  }
  #principal(name: string): { readonly full: Principal; readonly present: Principal } | undefined {
    const record = this.#records.get(name);
    if (record === undefined || record.disabled) return undefined;
    const kept = this.#principals.get(name);
    if (kept?.record === record) return kept;
    const full: Principal = { kind: 'person', name, permissions: permissionsOf(record.grant) };
    const restricted: RestrictedPrincipal = { ...full, permissions: [], only: 'change-password' };
    const made = { record, full, present: record.mustChange ? restricted : full };
    this.#principals.set(name, made);
    return made;
  }
}

const isAdmin = (record: PersonRecord): boolean => !record.disabled && permissionsOf(record.grant).includes('*');
function infoOf(name: string, record: PersonRecord): PersonInfo {
  const { password: _, ...rest } = record;
  return { name, ...rest };
}
