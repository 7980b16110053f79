import assert from 'node:assert/strict';
import { test } from 'node:test';
import { house } from './test-house.ts';

const root = '$SYS/brokers/omh@127.0.0.1';

test('a subscriber gets what there is at once, then at each heartbeat and interval', async (t) => {
  const { client, clock } = await house(t);
  const s = await client('s');
  await s.sub(`${root}/uptime`);
  await s.take(`${root}/uptime`, '0 days, 0 hours, 0 minutes, 0 seconds', { retain: true });
  await s.sub(`${root}/stats/live_connections/#`);
  assert.deepEqual(
    (await s.drain()).map(({ topic, payload }) => [topic!.slice(root.length), payload]),
    [
      ['/stats/live_connections/count', '1'],
      ['/stats/live_connections/max', '0'],
    ],
  );
  await clock.advance(29_000);
  await s.quiet();
  await clock.advance(2000);
  await s.take(`${root}/uptime`, '0 days, 0 hours, 0 minutes, 30 seconds', { retain: false });
  await clock.advance(30_000);
  const later = (await s.drain()).map(({ topic }) => topic!.slice(root.length)).sort();
  assert.deepEqual(later, ['/stats/live_connections/count', '/stats/live_connections/max', '/uptime']);
});

test('version, description and counters stand under their EMQX names', async (t) => {
  const { client } = await house(t);
  const s = await client('s');
  await s.put('x', '1', { qos: 1 });
  await s.sub('$SYS/#');
  const all = new Map((await s.drain()).map(({ topic, payload }) => [topic, payload]));
  assert.equal(all.get('$SYS/brokers'), 'omh@127.0.0.1');
  assert.ok(all.get(`${root}/version`)!.length > 0 && all.get(`${root}/sysdescr`)!.length > 0);
  assert.ok(!Number.isNaN(Date.parse(all.get(`${root}/datetime`)!)));
  assert.equal(all.get(`${root}/metrics/messages/qos1/received`), '1');
  assert.equal(all.get(`${root}/metrics/messages/dropped/no_subscribers`), '1');
  assert.equal(all.get(`${root}/metrics/packets/puback/sent`), '1');
  assert.equal(all.get(`${root}/stats/subscriptions/count`), '1');
});

test('clients come and go in events of their own, for those who look', async (t) => {
  const { client } = await house(t);
  const s = await client('s');
  await s.sub(`${root}/clients/#`);
  await s.got('PUBLISH', { topic: `${root}/clients/s/subscribed` });
  const a = await client('a', 4, { username: 'ann' });
  const event = await s.got('PUBLISH', { topic: `${root}/clients/a/connected` });
  const connected = JSON.parse(event.payload!) as Record<string, unknown>;
  assert.deepEqual([connected.clientid, connected.username, connected.ipaddress], ['a', 'ann', '127.0.0.1']);
  await a.sub('t/+', 1);
  assert.match((await s.got('PUBLISH', { topic: `${root}/clients/a/subscribed` })).payload!, /"filter":"t\/\+"/);
  await a.unsub('t/+');
  await s.got('PUBLISH', { topic: `${root}/clients/a/unsubscribed` });
  await a.bye();
  assert.match((await s.got('PUBLISH', { topic: `${root}/clients/a/disconnected` })).payload!, /"reason":"normal"/);
});

test('# does not see them, nobody publishes there, and switched off there are none', async (t) => {
  const { client } = await house(t, { sys: { enabled: false, node: 'n', version: '1', heartbeatMs: 1000, intervalMs: 1000 } });
  const s = await client('s');
  await s.sub('$SYS/#');
  await s.quiet();
  const on = await house(t);
  const b = await on.client('b');
  await b.sub('#');
  await on.clock.advance(61_000);
  await b.quiet();
  b.pub(`${root}/uptime`, 'x', { qos: 1, id: 1 });
  await b.got('PUBACK', { id: 1, code: 0x87 });
});
