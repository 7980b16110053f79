import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Hub } from './hub.ts';
import { file, hub, until } from './testing/running-hub.ts';

const text = file(5020).replace(
  'settings: { username: !env OMH_TEST_SECRET }',
  'settings: { requests: true, stateReports: true, stateTopic: states, stateInterval: 1s }',
);

interface Asking {
  readonly client: MqttClient;
  ask(topic: string, body: object, properties?: object): Promise<Record<string, unknown>>;
}

/** A client that hears the answers on the usual topics and on `mine/#`. */
async function asking(t: TestContext, h: Hub, options: IClientOptions = {}): Promise<Asking> {
  const client = mqtt.connect(h.mqttAddresses().tcp!, { protocolVersion: 5, reconnectPeriod: 0, ...options });
  t.after(() => client.end(true));
  client.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  await client.subscribeAsync(['/neuron/app/read/resp', '/neuron/app/write/resp', 'mine/#']);
  return {
    client,
    async ask(topic, body, properties = {}) {
      const answer = new Promise<Record<string, unknown>>((resolve) => {
        client.once('message', (from, payload, packet) => {
          resolve({ ...(JSON.parse(payload.toString()) as object), from, data: packet.properties?.correlationData?.toString() });
        });
      });
      await client.publishAsync(topic, JSON.stringify({ uuid: 'u', node: 'press', group: 'g', ...body }), { qos: 1, properties });
      return answer;
    },
  };
}
/** A client that signs in with a token of these permissions. */
function signedIn(h: Hub, name: string, ...permissions: string[]): IClientOptions {
  const admin = h.access.byToken('a-token-of-more-than-24-characters')!;
  const all = ['mqtt.publish /neuron/app/#', 'mqtt.subscribe #', ...permissions];
  return { username: name, password: h.access.createToken(admin, { name, permissions: all }).secret };
}

test('requests over MQTT read, and write what their sender may write; both sides stand in the audit log', async (t) => {
  const { hub: h } = await hub(t, { text });
  await until('good values', () => h.values.counts().good === 3);
  const writer = await asking(t, h, signedIn(h, 'writer', 'tag.write acme/press/#', 'mqtt.publish mine/#'));
  const read = (await writer.ask('/neuron/app/read/req', {})) as { tags: { name: string; value: number }[] };
  assert.deepEqual(
    read.tags.map(({ name }) => name),
    ['temperature', 'humidity', 'output'],
  );
  assert.ok(read.tags[0]!.value >= 280);

  const done = await writer.ask('/neuron/app/write/req', { tag: 'output', value: true, reason: 'trial' });
  assert.deepEqual([done['error'], done['from']], [0, '/neuron/app/write/resp']);
  await until('the value is read back', () => h.values.byPath('acme/press/output')!.value === true);
  assert.equal((await writer.ask('/neuron/app/write/req', { tag: 'temperature', value: 1 }))['error'], 3004);
  assert.equal((await writer.ask('/neuron/app/write/req', { tag: 'nothing', value: 1 }))['error'], 2201);
  const there = await writer.ask('/neuron/app/read/req', {}, { responseTopic: 'mine/1', correlationData: Buffer.from('7') });
  assert.deepEqual([there['from'], there['data']], ['mine/1', '7']);

  const reader = await asking(t, h, signedIn(h, 'reader'));
  const refused = await reader.ask('/neuron/app/write/req', { tag: 'output', value: false }, { responseTopic: 'mine/2' });
  assert.deepEqual([refused['error'], refused['from']], [1022, '/neuron/app/write/resp'], 'may not publish to the topic it asks for');
  const anyone = await asking(t, h);
  assert.equal((await anyone.ask('/neuron/app/write/req', { tag: 'output', value: false }))['error'], 1022);
  assert.equal(h.values.byPath('acme/press/output')!.value, true);

  const records = (await h.access.audit.list({ verb: 'tag.write' })).records.map(({ who, what, result }) => `${who} ${what} ${result}`);
  assert.equal(records.filter((line) => line === 'hub/writer acme/press/output ok').length, 1, records.join('\n'));
  assert.equal(records.filter((line) => line.endsWith('acme/press/output refused')).length, 2, records.join('\n'));
  const { requests } = h.apps()[0]!;
  assert.deepEqual([requests?.answered, requests?.refused], [3, 4]);
});

test('the state of the devices is told over MQTT', async (t) => {
  const { hub: h } = await hub(t, { text });
  const { client } = await asking(t, h);
  const got: string[] = [];
  client.on('message', (topic, payload) => topic === 'states' && got.push(payload.toString()));
  await client.subscribeAsync('states');
  await until('a report', () => got.some((report) => report.includes('"states":[{"node":"press","link":1,"running":3}]')));
});
