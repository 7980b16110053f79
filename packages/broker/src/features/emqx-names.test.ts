import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { emqxAbsent, emqxCounters, emqxGauges } from './emqx-names.ts';
import { house } from './test-house.ts';

/** The names of EMQX's that public dashboards ask for. */
const wanted = [
  ...'connections_count connections_max live_connections_count sessions_count topics_count subscriptions_count'.split(' '),
  ...'subscriptions_shared_count retained_count delayed_count messages_received messages_sent messages_publish'.split(' '),
  ...'messages_dropped messages_dropped_no_subscribers messages_delayed messages_delivered messages_acked'.split(' '),
  ...'messages_qos0_received messages_qos1_received messages_qos2_received messages_qos0_sent messages_qos1_sent'.split(' '),
  ...'messages_qos2_sent bytes_received bytes_sent packets_received packets_sent packets_connect_received'.split(' '),
  ...'packets_connack_sent packets_publish_received packets_publish_sent packets_puback_received'.split(' '),
  ...'packets_puback_sent packets_subscribe_received packets_suback_sent packets_disconnect_received'.split(' '),
  ...'client_connect client_connack client_connected client_authenticate client_subscribe client_disconnected'.split(' '),
  ...'session_created session_resumed session_takenover session_discarded session_terminated'.split(' '),
  ...'delivery_dropped delivery_dropped_too_large delivery_dropped_queue_full delivery_dropped_expired'.split(' '),
];

test('every name that applies is there, with what was counted, beside our own', async (t) => {
  const { client, broker } = await house(t);
  const s = await client('s');
  await s.sub('t', 2);
  const a = await client('a', 4);
  await a.put('t', '0');
  await a.put('t', '1', { qos: 1 });
  await a.put('t', '2', { qos: 2 });
  await a.put('u', '3');
  for (const payload of ['0', '1', '2']) await s.take('t', payload);
  await s.quiet();
  await a.bye();
  const samples = new Map(Array.from(broker.metrics(), ({ name, value, type }) => [name, { value, type }]));
  for (const name of wanted) assert.ok(samples.has(`emqx_${name}`), `emqx_${name}`);
  const values = (...names: string[]): (number | undefined)[] => names.map((name) => samples.get(`emqx_${name}`)?.value);
  assert.deepEqual(values('messages_received', 'messages_sent', 'messages_acked', 'messages_dropped_no_subscribers'), [4, 3, 2, 1]);
  assert.deepEqual(values('messages_qos0_received', 'messages_qos1_received', 'messages_qos2_received'), [2, 1, 1]);
  assert.deepEqual(values('messages_qos0_sent', 'messages_qos1_sent', 'messages_qos2_sent'), [1, 1, 1]);
  assert.deepEqual(values('client_connected', 'client_disconnected', 'session_created', 'session_terminated'), [2, 1, 2, 1]);
  assert.deepEqual(values('packets_pubrec_received', 'packets_pubrec_sent', 'packets_pubrel_sent', 'packets_connack_sent'), [1, 1, 1, 2]);
  assert.equal(samples.get('emqx_messages_received')!.value, samples.get('omh_broker_messages_received_total')!.value);
  assert.equal(samples.get('emqx_messages_received')!.type, 'counter');
  assert.equal(samples.get('emqx_sessions_count')!.type, 'gauge');
  assert.equal(
    [...Object.keys(emqxCounters), ...Object.keys(emqxGauges)].some((name) => name in emqxAbsent),
    false,
  );
});

test('the page about the features says which names are left out, and why', () => {
  const page = readFileSync(new URL('../../../../docs/broker-features.md', import.meta.url), 'utf8');
  for (const [names, why] of Object.entries(emqxAbsent)) {
    for (const name of names.split(' and ')) assert.ok(page.includes(`emqx_${name.replaceAll('.', '_')}`), name);
    assert.ok(page.includes(why.replace(/\.$/, '')), names);
  }
});
