import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authorize } from './broker-context.ts';
import { connect, subscribe } from './conformance/packets.ts';
import { World } from './conformance/world.ts';
import { openBroker, tcpPort } from './test-support.ts';

async function world(authorize: Authorize, use: (x: World) => Promise<void>): Promise<void> {
  const broker = await openBroker({ authorize, authenticate: () => ({ kind: 'device', name: 'd', permissions: [] }) });
  const nothing = async (): Promise<void> => {};
  const server = { port: tcpPort(broker), wsUrl: undefined, pass: nothing, settled: nothing, stop: () => broker.stop() };
  const x = new World({ name: 'omh', strict: true, open: () => Promise.resolve(server) }, server, 5, 3000);
  try {
    await use(x);
  } finally {
    await x.end();
  }
}

test('a permission is asked with the client, QoS and RETAIN, also for wills and subscriptions', async () => {
  const asked: unknown[] = [];
  await world(
    (principal, action, topic, client, qos, retain) => {
      asked.push([principal.name, action, topic, client.clientId, client.username, /^127\.0\.0\.1:\d+$/.test(client.peer), qos, retain]);
      return topic !== 'w/forbidden';
    },
    async (x) => {
      const a = await x.join('a', { username: 'u', will: { topic: 'w', qos: 1, retain: true } });
      await a.sub('$share/g/s', 2);
      await a.put('t', 'x', { qos: 1 });
      await a.put('t', 'x', { qos: 2, retain: true });
      const b = await x.open();
      b.send(connect(5, 'b', { will: { topic: 'w/forbidden' } }));
      await b.refused(0x87);
    },
  );
  assert.deepEqual(asked, [
    ['d', 'publish', 'w', 'a', 'u', true, 1, true],
    ['d', 'subscribe', 's', 'a', 'u', true, 2, false],
    ['d', 'publish', 't', 'a', 'u', true, 0, false],
    ['d', 'publish', 'w/forbidden', 'b', undefined, true, 0, false],
  ]);
});

test('one that looks at QoS and RETAIN is asked for each message', async () => {
  const check: Authorize = (_principal, action, _topic, _client, qos, retain) => action === 'subscribe' || (qos < 2 && !retain);
  await world(Object.assign(check, { byFlags: true }), async (x) => {
    const s = await x.join('s');
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    p.pub('t', '2', { qos: 2, id: 7 });
    await p.got('PUBREC', { id: 7, code: 0x87 });
    p.pub('t', '3', { qos: 1, id: 8, retain: true });
    await p.got('PUBACK', { id: 8, code: 0x87 });
    await p.put('t', '4');
    for (const payload of ['1', '4']) await s.take('t', payload);
    await s.quiet();
  });
});

test('one that throws refuses', async () => {
  const broken: Authorize = () => {
    throw new Error('the list is gone');
  };
  await world(broken, async (x) => {
    const a = await x.join('a');
    a.send(subscribe(5, 3, [['t', 0]]));
    await a.got('SUBACK', { id: 3, codes: [0x87] });
    a.pub('t', 'x', { qos: 1, id: 4 });
    await a.got('PUBACK', { id: 4, code: 0x87 });
  });
});
