import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import type { AutoSubscription } from './feature-options.ts';
import { house } from './test-house.ts';

const row = (filter: string, more: Partial<AutoSubscription> = {}): AutoSubscription => ({
  filter,
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
  ...more,
});

test('a client has its subscriptions when it hears CONNACK, with its own name in them', async (t) => {
  const { client, broker } = await house(t, {
    autoSubscribe: [row('c/${clientid}/#'), row('u/${username}'), row('all', { noLocal: true, qos: 0 }), row('at/${host}')],
  });
  const publish = (topic: string, retain = false): Promise<void> =>
    broker.bus.publish({ topic, payload: topic, qos: 1, retain, principal: partPrincipal('hub') })!;
  await publish('c/a/1', true);
  const a = await client('a', 5, { username: 'ann' });
  await a.take('c/a/1', 'c/a/1', { retain: true });
  for (const topic of ['c/a/2', 'c/b/2', 'u/ann', 'all', 'at/127.0.0.1']) await publish(topic);
  await a.take('c/a/2', 'c/a/2', { qos: 1 });
  await a.take('u/ann', 'u/ann');
  await a.take('all', 'all', { qos: 0 });
  await a.take('at/127.0.0.1', 'at/127.0.0.1');
  await a.quiet();
  await a.put('all', 'own');
  assert.deepEqual(broker.subscriptions().items.filter(({ clientId }) => clientId === 'a').length, 4);
});

test('a name that would reach other levels gets no subscription with it, and no permission is asked', async (t) => {
  const { client, broker } = await house(t, { autoSubscribe: [row('c/${clientid}')] }, { authorize: (_p, action) => action === 'publish' });
  await client('a/#');
  await client('b', 4);
  assert.deepEqual(
    broker.subscriptions().items.map(({ clientId, filter }) => [clientId, filter]),
    [['b', 'c/b']],
  );
});

test('a kept session takes its retained messages once when retain handling is 1', async (t) => {
  const { client, broker } = await house(t, { autoSubscribe: [row('r', { retainHandling: 1 })] });
  await broker.bus.publish({ topic: 'r', payload: 'kept', qos: 1, retain: true, principal: partPrincipal('hub') });
  const kept = { clean: false, props: [[17, 60]] } as const;
  const first = await client('a', 5, kept);
  await first.take('r', 'kept');
  await first.bye();
  const second = await client('a', 5, kept);
  await second.quiet();
});
