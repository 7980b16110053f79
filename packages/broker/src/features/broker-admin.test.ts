import assert from 'node:assert/strict';
import { test } from 'node:test';
import { house } from './test-house.ts';

test('one client is shown whole, and why it went for a while after', async (t) => {
  const { client, clock, broker } = await house(t);
  const s = await client('s', 5, { clean: false, username: 'ann', props: [[17, 60]] });
  await s.sub('t', 2);
  const a = await client('a');
  await a.put('t', '1', { qos: 1 });
  const detail = broker.client('s')!;
  assert.ok('clientId' in detail);
  assert.deepEqual(
    [detail.connected, detail.username, detail.inflight, detail.queued, detail.sessionExpiry, detail.principal, detail.subscriptions],
    [true, 'ann', 1, 0, 60, 'anyone', [{ filter: 't', qos: 2 }]],
  );
  await s.got('PUBLISH');
  await s.bye(4);
  await a.put('t', '2', { qos: 1 });
  const absent = broker.client('s')!;
  assert.ok('clientId' in absent);
  assert.deepEqual([absent.connected, absent.inflight, absent.queued, absent.departure?.reason], [false, 1, 1, 'code_0x4']);
  await a.bye();
  assert.deepEqual(broker.client('a'), {
    departure: {
      time: clock.now(),
      reason: 'normal',
      peer: `127.0.0.1:${a.raw.socket.localPort ?? portOf(broker.client('a')!)}`,
      username: undefined,
    },
  });
  assert.equal(broker.client('nobody'), undefined);
  await clock.advance(3_700_000);
  assert.equal(broker.client('a'), undefined);
});

const portOf = (gone: object): string => (gone as { departure: { peer: string } }).departure.peer.split(':').at(-1)!;

test('a client is sent away with a reason, and its session with it when asked', async (t) => {
  const { client, broker } = await house(t);
  const kept = { clean: false, props: [[17, 60]] } as const;
  const s = await client('s', 5, kept);
  assert.equal(broker.disconnect('nobody'), false);
  assert.equal(broker.disconnect('s', 'Maintenance until noon'), true);
  const last = await s.got('DISCONNECT', { code: 0x98 });
  assert.equal(s.value(last, 31), 'Maintenance until noon');
  assert.equal(broker.stats().sessions, 1);
  assert.equal(broker.disconnect('s', 'over', true), true);
  assert.equal(broker.stats().sessions, 0);
  const four = await client('four', 4, { clean: false });
  assert.equal(broker.disconnect('four', 'over', true), true);
  await four.ends();
  assert.equal(broker.stats().sessions, 0);
});

test('subscriptions are listed in pages and by filter', async (t) => {
  const { client, broker } = await house(t);
  const a = await client('a');
  for (const filter of ['x/1', 'x/2', 'y/+', '$share/g/x/#']) await a.sub(filter, 1);
  const b = await client('b', 4);
  await b.sub('x/1', 2);
  const first = broker.subscriptions(undefined, undefined, 3);
  const second = broker.subscriptions(undefined, first.next, 3);
  assert.deepEqual(
    [...first.items, ...second.items].map(({ clientId, filter, qos }) => `${clientId} ${filter} ${qos}`),
    ['a x/1 1', 'a x/2 1', 'a y/+ 1', 'a $share/g/x/# 1', 'b x/1 2'],
  );
  assert.equal(second.next, undefined);
  assert.equal(broker.subscriptions('x/+').items.length, 3);
  assert.equal(broker.subscriptions('y/+').items.length, 1);
});

test('retained messages are listed in pages and by filter, and deleted', async (t) => {
  const { client, clock, broker } = await house(t);
  const a = await client('a');
  for (let i = 0; i < 7; i++) await a.put(`r/${i}`, `p${i}`, { qos: 1, retain: true, ...(i === 6 ? { props: [[2, 5]] } : {}) });
  const first = await broker.retained(undefined, undefined, 4);
  const second = await broker.retained(undefined, first.next, 4);
  assert.deepEqual(
    [...first.items, ...second.items].map(({ topic, payload }) => `${topic} ${Buffer.from(payload).toString()}`),
    [0, 1, 2, 3, 4, 5, 6].map((i) => `r/${i} p${i}`),
  );
  assert.deepEqual([first.next, second.next, second.items.at(-1)!.expiry, first.items[0]!.expiry], ['r/3', undefined, 5, -1]);
  assert.equal((await broker.retained('r/2')).items.length, 1);
  assert.equal(broker.deleteRetained('r/2'), true);
  assert.equal(broker.deleteRetained('r/2'), false);
  await clock.advance(6000);
  assert.equal((await broker.retained('r/+')).items.length, 5);
});
