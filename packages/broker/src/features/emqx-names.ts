import type { MetricSample } from '@omh/core';
import { PacketType } from '../codec/protocol.ts';
import type { BrokerStats } from '../stats.ts';

type Reading = (s: BrokerStats) => number;
const inQos0: Reading = (s) => s.messagesIn - s.messagesInQos1 - s.messagesInQos2;
const outQos0: Reading = (s) => s.messagesOut - s.messagesOutQos1 - s.messagesOutQos2;
const received =
  (type: number): Reading =>
  (s) =>
    s.packetsIn[type]!;
const sent =
  (type: number): Reading =>
  (s) =>
    s.packetsOut[type]!;
const all = (packets: Float64Array, messages: number): number => packets.reduce((sum, n) => sum + n, 0) + messages;

/** What is there now, under EMQX's names. */
export const emqxGauges: Readonly<Record<string, Reading>> = {
  'connections.count': (s) => s.sessions,
  'connections.max': (s) => s.sessionsMax,
  'live_connections.count': (s) => s.clients,
  'live_connections.max': (s) => s.clientsMax,
  'sessions.count': (s) => s.sessions,
  'sessions.max': (s) => s.sessionsMax,
  'topics.count': (s) => s.topics,
  'topics.max': (s) => s.topicsMax,
  'subscribers.count': (s) => s.subscriptions,
  'subscribers.max': (s) => s.subscriptionsMax,
  'subscriptions.count': (s) => s.subscriptions,
  'subscriptions.max': (s) => s.subscriptionsMax,
  'subscriptions.shared.count': (s) => s.sharedSubscriptions,
  'retained.count': (s) => s.retained,
  'retained.max': (s) => s.retainedMax,
  'delayed.count': (s) => s.delayed,
};

/** What has happened since the start, under EMQX's names. */
export const emqxCounters: Readonly<Record<string, Reading>> = {
  'bytes.received': (s) => s.bytesIn,
  'bytes.sent': (s) => s.bytesOut,

  'packets.received': (s) => all(s.packetsIn, s.messagesIn),
  'packets.sent': (s) => all(s.packetsOut, s.messagesOut),
  'packets.connect.received': received(PacketType.connect),
  'packets.connack.sent': sent(PacketType.connack),
  'packets.connack.error': (s) => s.packetsOut[PacketType.connack]! - s.clientsConnected,
  'packets.connack.auth_error': (s) => s.signInsRefused,
  'packets.publish.received': (s) => s.messagesIn,
  'packets.publish.sent': (s) => s.messagesOut,
  'packets.publish.auth_error': (s) => s.publishRefused,
  'packets.puback.received': received(PacketType.puback),
  'packets.puback.sent': sent(PacketType.puback),
  'packets.pubrec.received': received(PacketType.pubrec),
  'packets.pubrec.sent': sent(PacketType.pubrec),
  'packets.pubrel.received': received(PacketType.pubrel),
  'packets.pubrel.sent': sent(PacketType.pubrel),
  'packets.pubcomp.received': received(PacketType.pubcomp),
  'packets.pubcomp.sent': sent(PacketType.pubcomp),
  'packets.subscribe.received': received(PacketType.subscribe),
  'packets.suback.sent': sent(PacketType.suback),
  'packets.unsubscribe.received': received(PacketType.unsubscribe),
  'packets.unsuback.sent': sent(PacketType.unsuback),
  'packets.pingreq.received': received(PacketType.pingreq),
  'packets.pingresp.sent': sent(PacketType.pingresp),
  'packets.disconnect.received': received(PacketType.disconnect),
  'packets.disconnect.sent': sent(PacketType.disconnect),
  'packets.auth.received': received(PacketType.auth),
  'packets.auth.sent': sent(PacketType.auth),

  'messages.received': (s) => s.messagesIn,
  'messages.sent': (s) => s.messagesOut,
  'messages.publish': (s) => s.messagesIn + s.messagesLocal,
  'messages.qos0.received': inQos0,
  'messages.qos1.received': (s) => s.messagesInQos1,
  'messages.qos2.received': (s) => s.messagesInQos2,
  'messages.qos0.sent': outQos0,
  'messages.qos1.sent': (s) => s.messagesOutQos1,
  'messages.qos2.sent': (s) => s.messagesOutQos2,
  'messages.dropped': (s) => s.droppedNoSubscribers + s.publishRefused,
  'messages.dropped.no_subscribers': (s) => s.droppedNoSubscribers,
  'messages.delayed': (s) => s.messagesDelayed,
  'messages.delivered': (s) => s.messagesOut,
  'messages.acked': (s) => s.messagesAcked,

  'delivery.dropped': (s) => s.droppedSlow + s.droppedQueue + s.droppedExpired + s.droppedTooLarge,
  'delivery.dropped.too_large': (s) => s.droppedTooLarge,
  'delivery.dropped.qos0_msg': (s) => s.droppedSlow,
  'delivery.dropped.queue_full': (s) => s.droppedQueue,
  'delivery.dropped.expired': (s) => s.droppedExpired,

  'client.connect': received(PacketType.connect),
  'client.connack': sent(PacketType.connack),
  'client.connected': (s) => s.clientsConnected,
  'client.authenticate': received(PacketType.connect),
  'client.subscribe': received(PacketType.subscribe),
  'client.unsubscribe': received(PacketType.unsubscribe),
  'client.disconnected': (s) => s.clientsDisconnected,

  'session.created': (s) => s.sessionsCreated,
  'session.resumed': (s) => s.sessionsResumed,
  'session.takenover': (s) => s.sessionsTakenOver,
  'session.discarded': (s) => s.sessionsDiscarded,
  'session.terminated': (s) => s.sessionsTerminated,

  'authentication.success': (s) => s.clientsConnected,
  'authentication.failure': (s) => s.signInsRefused,
};

/** Names of EMQX's that this broker has nothing for. */
export const emqxAbsent: Readonly<Record<string, string>> = {
  'messages.forward': 'There is one node: nothing is forwarded between nodes.',
  'messages.dropped.expired': 'Messages expire in queues and are counted in delivery.dropped.expired.',
  'messages.dropped.await_pubrel_timeout': 'A publisher may take as long as it likes for PUBREL.',
  'messages.retained': 'retained.count says how many there are.',
  'delivery.dropped.no_local': 'What a client asked not to get is not counted as lost.',
  'client.authorize': 'A permission is asked for once per connection and topic, so that a count would say little.',
  'client.auth.anonymous': 'Clients without credentials are counted with all others.',
  'authorization.*': 'Refusals are in packets.publish.auth_error and in the log; verdicts are cached per connection.',
  'durable_subscriptions.count': 'Every subscription of a kept session is durable.',
  'channels.*': 'A connection is no process of its own.',
  'vm.*': 'Node has other figures: nodejs_* and process_* say them.',
  'rule.* and action.*': 'omh_rules_* and omh_connectors_* count rules and apps.',
  'cert.expiry_at': 'The health of the broker says which certificate ends when.',
};

const nameOf = (name: string): string => `emqx_${name.replaceAll('.', '_')}`;

/** Every reading under the name that EMQX gives it at `/prometheus/stats`. */
export function* emqxSamples(s: BrokerStats): Iterable<MetricSample> {
  for (const [name, read] of Object.entries(emqxGauges)) yield { name: nameOf(name), value: read(s), type: 'gauge' };
  for (const [name, read] of Object.entries(emqxCounters)) yield { name: nameOf(name), value: read(s), type: 'counter' };
}
