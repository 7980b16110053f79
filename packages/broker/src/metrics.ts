import { defineMetrics } from '@omh/core';
import type { MetricSample } from '@omh/core';
import type { DurableStore } from './durable/durable-store.ts';
import type { ListenerInfo } from './listen/listener.ts';
import { emqxSamples } from './features/emqx-names.ts';
import type { BrokerStats } from './stats.ts';

export const metrics = defineMetrics({
  omh_broker_connections: { type: 'gauge', help: 'Open network connections.' },
  omh_broker_connections_total: { type: 'counter', help: 'Network connections accepted since start.' },
  omh_broker_connections_refused_total: { type: 'counter', help: 'Connections refused: limit, credentials, protocol.' },
  omh_broker_connections_banned_total: { type: 'counter', help: 'Connections kept out by a ban.' },
  omh_broker_connections_delayed_total: { type: 'counter', help: 'Connections that waited because too many came at once.' },
  omh_broker_tls_failures_total: { type: 'counter', help: 'TLS handshakes that failed and client certificates that are not trusted.' },
  omh_broker_proxy_failures_total: { type: 'counter', help: 'Connections without a good PROXY header from a trusted proxy.' },
  omh_broker_rate_pauses_total: { type: 'counter', help: 'Times a client was read from more slowly because it sent more than it may.' },
  omh_broker_listener_connections: { type: 'gauge', help: 'Open network connections by listener.', labels: ['listener'] },
  omh_broker_listener_waiting: { type: 'gauge', help: 'Accepted connections that are not let in yet.', labels: ['listener'] },
  omh_broker_certificate_expiry_seconds: {
    type: 'gauge',
    help: 'When the certificate of a listener ends, Unix time.',
    labels: ['listener'],
  },
  omh_broker_sessions: { type: 'gauge', help: 'Sessions, connected or waiting for their client.' },
  omh_broker_subscriptions: { type: 'gauge', help: 'Subscriptions of clients.' },
  omh_broker_retained_messages: { type: 'gauge', help: 'Retained messages.' },
  omh_broker_retained_bytes: { type: 'gauge', help: 'Bytes of retained messages.' },
  omh_broker_queued_messages: { type: 'gauge', help: 'QoS 1 and 2 messages waiting for their session.' },
  omh_broker_queued_bytes: { type: 'gauge', help: 'Bytes of messages waiting for their session.' },
  omh_broker_messages_received_total: { type: 'counter', help: 'PUBLISH packets from clients.' },
  omh_broker_messages_sent_total: { type: 'counter', help: 'PUBLISH packets to clients.' },
  omh_broker_messages_local_total: { type: 'counter', help: 'Messages published by parts of the hub.' },
  omh_broker_messages_dropped_total: { type: 'counter', help: 'Deliveries that were dropped.', labels: ['reason'] },
  omh_broker_received_bytes_total: { type: 'counter', help: 'Bytes read from clients.' },
  omh_broker_sent_bytes_total: { type: 'counter', help: 'Bytes written to clients.' },
  omh_broker_log_records_total: { type: 'counter', help: 'Groups of changes written to the log of kept sessions and retained messages.' },
  omh_broker_log_held_bytes: { type: 'gauge', help: 'Bytes of the log that the disk has not taken.' },
  omh_broker_log_disk_bytes: { type: 'gauge', help: 'Bytes of the log on the disk.' },
  omh_broker_log_failures_total: { type: 'counter', help: 'Writes and syncs of the log that failed.' },
  omh_broker_log_snapshots_total: { type: 'counter', help: 'How often the log was written anew to forget what is over.' },
  omh_broker_protocol_errors_total: { type: 'counter', help: 'Connections closed because of what the client sent.' },
  omh_broker_publish_refused_total: { type: 'counter', help: 'Publications refused by permissions.' },
  omh_broker_delayed_messages: { type: 'gauge', help: 'Messages that are published later.' },
  omh_broker_shared_subscriptions: { type: 'gauge', help: 'Members of shared subscriptions.' },
  omh_broker_messages_acked_total: { type: 'counter', help: 'PUBACK and PUBCOMP of clients.' },
  omh_broker_messages_untaken_total: { type: 'counter', help: 'Messages of clients that nobody was subscribed to.' },
  omh_broker_link_up: { type: 'gauge', help: '1 while this connection to the external broker stands.', labels: ['link'] },
  omh_broker_link_connects_total: { type: 'counter', help: 'How often this connection to the external broker was made.', labels: ['link'] },
  omh_broker_link_received_total: { type: 'counter', help: 'Messages that the external broker delivered.' },
  omh_broker_link_unclaimed_total: { type: 'counter', help: 'Messages of the external broker that no reader is there for.' },
  omh_broker_link_unacknowledged: { type: 'gauge', help: 'Messages of the external broker that durable readers work on.' },
  omh_broker_outbox_messages: { type: 'gauge', help: 'QoS 1 and 2 messages that the external broker has not taken.' },
  omh_broker_outbox_bytes: { type: 'gauge', help: 'Bytes of messages that the external broker has not taken.' },
  omh_broker_outbox_dropped_total: {
    type: 'counter',
    help: 'Messages for the external broker that were dropped, or refused to their publisher: offline, slow, full.',
    labels: ['reason'],
  },
  omh_broker_redelivered_total: { type: 'counter', help: 'Messages that were given to a durable reader once more.' },
  omh_broker_given_up_total: { type: 'counter', help: 'Messages that a durable reader could never take.' },
  omh_broker_reader_errors_total: { type: 'counter', help: 'In-process readers that failed on a message.' },
});

