import { defineMetrics } from '@omh/core';
import type { MetricSample } from '@omh/core';
import type { BrokerStats } from './stats.ts';

export const metrics = defineMetrics({
  omh_broker_connections: { type: 'gauge', help: 'Open network connections.' },
  omh_broker_connections_total: { type: 'counter', help: 'Network connections accepted since start.' },
  omh_broker_connections_refused_total: { type: 'counter', help: 'Connections refused: limit, credentials, protocol.' },
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
  omh_broker_protocol_errors_total: { type: 'counter', help: 'Connections closed because of what the client sent.' },
  omh_broker_publish_refused_total: { type: 'counter', help: 'Publications refused by permissions.' },
  omh_broker_reader_errors_total: { type: 'counter', help: 'In-process readers that failed on a message.' },
});

export function* samples(s: BrokerStats): Iterable<MetricSample> {
  yield { name: 'omh_broker_connections', value: s.connections };
  yield { name: 'omh_broker_connections_total', value: s.connectionsTotal };
  yield { name: 'omh_broker_connections_refused_total', value: s.connectionsRefused };
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
}
