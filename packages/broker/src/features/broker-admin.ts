import { topicMatches } from '@omh/core';
import type { QoS } from '@omh/core';
import type { BrokerContext } from '../broker-context.ts';
import { encodeDisconnect } from '../codec/encode.ts';
import { Code } from '../codec/protocol.ts';
import type { RetainedEntry } from '../retained.ts';
import type { Session } from '../session.ts';
import type { ClientInfo } from '../stats.ts';
import type { Departure } from './departed.ts';

/** One page: `next` is there while more follow, and is handed in for the next page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}
export interface SubscriptionInfo {
  readonly clientId: string;
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** Subscription identifier, 0 = none. */
  readonly id: number;
  readonly connected: boolean;
}
export interface RetainedInfo {
  readonly topic: string;
  readonly qos: QoS;
  readonly bytes: number;
  /** The whole payload. */
  readonly payload: Uint8Array;
  /** Seconds left, -1 = for ever. */
  readonly expiry: number;
}
/** Everything about one client, or why it is not there. */
export interface ClientDetail extends ClientInfo {
  /** Messages on their way and not acknowledged. */
  readonly inflight: number;
  /** QoS 2 messages whose PUBREL has not come. */
  readonly awaitingRelease: number;
  /** Seconds the session outlives its connection. */
  readonly sessionExpiry: number;
  /** Its principal, while it is connected. */
  readonly principal?: string;
  /** Bytes that wait for its socket. */
  readonly outBytes: number;
  /** Why it went the last time, for an hour. */
  readonly departure?: Departure;
}

const pageSize = 100;
const maxPage = 10_000;
const maxReason = 1000;

/** `most`: only the first of its subscriptions. */
export function clientInfo(s: Session, most = Infinity): ClientInfo {
  const subscriptions: { filter: string; qos: QoS }[] = [];
  for (const { filter, qos } of s.subscriptions.values()) {
    if (subscriptions.length >= most) break;
    subscriptions.push({ filter, qos });
  }
  return {
    clientId: s.clientId,
    ...(s.username === undefined ? {} : { username: s.username }),
    peer: s.peer,
    protocol: s.version === 5 ? '5.0' : '3.1.1',
    listener: s.listener,
    connected: s.conn !== null,
    since: s.since,
    keepAlive: s.keepAlive,
    subscriptions,
    messagesIn: s.messagesIn,
    messagesOut: s.messagesOut,
    queued: s.queued,
    dropped: s.dropped,
  };
}

export function clientDetail(
  { sessions, features }: BrokerContext,
  clientId: string,
): ClientDetail | { readonly departure: Departure } | undefined {
  const departure = features.departed.get(clientId);
  const s = sessions.get(clientId);
  if (s === undefined) return departure === undefined ? undefined : { departure };
  return {
    ...clientInfo(s),
    inflight: s.inflight,
    awaitingRelease: s.received.size,
    sessionExpiry: s.expiry,
    outBytes: s.conn?.outBytes ?? 0,
    ...(s.client === null ? {} : { principal: s.client.principal.name }),
    ...(departure === undefined ? {} : { departure }),
  };
}

/** DISCONNECT 0x98 with a reason for 5.0 clients; the session ends when it is asked for. False when there is no such client. */
export function kick({ sessions }: BrokerContext, clientId: string, reason: string, endSession: boolean): boolean {
  const s = sessions.get(clientId);
  if (s === undefined) return false;
  const { client } = s;
  if (endSession) s.expiry = 0;
  if (client !== null)
    client.dismiss(
      encodeDisconnect(Code.administrative, { reasonString: reason.slice(0, maxReason) }),
      `kicked: ${reason.slice(0, maxReason)}`,
    );
  else if (endSession) sessions.forget(s);
  return client !== null || endSession;
}

/** Ordered by client; `filter` keeps those whose filter is the same or is matched by it. */
export function subscriptionPage(
  { sessions }: BrokerContext,
  filter: string | undefined,
  cursor: string | undefined,
  limit = pageSize,
): Page<SubscriptionInfo> {
  const items: SubscriptionInfo[] = [];
  const max = Math.min(limit, maxPage);
  let at = 0;
  const from = cursor === undefined ? 0 : Number(cursor);
  for (const s of sessions.all()) {
    for (const sub of s.subscriptions.values()) {
      if (filter !== undefined && sub.filter !== filter && !topicMatches(filter, sub.filter)) continue;
      if (at++ < from) continue;
      if (items.length === max) return { items, next: String(from + max) };
      const { qos, noLocal, retainAsPublished, id } = sub;
      items.push({ clientId: s.clientId, filter: sub.filter, qos, noLocal, retainAsPublished, id, connected: s.conn !== null });
    }
  }
  return { items };
}

const slice = 4000;

/** Retained messages by topic, those behind `cursor`, a topic; a large store is looked through in slices. */
export async function retainedPage(
  { router }: BrokerContext,
  now: number,
  filter = '#',
  cursor?: string,
  limit = pageSize,
): Promise<Page<RetainedInfo>> {
  const max = Math.min(limit, maxPage);
  const behind = (topic: string): boolean => cursor === undefined || topic > cursor;
  let found: RetainedEntry[] = [];
  const cut = (): void => {
    found.sort((a, b) => (a.topic < b.topic ? -1 : 1));
    found = found.slice(0, max + 1);
  };
  let seen = 0;
  for (const entry of filter === '#' ? router.retained.all() : router.retained.match(filter)) {
    if (entry.message !== null && entry.message.left(now) !== 0 && behind(entry.topic)) found.push(entry);
    if (found.length > 4 * max + slice) cut();
    if (++seen % slice === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  }
  cut();
  const items = found.slice(0, max).flatMap(({ topic, message: p }): RetainedInfo[] => {
    if (p === null) return [];
    const { qos, payload, payloadStart, payloadEnd } = p;
    return [{ topic, qos, bytes: payloadEnd - payloadStart, payload: payload.subarray(payloadStart, payloadEnd), expiry: p.left(now) }];
  });
  return found.length > max ? { items, next: found[max - 1]!.topic } : { items };
}
