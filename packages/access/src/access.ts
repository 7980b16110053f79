import { timingSafeEqual } from 'node:crypto';
import { HealthState, silentLogger } from '@omh/core';
import type { Cancel, Clock, Health, Logger, MetricSample, Micros, Part, Principal } from '@omh/core';
import { demandGrant } from './allows.ts';
import { AuditLog } from './audit-log.ts';
import { DeviceCredentials } from './device-credentials.ts';
import type { DeviceCredentialChange, DeviceCredentialInfo } from './device-credentials.ts';
import { errors } from './errors.ts';
import { checkName, houseName } from './names.ts';
import { PasswordDoor } from './password-door.ts';
import { passwordFault } from './password-rules.ts';
import { People, permissionsOf } from './people.ts';
import type { Grant, PersonInfo } from './people.ts';
import { first, holderName, house, linkByName, links } from './principals.ts';
import { createPassword, digest } from './secret.ts';
import { Sessions } from './sessions.ts';
import type { Holder, Origin, SessionInfo } from './sessions.ts';
import { SignInCodes } from './sign-in-codes.ts';
import { isVouched } from './sign-in/vouched.ts';
import type { AuditStore, DocumentStore } from './stores.ts';
import { Tokens } from './tokens.ts';
import type { NewToken, TokenInfo } from './tokens.ts';
import type { Role } from './verbs.ts';

export const adminTokenLength = 24;
const codeLifeMs = 10 * 60_000;
const firstCodeLifeMs = 60 * 60_000;
const keepUseMs = 10 * 60_000;

export interface AccessOptions {
  readonly clock: Clock;
  /** Accepted as API tokens that may do everything: the endpoint's, and OMH_ADMIN_TOKEN. Never kept. */
  readonly adminTokens: readonly string[];
  /** Keeps `people`, `tokens`, `device-credentials` and `audit-marks`; without it nothing outlives the process. */
  readonly documents?: DocumentStore;
  /** Keeps the audit log; opened by `start`, closed by `stop`. */
  readonly audit?: AuditStore | (() => Promise<AuditStore>);
  readonly log?: Logger;
  /** scrypt's N as a power of two; 15 when absent. */
  readonly passwordCostLog2?: number;
}

/** An opened session: its secret, who holds it, and until when without use. */
export interface SignedIn {
  readonly session: string;
  readonly id: string;
  readonly principal: Principal;
  readonly expires: Micros;
}
export interface PersonChange {
  readonly displayName?: string;
  readonly grant?: Grant;
  /** Handed out: must be changed at the first sign-in. */
  readonly password?: string;
  /** Makes a password to hand out. */
  readonly newPassword?: boolean;
  readonly disabled?: boolean;
}

/**
 * The one door: who is behind a password, a token, a code, a session or a device's credentials, and who may change that. Of secrets
 * only verifiers and digests are kept. Principals are looked up at each use, so a change holds at once; an unchanged principal is the
 * same object. What is accepted and refused is recorded in `audit` by the rooms that answer for it.
 */
export class Access implements Part {
  readonly id = 'access';
  readonly people: People;
  readonly tokens: Tokens;
  readonly devices: DeviceCredentials;
  readonly audit: AuditLog;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #admins: readonly Buffer[];
  readonly #door: PasswordDoor;
  readonly #sessions: Sessions;
  readonly #codes: SignInCodes;
  readonly #health: HealthState;
  readonly #listeners = new Set<() => void>();
  #cancel: Cancel | undefined;

  /** Throws ACCESS_TOKEN_SHORT when an admin token has fewer than 24 characters, and what the documents throw when one is damaged. */
  constructor(options: AccessOptions) {
    const { clock, documents, audit, log = silentLogger } = options;
    this.#clock = clock;
    this.#log = log;
    for (const token of options.adminTokens) {
      if (token.length < adminTokenLength) throw errors.ACCESS_TOKEN_SHORT({ length: token.length, needed: adminTokenLength });
    }
    this.#admins = options.adminTokens.map(digest);
    this.#door = new PasswordDoor(clock, options.passwordCostLog2);
    this.#sessions = new Sessions(clock);
    this.#codes = new SignInCodes(clock);
    this.#health = new HealthState(() => clock.now());
    this.people = new People(clock, documents);
    this.tokens = new Tokens(clock, documents, (owner) => (owner === houseName ? house : this.people.fullPrincipal(owner)));
    this.devices = new DeviceCredentials(clock, documents);
    this.audit = new AuditLog({
      clock,
      log,
      ...(audit === undefined ? {} : { store: audit }),
      ...(documents === undefined ? {} : { documents }),
    });
  }

