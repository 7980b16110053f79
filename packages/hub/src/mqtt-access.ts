import { Acl, allows, anonymousPrincipal, rulesOf, type Access, type AclRule, type AuthenticationChain } from '@omh/access';
import type { Authorize, BeginAuth, BrokerOptions, MqttRefusal, SignInAnswer } from '@omh/broker';
import type { Clock, Principal } from '@omh/core';
import { mqttSignIn } from './mqtt-sign-in.ts';
import { RefusalFolder } from './refusal-folder.ts';

/**
 * Who may connect to the broker and what each may do. `chain` is the hub file's `broker.authentication`, `rules` are its `broker.acl`.
 * Permissions are looked up at each decision, so that a change holds at once. Refusals are audited, those of one client folded.
 */
export class MqttAccess {
  readonly #access: Access;
  readonly #refusals: RefusalFolder;
  /** With which secret a principal came: with a new secret, a new password or a new token of the same name it is another one. */
  readonly #cameWith = new WeakMap<Principal, string>();

  readonly #signIn: ReturnType<typeof mqttSignIn>;
  readonly #authorize: Authorize;

  constructor(access: Access, clock: Clock, rules: readonly AclRule[], chain: AuthenticationChain) {
    this.#access = access;
    this.#refusals = new RefusalFolder(access.audit, clock);
    this.#signIn = mqttSignIn(chain);
    this.#authorize = authorization(access, new Acl(rules));
  }

  /** What a broker asks of it. */
  get door(): Pick<BrokerOptions, 'authenticate' | 'beginAuth' | 'authorize' | 'current' | 'refused'> {
    const { authenticate, beginAuth } = this.#signIn;
    return {
      authenticate: (signIn) => {
        const answer = authenticate(signIn);
        return answer instanceof Promise ? answer.then(this.#remember) : this.#remember(answer);
      },
      ...(beginAuth === undefined ? {} : { beginAuth: this.#remembering(beginAuth) }),
      authorize: this.#authorize,
      current: this.#current,
      refused: this.refused,
    };
  }

  readonly #remember = (answer: SignInAnswer): SignInAnswer => {
    if (typeof answer !== 'object') return answer;
    const principal = 'principal' in answer ? answer.principal : answer;
    if (principal.kind !== 'anonymous') this.#cameWith.set(principal, this.#secretNow(principal));
    return answer;
  };

  #remembering(begin: BeginAuth): BeginAuth {
    return (method, signIn) => {
      const exchange = begin(method, signIn);
      if (exchange === undefined) return undefined;
      return {
        step: (data) => {
          const step = exchange.step(data);
          if (step.is === 'accepted') this.#remember(step.principal);
          return step;
        },
      };
    };
  }

  /** The principal that a connection of before has now; undefined when its credential is gone, disabled, expired or renewed. */
  readonly #current = (principal: Principal): Principal | undefined => {
    if (principal.kind === 'anonymous') return principal;
    const now = this.#access.current(principal);
    if (now === undefined || now === principal) return now;
    const secret = this.#secretNow(now);
    // A session that was kept over a restart knows whose it is, not with which secret they came.
    if ((this.#cameWith.get(principal) ?? secret) !== secret) return undefined;
    this.#cameWith.set(now, secret);
    return now;
  };

  readonly refused = (refusal: MqttRefusal): void => {
    const { principal, peer, action, username } = refusal;
    const from = peer.slice(0, Math.max(0, peer.lastIndexOf(':'))).replace(/^\[|\]$/g, '') || peer;
    if (principal === undefined) {
      // People type passwords where names belong, so a name that nobody has is not written down.
      const device = username === undefined ? undefined : this.#access.devices.get(username)?.name;
      const person = username === undefined ? undefined : this.#access.people.get(username.trim().toLowerCase())?.name;
      this.#refusals.add(`connect ${from}`, {
        who: device ?? person ?? (username === undefined ? 'anonymous' : 'unknown name'),
        kind: device !== undefined ? 'device' : person !== undefined ? 'person' : 'anonymous',
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
    if (kind === 'person') return this.#access.people.get(name)?.passwordSet ?? '';
    return kind === 'token' ? (this.#access.tokens.byName(name)?.info.id ?? name) : name;
  }
}

/** The list decides first, for everybody who is still known; then the rules that a client came with; then permissions. */
function authorization(access: Access, acl: Acl): Authorize {
  const authorize: Authorize = (principal, action, topic, client, qos, retain) => {
    const now = principal.kind === 'anonymous' ? principal : access.current(principal);
    if (now === undefined) return false;
    const { clientId, username, peer } = client;
    const own = rulesOf(now);
    let verdict: boolean | undefined;
    if (acl.size > 0 || own !== undefined) {
      const request = { action, topic, clientId, username, peer, qos, retain };
      verdict = acl.decide(request) ?? own?.decide(request);
    }
    return verdict ?? allows(now, action === 'publish' ? 'mqtt.publish' : 'mqtt.subscribe', topic);
  };
  return Object.assign(authorize, { byFlags: acl.byFlags || ((principal: Principal) => rulesOf(principal)?.byFlags === true) });
}
