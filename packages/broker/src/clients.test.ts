import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { eventually, openBroker, tcpPort } from './test-support.ts';

const run = promisify(execFile);

for (const protocolVersion of [4, 5] as const) {
  for (const listener of ['tcp', 'ws'] as const) {
    test(`MQTT.js speaks ${protocolVersion} over ${listener}: all QoS, retained, large payloads, wildcards, unsubscribe`, async () => {
      const broker = await openBroker();
      const url = broker.addresses()[listener]!;
      const sub = await mqtt.connectAsync(url, { protocolVersion, reconnectPeriod: 0, clientId: 'sub' });
      const got: string[] = [];
      sub.on('message', (topic, payload, packet) =>
        got.push(`${topic} ${payload.length > 100 ? payload.length : payload.toString()} ${packet.qos}${packet.retain ? ' retained' : ''}`),
      );
      const pub = await mqtt.connectAsync(url, { protocolVersion, reconnectPeriod: 0, clientId: 'pub' });
      await pub.publishAsync('plant/kept', 'k', { qos: 1, retain: true });
      assert.deepEqual(
        (await sub.subscribeAsync('plant/#', { qos: 2 })).map((g) => g.qos),
        [2],
      );
      for (const qos of [0, 1, 2] as const) await pub.publishAsync(`plant/${qos}`, `v${qos}`, { qos });
      await pub.publishAsync('plant/large', Buffer.alloc(300_000, 1), { qos: 1 });
      await eventually(() => got.length === 5, 'five messages');
      assert.deepEqual(got, ['plant/kept k 1 retained', 'plant/0 v0 0', 'plant/1 v1 1', 'plant/2 v2 2', 'plant/large 300000 1']);
      const info = broker.clients().find((c) => c.clientId === 'sub')!;
      assert.deepEqual(
        [info.protocol, info.listener, info.connected, info.subscriptions, info.messagesOut],
        [protocolVersion === 5 ? '5.0' : '3.1.1', listener, true, [{ filter: 'plant/#', qos: 2 }], 5],
      );
      await sub.unsubscribeAsync('plant/#');
      await pub.publishAsync('plant/1', 'late', { qos: 1 });
      await sub.endAsync();
      await pub.endAsync();
      assert.equal(got.length, 5);
      await eventually(() => broker.stats().connections === 0, 'the end of both connections');
      assert.deepEqual(
        [broker.stats().clients, broker.stats().sessions, broker.stats().subscriptions, broker.stats().protocolErrors],
        [0, 0, 0, 0],
      );
      await broker.stop();
    });
  }
}

test('5.0 request and response: properties, user properties, expiry and subscription identifier arrive', async () => {
  const broker = await openBroker();
  const a = await mqtt.connectAsync(broker.addresses().tcp!, { protocolVersion: 5, reconnectPeriod: 0 });
  const packet = new Promise<mqtt.IPublishPacket>((resolve) => {
    a.on('message', (_t, _p, p) => resolve(p));
  });
  await a.subscribeAsync('req', { qos: 1, properties: { subscriptionIdentifier: 42 } });
  await a.publishAsync('req', 'q', {
    qos: 1,
    properties: {
      responseTopic: 'answer/1',
      correlationData: Buffer.from('c1'),
      contentType: 'text/plain',
      messageExpiryInterval: 60,
      userProperties: { a: ['1', '2'] },
      payloadFormatIndicator: true,
    },
  });
  const p = (await packet).properties!;
  assert.deepEqual(
    [
      p.responseTopic,
      p.correlationData?.toString(),
      p.contentType,
      p.messageExpiryInterval,
      p.subscriptionIdentifier,
      p.payloadFormatIndicator,
    ],
    ['answer/1', 'c1', 'text/plain', 60, 42, true],
  );
  assert.deepEqual(p.userProperties?.a, ['1', '2']);
  await a.endAsync();
  await broker.stop();
});

test('a shared subscription gives each message to one member and goes on when a member leaves', async () => {
  const broker = await openBroker();
  const url = broker.addresses().tcp!;
  const counts = [0, 0, 0];
  const members = await Promise.all(
    [0, 1, 2].map(async (i) => {
      const c = await mqtt.connectAsync(url, { protocolVersion: i === 0 ? 4 : 5, reconnectPeriod: 0 });
      c.on('message', () => {
        counts[i]!++;
      });
      await c.subscribeAsync('$share/workers/job/+', { qos: 1 });
      return c;
    }),
  );
  const pub = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
  for (let i = 0; i < 30; i++) await pub.publishAsync(`job/${i}`, 'x', { qos: 1 });
  await eventually(() => counts.reduce((a, b) => a + b) === 30, 'thirty deliveries');
  assert.deepEqual(counts, [10, 10, 10]);
  await members[0]!.endAsync();
  for (let i = 0; i < 10; i++) await pub.publishAsync(`job/${i}`, 'x', { qos: 0 });
  await eventually(() => counts.reduce((a, b) => a + b) === 40, 'forty deliveries');
  assert.deepEqual(counts, [10, 15, 15]);
  await Promise.all([...members.slice(1), pub].map((c) => c.endAsync()));
  await broker.stop();
});

