import { allows, anonymousPrincipal, type Access } from '@omh/access';
import type { BrokerOptions, MqttRefusal } from '@omh/broker';
import type { Clock, Principal } from '@omh/core';
import { RefusalFolder } from './refusal-folder.ts';

/**
 * Who may connect to the broker and what each may do: a device's credentials, a token as the password, else nobody in particular where
 * the listener allows it. Permissions are looked up at each decision, so that a change holds at once. Refusals are audited, those of
 * one client folded.
 */
export class MqttAccess {
  readonly #access: Access;
  readonly #refusals: RefusalFolder;
  /** With which secret a principal came: a device with a new secret, or a new token of the same name, is another one. */
  readonly #cameWith = new WeakMap<Principal, string>();

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#refusals = new RefusalFolder(access.audit, clock);
  }

  /** What a broker asks of it. */
  get door(): Pick<BrokerOptions, 'authenticate' | 'authorize' | 'current' | 'refused'> {
    return { authenticate: this.#authenticate, authorize: this.#authorize, current: this.#current, refused: this.refused };
  }

  readonly #authenticate: BrokerOptions['authenticate'] = ({ username, password, anonymousAllowed }) => {
    const secret = password === undefined ? undefined : Buffer.from(password).toString('utf8');
    const known =
      secret === undefined
        ? undefined
        : ((username === undefined ? undefined : this.#access.byDevice(username, secret)) ?? this.#access.byToken(secret));
    if (known) {
      this.#cameWith.set(known, this.#secretNow(known));
      return known;
    }
    return anonymousAllowed ? { ...anonymousPrincipal, name: username ?? anonymousPrincipal.name } : undefined;
  };

  readonly #authorize: BrokerOptions['authorize'] = (principal, action, topic) => {
    const now = principal.kind === 'anonymous' ? principal : this.#access.current(principal);
    return now !== undefined && allows(now, action === 'publish' ? 'mqtt.publish' : 'mqtt.subscribe', topic);
  };

  /** The principal that a connection of before has now; undefined when its credential is gone, disabled, expired or renewed. */
  readonly #current = (principal: Principal): Principal | undefined => {
    if (principal.kind === 'anonymous') return principal;
    const now = this.#access.current(principal);
    if (now === undefined || now === principal) return now;
    const secret = this.#secretNow(now);
    if (this.#cameWith.get(principal) !== secret) return undefined;
    this.#cameWith.set(now, secret);
    return now;
  };

  readonly refused = (refusal: MqttRefusal): void => {
    const { principal, peer, action, username } = refusal;
    const from = peer.slice(0, Math.max(0, peer.lastIndexOf(':'))).replace(/^\[|\]$/g, '') || peer;
    if (principal === undefined) {
      // People type passwords where names belong, so a name that nobody has is not written down.
      const device = username === undefined ? undefined : this.#access.devices.get(username)?.name;
      this.#refusals.add(`connect ${from}`, {
        who: device ?? (username === undefined ? 'anonymous' : 'unknown name'),
        kind: device === undefined ? 'anonymous' : 'device',
        from,
        verb: 'mqtt.connect',
        what: `mqtt/${refusal.listener}`,
        detail: { clientId: refusal.clientId.slice(0, 100) },
      });
      return;
    }
    // The name of an anonymous client is whatever it says.
    const who = principal.kind === 'anonymous' ? anonymousPrincipal.name : principal.name;
    const verb = `mqtt.${action}`;
    this.#refusals.add(`${verb} ${principal.kind} ${who} ${from}`, {
      who,
      kind: principal.kind,
      from,
      verb,
      what: refusal.topic ?? '',
      detail: { clientId: refusal.clientId.slice(0, 100) },
    });
  };

  /** Records the refusals that were counted and not told yet. */
  flush(): void {
    this.#refusals.flush();
  }

  #secretNow({ kind, name }: Principal): string {
    if (kind === 'device') return this.#access.devices.get(name)?.secretSet ?? '';
    return kind === 'token' ? (this.#access.tokens.byName(name)?.info.id ?? name) : name;
  }
}
