import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Hub } from './hub.ts';
import { file, hub, me, until } from './testing/running-hub.ts';

interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly packet: IPublishPacket;
}

async function client(t: TestContext, h: Hub, options: IClientOptions = {}): Promise<{ client: MqttClient; got: Message[] }> {
  const made = mqtt.connect(h.mqttAddresses().tcp!, { protocolVersion: 5, reconnectPeriod: 0, ...options });
  t.after(() => made.end(true));
  const got: Message[] = [];
  made.on('message', (topic, payload, packet) => got.push({ topic, payload: payload.toString(), retain: packet.retain, packet }));
  made.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    made.once('connect', () => resolve());
    made.once('error', reject);
  });
  return { client: made, got };
}
const vqt = (message: Message): { v: unknown; q: string; t: number; r?: string } =>
  JSON.parse(message.payload) as { v: unknown; q: string; t: number; r?: string };

/** Who may write below acme. */
function writer(h: Hub): IClientOptions {
  const admin = h.access.byToken('a-token-of-more-than-24-characters')!;
  const { secret } = h.access.createToken(admin, {
    name: 'writer',
    permissions: [
      'mqtt.publish acme/#',
      'mqtt.publish answers/#',
      'mqtt.subscribe answers/#',
      'mqtt.subscribe closed/#',
      'tag.write acme/press/#',
    ],
  });
  return { username: 'writer', password: secret };
}

/** The reason code that a QoS 1 publication is acknowledged with. */
const code = (c: MqttClient, topic: string, payload: string, properties: NonNullable<IPublishPacket['properties']> = {}): Promise<number> =>
  new Promise((resolve) => {
    c.publish(topic, payload, { qos: 1, properties }, (error, packet) =>
      resolve((error as { code?: number } | undefined)?.code ?? (packet as { reasonCode?: number } | undefined)?.reasonCode ?? 0),
    );
  });

test('a tag is a topic: its value comes retained at once, then with each cycle, and _meta says what it is', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { client: c, got } = await client(t, h);
  await c.subscribeAsync('acme/press/#');
  await until('three values with their meta, and three cycles', () => got.length >= 6 + 9);
  const first = got.slice(0, 6);
  assert.ok(first.every(({ retain }) => retain));
  assert.deepEqual(first.map(({ topic }) => topic).sort(), [
    'acme/press/humidity',
    'acme/press/humidity/_meta',
    'acme/press/output',
    'acme/press/output/_meta',
    'acme/press/temperature',
    'acme/press/temperature/_meta',
  ]);
  const temperature = vqt(first.find(({ topic }) => topic === 'acme/press/temperature')!);
  assert.equal(temperature.q, 'good');
  assert.ok((temperature.v as number) >= 280 && Math.abs(Date.now() - temperature.t) < 5000, JSON.stringify(temperature));
  const meta = JSON.parse(first.find(({ topic }) => topic === 'acme/press/humidity/_meta')!.payload) as Record<string, unknown>;
  assert.deepEqual([meta['type'], meta['unit'], meta['access']], ['int16', '%', 'read']);
  assert.deepEqual(meta['source'], {
    kind: 'device',
    device: 'press',
    group: 'g',
    tag: 'humidity',
    driver: 'modbus-tcp',
    address: '1!40002',
  });
  const live = got.slice(6);
  assert.ok(live.every(({ retain, topic }) => !retain && !topic.endsWith('_meta')));
});

test('nobody but the hub publishes a tag or its _meta', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { client: c, got } = await client(t, h);
  await c.subscribeAsync('acme/press/temperature', { qos: 1 });
  await until('the hub speaks', () => got.length > 0);
  assert.equal(await code(c, 'acme/press/temperature', '{"v":1}'), 0x87);
  assert.equal(await code(c, 'acme/press/temperature/_meta', '{}'), 0x87);
  await c.publishAsync('acme/press/temperature', 'forged', { qos: 0, retain: true });
  await assert.rejects(
    h.bus.publish({ topic: 'acme/press/temperature', payload: 'x', qos: 1, principal: me })!,
    /only the hub publishes it/,
  );
  const n = got.length;
  await until('more values', () => got.length > n + 2);
  assert.ok(got.every(({ payload }) => /^\{"v":\d+,"q":"good"/.test(payload)));
});