test('what a member of a shared subscription left unacknowledged goes to another', async () => {
  const broker = await openBroker();
  const url = broker.addresses().tcp!;
  const silent = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, clientId: 'silent' });
  silent.handleMessage = () => {};
  await silent.subscribeAsync('$share/g/t', { qos: 1 });
  const pub = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
  await pub.publishAsync('t', 'left', { qos: 1 });
  const got: string[] = [];
  const heir = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
  heir.on('message', (_t, p) => got.push(p.toString()));
  await heir.subscribeAsync('$share/g/t', { qos: 1 });
  silent.stream.destroy();
  await eventually(() => got.length === 1, 'the message to change hands');
  assert.deepEqual(got, ['left']);
  await pub.endAsync();
  await heir.endAsync();
  silent.end(true);
  await broker.stop();
});

test('sign-in and permissions: refused clients, refused topics, and what each version hears', async () => {
  const broker = await openBroker({
    authenticate: async ({ username, password, anonymousAllowed }) => {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (username === undefined) return anonymousAllowed ? { kind: 'anonymous', name: 'anonymous', permissions: [] } : undefined;
      return Buffer.from(password ?? []).toString() === 'right' ? { kind: 'device', name: username, permissions: [] } : undefined;
    },
    authorize: (p, action, topic) => p.name === 'press' && (action === 'publish' ? topic.startsWith('press/') : topic === 'press/#'),
  });
  const url = broker.addresses().tcp!;
  await assert.rejects(mqtt.connectAsync(url, { protocolVersion: 5, username: 'press', password: 'wrong', reconnectPeriod: 0 }), {
    code: 0x87,
  });
  await assert.rejects(mqtt.connectAsync(url, { protocolVersion: 4, username: 'press', password: 'wrong', reconnectPeriod: 0 }), {
    code: 5,
  });
  const five = await mqtt.connectAsync(url, { protocolVersion: 5, username: 'press', password: 'right', reconnectPeriod: 0 });
  const got: string[] = [];
  five.on('message', (topic) => got.push(topic));
  await five.subscribeAsync('press/#', { qos: 1 });
  await assert.rejects(five.subscribeAsync('#', { qos: 1 }), /Not authorized/);
  await assert.rejects(five.publishAsync('other', 'x', { qos: 1 }), { code: 0x87 });
  await assert.rejects(five.publishAsync('other', 'x', { qos: 2 }), { code: 0x87 });
  await assert.rejects(five.publishAsync('$SYS/x', 'x', { qos: 1 }), { code: 0x87 });
  const four = await mqtt.connectAsync(url, { protocolVersion: 4, username: 'press', password: 'right', reconnectPeriod: 0 });
  await four.publishAsync('other', 'x', { qos: 1 });
  await four.publishAsync('other', 'x', { qos: 2 });
  await four.publishAsync('press/1', 'x', { qos: 2 });
  await eventually(() => got.length === 1, 'the allowed message');
  assert.deepEqual(got, ['press/1']);
  assert.equal(broker.stats().publishRefused, 5);
  assert.equal(broker.clients()[0]!.username, 'press');
  await five.endAsync();
  await four.endAsync();
  await broker.stop();
});

test('mosquitto_pub and mosquitto_sub talk through it in both versions', async (t) => {
  if (spawnSync('mosquitto_pub', ['--help']).error) {
    t.skip('mosquitto-clients not found: apt-get install mosquitto-clients');
    return;
  }
  const broker = await openBroker();
  const port = String(tcpPort(broker));
  for (const version of ['311', '5']) {
    const sub = run('mosquitto_sub', ['-p', port, '-V', version, '-t', 'm/#', '-q', '2', '-C', '3', '-W', '5', '-F', '%t %p']);
    await eventually(() => broker.stats().subscriptions === 1, 'the subscription');
    for (const qos of ['0', '1', '2'])
      await run('mosquitto_pub', ['-p', port, '-V', version, '-t', `m/${qos}`, '-q', qos, '-m', `v${qos}`]);
    assert.equal((await sub).stdout, 'm/0 v0\nm/1 v1\nm/2 v2\n');
    await eventually(() => broker.stats().connections === 0, 'the end of all connections');
  }
  await broker.stop();
});
