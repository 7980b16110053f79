import { topicFilterFault } from '@omh/core';
import type { BrokerContext } from './broker-context.ts';
import type { Client } from './client.ts';
import type { SubscribeRequest } from './codec/decode.ts';
import { Code, malformed } from './codec/protocol.ts';
import { autoSubscriptions } from './features/auto-subscribe.ts';
import { isExclusive, routedFilter } from './features/exclusive.ts';
import { addressOf } from './features/placeholders.ts';
import type { Session } from './session.ts';
import { sharedParts } from './shared-group.ts';

/** What follows the answer: the event, and retained messages. */
export type Replay = (() => void)[];

function valuesOf(client: Client, session: Session) {
  return { clientid: session.clientId, username: session.username, ...addressOf(client.peer) };
}

/** One filter of a SUBSCRIBE: the code of its SUBACK. Throws a Fault where 3.1.1 has no code for it. */
export function subscribe(broker: BrokerContext, client: Client, request: SubscribeRequest, id: number, replay: Replay): number {
  const { filter } = request;
  const { limits, features } = broker;
  const session = client.session!;
  const fault = topicFilterFault(filter) ?? (filter === '$queue/' ? 'a shared subscription reads $queue/{filter}' : undefined);
  if (fault !== undefined) {
    if (client.conn.version === 4) throw malformed(`the filter is wrong: ${fault}`);
    return Code.filterInvalid;
  }
  if (levelsOf(filter) > limits.maxTopicLevels) return Code.filterInvalid;
  const inner = routedFilter(sharedParts(filter)?.filter ?? filter);
  if (!broker.authorize(client.principal, 'subscribe', inner, client, request.qos, false)) {
    client.refused('subscribe', filter);
    return limits.refusedSubscription;
  }
  const routed = features.rewrite.filter(filter, valuesOf(client, session));
  return grant(broker, client, routed === filter ? request : { ...request, filter: routed }, id, replay);
}

function grant(broker: BrokerContext, client: Client, request: SubscribeRequest, id: number, replay: Replay): number {
  const { filter } = request;
  const { sessions, limits, router, features } = broker;
  const session = client.session!;
  if (isExclusive(filter)) {
    const topic = routedFilter(filter);
    if (!features.options.exclusive.enabled || topic === '' || /[+#]/.test(topic)) return Code.filterInvalid;
    if ((router.exclusive.ownerOf(topic) ?? session) !== session) return Code.quotaExceeded;
  }
  const known = session.subscriptions.has(filter);
  if (!known && session.subscriptions.size >= limits.maxSubscriptionsPerClient) return Code.quotaExceeded;
  if (session.logNumber > 0 && broker.store?.full === true) return Code.quotaExceeded;
  sessions.subscribe(session, request, id);
  const { qos, noLocal, retainAsPublished, retainHandling } = request;
  if (features.events.wants('session.subscribed'))
    replay.push(() =>
      features.events.emit('session.subscribed', () => ({
        type: 'session.subscribed',
        ...features.about(session),
        filter,
        qos,
        noLocal,
        retainAsPublished,
        retainHandling,
        id,
      })),
    );
  if (sharedParts(filter) === undefined && (retainHandling === 0 || (retainHandling === 1 && !known)))
    replay.push(() => session.sendRetained(router.retainedFor(routedFilter(filter)), qos, id));
  return qos;
}

/** What the configuration subscribes every client to; its author answers for the permissions. */
export function autoSubscribe(broker: BrokerContext, client: Client): void {
  const { autoSubscribe: rows } = broker.features.options;
  if (rows.length === 0) return;
  const replay: Replay = [];
  for (const request of autoSubscriptions(rows, valuesOf(client, client.session!))) grant(broker, client, request, 0, replay);
  for (const run of replay) run();
}

/** One filter of an UNSUBSCRIBE: the code of its UNSUBACK. */
export function unsubscribe(broker: BrokerContext, client: Client, filter: string): number {
  const { sessions, features } = broker;
  const session = client.session!;
  const fault = topicFilterFault(filter);
  if (fault !== undefined && client.conn.version === 4) throw malformed(`the filter is wrong: ${fault}`);
  if (fault !== undefined) return Code.filterInvalid;
  const routed = features.rewrite.filter(filter, valuesOf(client, session));
  if (!sessions.unsubscribe(session, routed)) return Code.noSubscriptionExisted;
  features.events.emit('session.unsubscribed', () => ({ type: 'session.unsubscribed', ...features.about(session), filter: routed }));
  return Code.success;
}

function levelsOf(filter: string): number {
  let n = 1;
  for (let i = 0; i < filter.length; i++) if (filter.charCodeAt(i) === 0x2f) n++;
  return n;
}
