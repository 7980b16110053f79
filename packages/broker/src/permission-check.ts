import type { Principal } from '@omh/core';
import { Code } from './codec/protocol.ts';
import { routedFilter } from './features/exclusive.ts';
import { sharedParts } from './shared-group.ts';
import type { Client } from './client.ts';
import type { BrokerContext } from './broker-context.ts';
import type { Session } from './session.ts';

/** Clients looked at in a second; a hundred find an expired token within a second, ten thousand within two minutes. */
const slice = 100;

/** Holds sessions to what their principals may do now: those whose credential is gone end, those with less lose what they may not have. */
export class PermissionCheck {
  readonly #broker: BrokerContext;
  readonly #current: (principal: Principal) => Principal | undefined;
  #next: Iterator<Client> | undefined;

  constructor(broker: BrokerContext, current: (principal: Principal) => Principal | undefined) {
    this.#broker = broker;
    this.#current = current;
  }

  /** Every session, connected or not. */
  all(): void {
    const known = new Map<Principal, Principal | undefined>();
    for (const session of [...this.#broker.sessions.all()]) {
      const { principal } = session;
      if (!known.has(principal)) known.set(principal, this.#ask(principal));
      this.#hold(session, known.get(principal));
    }
  }
  /** The next few clients: what ends by the clock is told by nobody. */
  some(clients: Iterable<Client>): void {
    for (let n = 0; n < slice; n++) {
      this.#next ??= clients[Symbol.iterator]();
      const { done, value } = this.#next.next();
      if (done) {
        this.#next = undefined;
        return;
      }
      const { session } = value;
      if (session !== null) this.#hold(session, this.#ask(session.principal));
    }
  }

  #ask(principal: Principal): Principal | undefined {
    try {
      return this.#current(principal);
    } catch (thrown) {
      this.#broker.log.error('whether a principal may still connect cannot be checked', { principal: principal.name, err: thrown });
      return undefined;
    }
  }
  #hold(session: Session, now: Principal | undefined): void {
    if (now === session.principal) return;
    const { sessions, log, authorize } = this.#broker;
    if (now === undefined) {
      log.info('an MQTT session ends: its credential is gone', { clientId: session.clientId, principal: session.principal.name });
      session.will = null;
      session.client?.kick(Code.notAuthorized);
      sessions.drop(session);
      return;
    }
    session.principal = now;
    if (session.client !== null) session.client.principal = now;
    const { will } = session;
    if (will !== null)
      session.will = authorize(now, 'publish', will.publish.topic, session, will.publish.qos, will.publish.retain)
        ? { ...will, principal: now }
        : null;
    let lost = 0;
    for (const { filter, qos } of [...session.subscriptions.values()]) {
      const inner = routedFilter(sharedParts(filter)?.filter ?? filter);
      if (!authorize(now, 'subscribe', inner, session, qos, false) && sessions.unsubscribe(session, filter)) lost++;
    }
    if (lost === 0) return;
    session.keepOnly((topic) => authorize(now, 'subscribe', topic, session, 0, false));
    log.info('an MQTT session lost subscriptions that its principal may no longer have', { clientId: session.clientId, lost });
  }
}