  /** Reads the end of the audit log. Everything else works before. */
  async start(): Promise<void> {
    this.#health.set('starting', 'Reading the audit log.');
    await this.audit.start();
    this.#health.set('running', 'Runs.');
    this.#waitToKeepUse();
  }
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#keepUse();
    await this.audit.stop();
    this.#health.set('stopped', 'Stopped.');
  }
  health(): Health {
    const fault = this.audit.fault();
    if (this.#health.get().state === 'running' && fault !== undefined) this.#health.set('degraded', fault);
    else if (this.#health.get().state === 'degraded' && fault === undefined) this.#health.set('running', 'Runs.');
    return this.#health.get();
  }
  *metrics(): Iterable<MetricSample> {
    yield* this.#door.metrics();
    yield { name: 'omh_access_sessions', value: this.#sessions.size };
    yield { name: 'omh_access_audit_records', value: this.audit.count };
  }
  /** Calls back after each change of people, tokens or device credentials: verdicts that were kept are to be asked for again. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  byToken(token: string): Principal | undefined {
    const asked = digest(token);
    let found = false;
    for (const admin of this.#admins) found = timingSafeEqual(admin, asked) || found;
    return found ? house : this.tokens.byToken(token);
  }
  /** Who an MQTT user name and password belong to. */
  byDevice(username: string, password: string): Principal | undefined {
    return this.devices.byDevice(username, password);
  }
  /**
   * Whether a person has this password, for an MQTT client at this address. Rejects with ACCESS_LOGIN_LOCKED or ACCESS_LOGIN_BUSY; an
   * unknown name takes as long.
   */
  async byPassword(person: string, password: string, address: string): Promise<boolean> {
    const verifier = this.people.verifiers(person)?.scrypt;
    const right = await this.#door.try(person, password, verifier, address, 'mqtt');
    return right && this.people.verifiers(person)?.scrypt === verifier;
  }
  /** Whether a proof of knowing a person's password is right; wrong ones count as wrong passwords do. Throws ACCESS_LOGIN_LOCKED. */
  byProof(person: string, address: string, right: () => boolean): boolean {
    return this.#door.tryProof(person, this.people.verifiers(person) !== undefined, address, 'mqtt', right);
  }
  /** Who holds this session; using it gives it another 12 hours. `origin` is shown in the list of sessions. */
  bySession(session: string, origin?: Origin): Principal | undefined {
    const found = this.#sessions.use(session, origin);
    return found && this.#principalOf(found.holder);
  }
  /** Who a principal of before is now, for connections that live long; undefined when gone, disabled or expired. */
  current(principal: Principal): Principal | undefined {
    // Others vouch for it, and `expires` says how long.
    if (isVouched(principal)) return principal;
    switch (principal.kind) {
      case 'person':
        return this.people.principal(principal.name) ?? linkByName(principal.name);
      case 'token':
        return principal.name === house.name ? house : this.tokens.byName(principal.name)?.principal;
      case 'device':
        return this.devices.principal(principal.name);
      case 'part':
      case 'anonymous':
        return principal;
    }
  }

  /** A code that opens one session of a role, 192 bit, valid for `ttlMs` (10 minutes). Throws ACCESS_TOO_MANY_CODES when 1,000 wait. */
  createSignInCode(role: Role = 'admin', ttlMs: number = codeLifeMs): string {
    return this.#codes.create({ kind: 'link', role }, ttlMs);
  }
  /**
   * A code whose session may do nothing but create the first person, an administrator; valid for an hour and as long as there is
   * nobody. Throws ACCESS_FIRST_ADMIN_OVER when there is somebody.
   */
  createFirstAdminCode(ttlMs: number = firstCodeLifeMs): string {
    if (this.people.size > 0) throw errors.ACCESS_FIRST_ADMIN_OVER();
    return this.#codes.create({ kind: 'first' }, ttlMs);
  }
  /** Turns a code into a session, once; undefined when the code is unknown, used or expired. `expires` moves on with each use. */
  redeem(code: string, origin?: Origin): SignedIn | undefined {
    const holder = this.#codes.redeem(code);
    return holder && this.#open(holder, origin);
  }
  /** The first person, an admin, made by a session of `createFirstAdminCode`, which ends; the person is signed in. */
  async createFirstAdmin(
    session: string,
    person: { name: string; displayName?: string; password: string },
    origin?: Origin,
  ): Promise<SignedIn> {
    const mayCreate = (): boolean => this.people.size === 0 && this.#sessions.find(session)?.holder.kind === 'first';
    const { name, displayName = name, password } = person;
    if (!mayCreate()) throw errors.ACCESS_FIRST_ADMIN_OVER();
    checkName('person', name);
    checkPassword(password, name);
    const verifiers = await this.#door.hash(password);
    if (!mayCreate()) throw errors.ACCESS_FIRST_ADMIN_OVER();
    this.#addPerson(name, { displayName, grant: { role: 'admin' }, password: verifiers, mustChange: false, disabled: false });
    this.#sessions.endWhere(({ holder }) => holder.kind === 'first');
    this.#changed();
    return this.#open({ kind: 'person', name }, origin)!;
  }

  /**
   * Opens a session for a name and a password. Rejects with ACCESS_LOGIN_REFUSED, ACCESS_LOGIN_LOCKED (wait `params.seconds`) or
   * ACCESS_LOGIN_BUSY; an unknown name takes as long and is answered as a wrong password is.
   */
  async login(name: string, password: string, origin: Origin): Promise<SignedIn> {
    const person = name.trim().toLowerCase().slice(0, 100);
    const verifier = this.people.verifiers(person)?.scrypt;
    if (!(await this.#door.try(person, password, verifier, origin.address, 'http'))) throw errors.ACCESS_LOGIN_REFUSED();
    const signed = this.people.verifiers(person)?.scrypt === verifier ? this.#open({ kind: 'person', name: person }, origin) : undefined;
    // Changed or removed while the password was checked.
    if (signed === undefined) throw errors.ACCESS_LOGIN_REFUSED();
    return signed;
  }
  /** A person's own new password. All sessions of the person end; the answer is a new one. */
  async changePassword(session: string, present: string, next: string, origin: Origin): Promise<SignedIn> {
    const holder = this.#sessions.find(session)?.holder;
    if (holder?.kind !== 'person') throw errors.ACCESS_NO_PASSWORD({ principal: holder === undefined ? 'Nobody' : holderName(holder) });
    const { name } = holder;
    const verifier = this.people.verifiers(name)?.scrypt;
    if (!(await this.#door.try(name, present, verifier, origin.address, 'http'))) throw errors.ACCESS_PASSWORD_WRONG();
    checkPassword(next, name);
    if (next === present) throw errors.ACCESS_PASSWORD_WEAK({ fault: 'it is the present one' });
    const verifiers = await this.#door.hash(next);
    // Another change came first, and the proof given here is none any more.
    if (this.people.verifiers(name)?.scrypt !== verifier) throw errors.ACCESS_PASSWORD_WRONG();
    this.people.change(name, { password: { verifiers, mustChange: false } });
    this.#endSessionsOf(name);
    this.#changed();
    return this.#open(holder, origin)!;
  }

  /**
   * Adds a person or changes one. A new person without a password, and `newPassword`, get one that is told here and never again. Only
   * permissions that the maker has can be given or taken. A new password or a disabled person ends the person's sessions.
   */
  async putPerson(maker: Principal, name: string, change: PersonChange): Promise<{ info: PersonInfo; password?: string }> {
    checkName('person', name);
    const before = this.people.get(name);
    const demand = (): void => {
      const now = this.people.get(name);
      if (now !== undefined) demandGrant(maker, permissionsOf(now.grant));
      if (change.grant !== undefined) demandGrant(maker, permissionsOf(change.grant));
    };
    demand();
    if (before === undefined && change.grant === undefined) throw errors.ACCESS_GRANT_UNCLEAR();
    const made = change.password === undefined && (before === undefined || change.newPassword === true) ? createPassword() : undefined;
    const password = change.password ?? made;
    if (change.password !== undefined) checkPassword(change.password, name);
    const verifiers = password === undefined ? undefined : await this.#door.hash(password);
    demand();
    const { grant, disabled, displayName } = change;
    if (this.people.get(name) === undefined) {
      if (verifiers === undefined) throw errors.ACCESS_UNKNOWN({ kind: 'person', name });
      this.#addPerson(name, {
        displayName: displayName ?? name,
        grant: grant!,
        password: verifiers,
        mustChange: true,
        disabled: disabled ?? false,
      });
    } else {
      this.people.change(name, {
        ...(displayName === undefined ? {} : { displayName }),
        ...(grant === undefined ? {} : { grant }),
        ...(disabled === undefined ? {} : { disabled }),
        ...(verifiers === undefined ? {} : { password: { verifiers, mustChange: true } }),
      });
      if (verifiers !== undefined) this.#door.forget(name);
      if (verifiers !== undefined || disabled === true) this.#endSessionsOf(name);
    }
    this.#changed();
    return { info: this.people.get(name)!, ...(made === undefined ? {} : { password: made }) };
  }
  /** The person's sessions and tokens end too. */
  deletePerson(maker: Principal, name: string): void {
    const person = this.people.get(name);
    if (person !== undefined) demandGrant(maker, permissionsOf(person.grant));
    this.people.delete(name);
    this.#endSessionsOf(name);
    this.tokens.deleteOf(name);
    this.#changed();
  }

  /** A token of the maker's own. A maker that is a token itself makes one for its owner, which ends no later than itself. */
  createToken(maker: Principal, token: NewToken): { info: TokenInfo; secret: string } {
    const own = maker.kind === 'token' ? this.tokens.byName(maker.name)?.info : undefined;
    return this.tokens.create(maker, this.ownerOf(maker), token, own?.expires);
  }
  deleteToken(id: string): void {
    this.tokens.delete(id);
    this.#changed();
  }
  /** Under whose name this principal's tokens stand: the person's, a token's owner's, or `hub` for the hub's own keys and links. */
  ownerOf(principal: Principal): string {
    if (principal.kind === 'token') return this.tokens.byName(principal.name)?.info.owner ?? houseName;
    return principal.kind === 'person' && this.people.get(principal.name) !== undefined ? principal.name : houseName;
  }

  putDeviceCredential(maker: Principal, name: string, change: DeviceCredentialChange): { info: DeviceCredentialInfo; secret?: string } {
    const out = this.devices.put(maker, name, change);
    this.#changed();
    return out;
  }
  deleteDeviceCredential(name: string): void {
    this.devices.delete(name);
    this.#changed();
  }

  /** Open sessions, the latest used first, under the name of their principal. */
  sessions(): (SessionInfo & { readonly name: string })[] {
    return this.#sessions.list().map((session) => ({ ...session, name: holderName(session.holder) }));
  }
  /** The list's entry of a session, without using it. */
  sessionInfo(session: string): (SessionInfo & { readonly name: string }) | undefined {
    const found = this.#sessions.find(session);
    return found && { ...found, name: holderName(found.holder) };
  }
  endSession(session: string): void {
    this.#sessions.end(session);
  }
  /** Ends those that match and says how many they were. */
  endSessions(match: (session: { readonly id: string; readonly name: string }) => boolean): number {
    return this.#sessions.endWhere(({ id, holder }) => match({ id, name: holderName(holder) }));
  }

  #open(holder: Holder, origin: Origin | undefined): SignedIn | undefined {
    const principal = this.#principalOf(holder);
    if (principal === undefined) return undefined;
    const { id, secret, expires } = this.#sessions.open(holder, origin);
    return { session: secret, id, principal, expires };
  }
  #principalOf(holder: Holder): Principal | undefined {
    switch (holder.kind) {
      case 'person':
        return this.people.principal(holder.name);
      case 'link':
        return links[holder.role];
      case 'first':
        return this.people.size === 0 ? first : undefined;
    }
  }
  #addPerson(...[name, person]: Parameters<People['add']>): void {
    // A crash may have left tokens of a removed person; the next one of the name does not inherit them.
    this.tokens.deleteOf(name);
    this.people.add(name, person);
  }
  #endSessionsOf(name: string): void {
    this.#sessions.endWhere(({ holder }) => holder.kind === 'person' && holder.name === name);
  }
  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
  #waitToKeepUse(): void {
    this.#cancel = this.#clock.after(keepUseMs, () => {
      this.#keepUse();
      this.#waitToKeepUse();
    });
  }
  #keepUse(): void {
    try {
      this.tokens.keepUse();
    } catch (thrown) {
      this.#log.warn('the days on which tokens were used are not written', { err: thrown });
    }
  }
}

function checkPassword(password: string, name: string): void {
  const fault = passwordFault(password, name);
  if (fault !== undefined) throw errors.ACCESS_PASSWORD_WEAK({ fault });
}