test('a write over MQTT is acknowledged after the device confirmed, or with the code of its refusal', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { client: c, got } = await client(t, h, writer(h));
  await c.subscribeAsync('answers/#', { qos: 1 });
  assert.equal(
    await code(c, 'acme/press/output/set', '{"v":true,"reason":"a test"}', {
      responseTopic: 'answers/1',
      correlationData: Buffer.from('7'),
    }),
    0,
  );
  await until('the value is read back', () => h.values.byPath('acme/press/output')!.value === true);
  await until('an answer', () => got.length === 1);
  assert.deepEqual([got[0]!.topic, got[0]!.payload], ['answers/1', '{"result":"ok"}']);
  assert.equal(String(got[0]!.packet.properties?.correlationData), '7');
  assert.equal(await code(c, 'acme/press/output/set', 'false'), 0);
  assert.equal(await code(c, 'acme/press/output/set', 'no json'), 0x99);
  assert.equal(await code(c, 'acme/press/output/set', '{"value":true}'), 0x99);
  assert.equal(await code(c, 'acme/press/temperature/set', '1', { responseTopic: 'answers/2' }), 0x99, 'read only');
  await until('a problem', () => got.length === 2);
  assert.equal((JSON.parse(got[1]!.payload) as { code: string }).code, 'ACQUISITION_NOT_WRITABLE');
  await c.subscribeAsync('closed/#');
  assert.equal(await code(c, 'acme/press/output/set', 'false', { responseTopic: 'closed/1' }), 0, 'reads there, may not publish there');
  assert.equal(await code(c, 'acme/press/output/set', 'false', { responseTopic: 'answers/3' }), 0);
  await until('the answer after it', () => got.length === 3);
  assert.deepEqual(got[2]!.topic, 'answers/3');
  const records = (await h.access.audit.list({ verb: 'tag.write' })).records.map(({ who, what, result }) => `${who} ${what} ${result}`);
  assert.equal(records.filter((line) => line === 'hub/writer acme/press/output ok').length, 4, records.join('\n'));
  assert.ok(records.includes('hub/writer acme/press/temperature refused'), records.join('\n'));
});

test('who may publish but not write is refused, and a retained command is not kept', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { client: anyone, got } = await client(t, h);
  await anyone.subscribeAsync('acme/press/output/set');
  assert.equal(await code(anyone, 'acme/press/output/set', 'true'), 0x87);
  const { client: c } = await client(t, h, writer(h));
  await c.publishAsync('acme/press/output/set', 'true', { qos: 1, retain: true });
  await until('the command', () => got.length === 1);
  assert.equal(h.values.byPath('acme/press/output') !== undefined && got[0]!.payload, 'true');
  const { client: later, got: kept } = await client(t, h);
  await later.subscribeAsync('acme/press/output/#');
  await until('the value and its meta', () => kept.length >= 2);
  assert.ok(kept.every(({ topic }) => !topic.endsWith('/set')));
});

test('a tag that is deleted or renamed clears its topics, a changed one says so in _meta', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const { client: c, got } = await client(t, h);
  await c.subscribeAsync('acme/#');
  await until('values', () => got.length > 6);
  const tags = 'devices/press/groups/g/tags';
  await h.edit([{ op: 'replace', path: `${tags}/humidity/unit`, value: 'kg' }], me);
  await until('the new meta', () => got.some(({ topic, payload }) => topic === 'acme/press/humidity/_meta' && payload.includes('"kg"')));
  await h.edit([{ op: 'remove', path: `${tags}/temperature` }], me);
  await until('both are cleared', () => got.filter(({ payload }) => payload === '').length === 2);
  assert.deepEqual(
    got.filter(({ payload }) => payload === '').map(({ topic }) => topic),
    ['acme/press/temperature', 'acme/press/temperature/_meta'],
  );
  await until('the index follows', () => h.namespace.size === 2);
  const page = h.namespace.children('acme/press', { whole: () => true, some: () => true, tag: () => true }, 10)!;
  assert.deepEqual(
    page.rows.map(({ name }) => name),
    ['humidity', 'output'],
  );
  assert.equal(await code(c, 'acme/press/temperature', 'mine now'), 0);
});

test('no tag is named as one of the topics below every tag', async (t) => {
  for (const name of ['_meta', 'set'])
    await assert.rejects(hub(t, { start: false, text: file(5020).replace('temperature:', `${name}:`) }), /is not valid/);
});