export function* logSamples(store: DurableStore): Iterable<MetricSample> {
  const { records, heldBytes, diskBytes, failures } = store.stats();
  yield { name: 'omh_broker_log_records_total', value: records };
  yield { name: 'omh_broker_log_held_bytes', value: heldBytes };
  yield { name: 'omh_broker_log_disk_bytes', value: diskBytes };
  yield { name: 'omh_broker_log_failures_total', value: failures };
  yield { name: 'omh_broker_log_snapshots_total', value: store.snapshots };
}

export function* samples(s: BrokerStats): Iterable<MetricSample> {
  yield { name: 'omh_broker_connections', value: s.connections };
  yield { name: 'omh_broker_connections_total', value: s.connectionsTotal };
  yield { name: 'omh_broker_connections_refused_total', value: s.connectionsRefused };
  yield { name: 'omh_broker_connections_banned_total', value: s.connectionsBanned };
  yield { name: 'omh_broker_connections_delayed_total', value: s.connectionsDelayed };
  yield { name: 'omh_broker_tls_failures_total', value: s.tlsFailures };
  yield { name: 'omh_broker_proxy_failures_total', value: s.proxyFailures };
  yield { name: 'omh_broker_rate_pauses_total', value: s.ratePauses };
  yield { name: 'omh_broker_sessions', value: s.sessions };
  yield { name: 'omh_broker_subscriptions', value: s.subscriptions };
  yield { name: 'omh_broker_retained_messages', value: s.retained };
  yield { name: 'omh_broker_retained_bytes', value: s.retainedBytes };
  yield { name: 'omh_broker_queued_messages', value: s.queued };
  yield { name: 'omh_broker_queued_bytes', value: s.queuedBytes };
  yield { name: 'omh_broker_messages_received_total', value: s.messagesIn };
  yield { name: 'omh_broker_messages_sent_total', value: s.messagesOut };
  yield { name: 'omh_broker_messages_local_total', value: s.messagesLocal };
  yield { name: 'omh_broker_messages_dropped_total', value: s.droppedSlow, labels: { reason: 'slow' } };
  yield { name: 'omh_broker_messages_dropped_total', value: s.droppedQueue, labels: { reason: 'queue' } };
  yield { name: 'omh_broker_messages_dropped_total', value: s.droppedExpired, labels: { reason: 'expired' } };
  yield { name: 'omh_broker_messages_dropped_total', value: s.droppedTooLarge, labels: { reason: 'too_large' } };
  yield { name: 'omh_broker_messages_dropped_total', value: s.droppedRetained, labels: { reason: 'retained_full' } };
  yield { name: 'omh_broker_received_bytes_total', value: s.bytesIn };
  yield { name: 'omh_broker_sent_bytes_total', value: s.bytesOut };
  yield { name: 'omh_broker_protocol_errors_total', value: s.protocolErrors };
  yield { name: 'omh_broker_publish_refused_total', value: s.publishRefused };
  yield { name: 'omh_broker_reader_errors_total', value: s.readerErrors };
  yield { name: 'omh_broker_delayed_messages', value: s.delayed };
  yield { name: 'omh_broker_shared_subscriptions', value: s.sharedSubscriptions };
  yield { name: 'omh_broker_messages_acked_total', value: s.messagesAcked };
  yield { name: 'omh_broker_messages_untaken_total', value: s.droppedNoSubscribers };
  yield* emqxSamples(s);
}

export function* listenerSamples(infos: Iterable<ListenerInfo>): Iterable<MetricSample> {
  for (const { name: listener, connections, waiting, certificate } of infos) {
    yield { name: 'omh_broker_listener_connections', value: connections, labels: { listener } };
    yield { name: 'omh_broker_listener_waiting', value: waiting, labels: { listener } };
    if (certificate) yield { name: 'omh_broker_certificate_expiry_seconds', value: certificate.validTo / 1e6, labels: { listener } };
  }
}
