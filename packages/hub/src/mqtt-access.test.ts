import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IClientOptions, IDisconnectPacket, MqttClient } from 'mqtt';
import { roles } from '@omh/access';
import { MqttDoor, adminToken, part, settled } from './testing/mqtt-door.ts';

/** What a principal may do in its own line and in the other one. */
interface May {
  readonly publish: readonly [own: boolean, other: boolean];
  readonly subscribe: readonly [own: boolean, other: boolean];
}
interface Kind {
  readonly name: string;
  readonly listener?: 'ws';
  readonly options: (door: MqttDoor) => IClientOptions | Promise<IClientOptions>;
  /** undefined: is not let in. */
  readonly may: May | undefined;
}
const all: May = { publish: [true, true], subscribe: [true, true] };
const reads: May = { publish: [false, false], subscribe: [true, true] };
const own: May = { publish: [true, false], subscribe: [true, false] };
const none: May = { publish: [false, false], subscribe: [false, false] };
const line = ['acme/line1/#'];
const device = (door: MqttDoor, name: string, publish = line, subscribe = line): IClientOptions => ({
  username: name,
  password: door.device(name, publish, subscribe),
});
const token = (door: MqttDoor, name: string, permissions: readonly string[]): IClientOptions => ({
  username: 'anything',
  password: door.token(name, permissions),
});

const kinds: readonly Kind[] = [
  { name: 'nobody', options: () => ({}), may: undefined },
  { name: 'nobody where anonymous clients may connect', listener: 'ws', options: () => ({}), may: all },
  {
    name: 'a wrong password where anonymous clients may connect',
    listener: 'ws',
    options: () => ({ username: 'x', password: 'y' }),
    may: all,
  },
  { name: 'an unknown device', options: () => ({ username: 'unknown', password: 'x' }), may: undefined },
  { name: 'a device', options: (door) => device(door, 'press'), may: own },
  { name: 'a device that only publishes', options: (door) => device(door, 'sensor', line, []), may: { ...own, subscribe: [false, false] } },
  { name: 'a device that only subscribes', options: (door) => device(door, 'panel', [], line), may: { ...own, publish: [false, false] } },
  { name: 'a device without topics', options: (door) => device(door, 'new', [], []), may: none },
  { name: 'a device with a wrong password', options: (door) => ({ ...device(door, 'wrong'), password: 'x' }), may: undefined },
  {
    name: "a device with another device's password",
    options: (door) => {
      door.device('two', line, line);
      return { ...device(door, 'one'), username: 'two' };
    },
    may: undefined,
  },
  {
    name: 'a disabled device',
    options: (door) => {
      const options = device(door, 'off');
      door.access.putDeviceCredential(door.house, 'off', { enabled: false });
      return options;
    },
    may: undefined,
  },
  {
    name: 'a person with name and password',
    options: async (door) => {
      const { password } = await door.access.putPerson(door.house, 'alice', { grant: { role: 'admin' } });
      return { username: 'alice', password: password! };
    },
    may: undefined,
  },
  { name: "a viewer's token", options: (door) => token(door, 'v', roles.viewer), may: reads },
  { name: "an operator's token", options: (door) => token(door, 'o', roles.operator), may: reads },
  { name: "an engineer's token", options: (door) => token(door, 'e', roles.engineer), may: all },
  { name: "an admin's token", options: (door) => token(door, 'a', roles.admin), may: all },
  {
    name: 'a token for one line',
    options: (door) => token(door, 'l', ['mqtt.publish acme/line1/#', 'mqtt.subscribe acme/line1/#']),
    may: own,
  },
  { name: 'a token for something else', options: (door) => token(door, 'h', ['history.read']), may: none },
  { name: "the hub's own token", options: () => ({ username: 'x', password: adminToken }), may: all },
  {
    name: 'a revoked token',
    options: (door) => {
      const { info, secret } = door.access.createToken(door.house, { name: 'r', permissions: ['*'] });
      door.access.deleteToken(info.id);
      return { username: 'x', password: secret };
    },
    may: undefined,
  },
  {
    name: 'an expired token',
    options: async (door) => {
      const password = door.token('x', ['*'], '2026-01-01T00:10:00Z');
      await door.clock.advance(11 * 60_000);
      return { username: 'x', password };
    },
    may: undefined,
  },
];

const limit = { timeout: 10_000 };
const yes = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
const topics = ['acme/line1/value', 'acme/line2/value'] as const;

for (const kind of kinds) {
  for (const version of [4, 5] as const) {
    test(
      `${kind.name} (MQTT ${version === 4 ? '3.1.1' : '5.0'}): connect, publish, subscribe, receive, retained, shared, will`,
      limit,
      async (t) => {
        const door = await MqttDoor.open(t);
        const options = await kind.options(door);
        const connect = (more: IClientOptions = {}): Promise<MqttClient> => door.connect(version, { ...options, ...more }, kind.listener);
        if (kind.may === undefined) {
          const code = await connect().then(
            () => undefined,
            (thrown: { code?: number }) => thrown.code,
          );
          assert.equal(code, version === 4 ? 5 : 0x87);
          assert.equal((await door.audited()).at(-1)?.verb, 'mqtt.connect');
          return;
        }
        const { publish, subscribe } = kind.may;
        const seen: string[] = [];
        door.broker.bus.subscribe(['#'], { name: 'observer', delivery: 'volatile', receive: ({ topic }) => void seen.push(topic) });
        for (const topic of topics)
          void door.broker.bus.publish({ topic: `${topic}/kept`, payload: 'kept', retain: true, principal: part });
        const client = await connect();

        for (const [i, topic] of topics.entries()) {
          const taken = await yes(client.publishAsync(topic, 'x', { qos: 1 }));
          if (version === 5) assert.equal(taken, publish[i], `publish ${topic} is answered`);
          assert.equal(seen.includes(topic), publish[i], `publish ${topic}`);
        }
        await client.publishAsync('$SYS/forged', 'x', { qos: 1 }).catch(() => {});
        assert.ok(!seen.includes('$SYS/forged'));

        const got = new Set<string>();
        client.on('message', (topic) => got.add(topic));
        for (const [i, filter] of ['acme/line1/#', 'acme/line2/#'].entries())
          assert.equal(await yes(client.subscribeAsync(filter)), subscribe[i], `subscribe ${filter}`);
        for (const wide of ['#', 'acme/+/value']) assert.equal(await yes(client.subscribeAsync(wide)), subscribe[1], `subscribe ${wide}`);
        for (const topic of topics) void door.broker.bus.publish({ topic: `${topic}/live`, payload: 'x', principal: part });
        await settled(client);
        for (const [i, topic] of topics.entries()) {
          assert.equal(got.has(`${topic}/kept`), subscribe[i], `retained ${topic}`);
          assert.equal(got.has(`${topic}/live`), subscribe[i], `receive ${topic}`);
        }

        const member = await connect();
        const shared = new Set<string>();
        member.on('message', (topic) => shared.add(topic));
        for (const [i, filter] of ['$share/g/acme/line1/#', '$share/g/acme/line2/#'].entries())
          assert.equal(await yes(member.subscribeAsync(filter)), subscribe[i], filter);
        for (const topic of topics) void door.broker.bus.publish({ topic: `${topic}/shared`, payload: 'x', principal: part });
        await settled(member);
        for (const [i, topic] of topics.entries()) assert.equal(shared.has(`${topic}/shared`), subscribe[i], `shared ${topic}`);

        for (const [i, topic] of topics.entries()) {
          const will = { topic: `${topic}/will`, payload: Buffer.from('gone'), qos: 1 as const, retain: false };
          const mortal = await connect({ will }).catch(() => undefined);
          assert.equal(mortal !== undefined, publish[i], `will ${topic}`);
          mortal?.stream.destroy();
          for (let n = 0; mortal !== undefined && n < 300 && !seen.includes(will.topic); n++)
            await new Promise((resolve) => {
              setTimeout(resolve, 5);
            });
          assert.equal(seen.includes(will.topic), publish[i], `will of ${topic} is sent`);
        }
      },
    );
  }
}

/** Resolves with the code of DISCONNECT, undefined in 3.1.1, once the connection is over. */
async function closed(client: MqttClient): Promise<number | undefined> {
  let code: number | undefined;
  client.on('disconnect', (packet: IDisconnectPacket) => {
    code = packet.reasonCode;
  });
  if (client.connected)
    await new Promise<void>((resolve) => {
      client.once('close', resolve);
    });
  return code;
}

const endings: readonly (readonly [string, (door: MqttDoor) => { options: IClientOptions; end: () => unknown }])[] = [
  [
    'a device credential that is removed',
    (door) => ({ options: device(door, 'press'), end: () => door.access.deleteDeviceCredential('press') }),
  ],
  [
    'a device credential that is disabled',
    (door) => ({
      options: device(door, 'press'),
      end: () => door.access.putDeviceCredential(door.house, 'press', { enabled: false }),
    }),
  ],
  [
    'a device credential that gets a new secret',
    (door) => ({
      options: device(door, 'press'),
      end: async () => {
        await door.clock.advance(1);
        door.access.putDeviceCredential(door.house, 'press', { newSecret: true });
      },
    }),
  ],
  [
    'a token that is revoked',
    (door) => {
      const { info, secret } = door.access.createToken(door.house, { name: 't', permissions: ['*'] });
      return { options: { username: 'x', password: secret }, end: () => door.access.deleteToken(info.id) };
    },
  ],
  [
    'a token that expires',
    (door) => ({
      options: { username: 'x', password: door.token('t', ['*'], '2026-01-01T00:00:30Z') },
      end: () => door.clock.advance(40_000),
    }),
  ],
];
for (const [what, prepare] of endings) {
  for (const version of [4, 5] as const) {
    test(
      `${what} ends its MQTT ${version === 4 ? '3.1.1' : '5.0'} connections at once, without their wills, and what waits for them`,
      limit,
      async (t) => {
        const door = await MqttDoor.open(t);
        const { options, end } = prepare(door);
        const kept: IClientOptions = {
          ...options,
          clean: false,
          clientId: 'kept',
          keepalive: 0,
          ...(version === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
        };
        const will = { topic: 'acme/line1/will', payload: Buffer.from('gone'), qos: 1 as const, retain: false };
        const wills: string[] = [];
        door.broker.bus.subscribe([will.topic], { name: 'wills', delivery: 'volatile', receive: ({ topic }) => void wills.push(topic) });
        const absent = await door.connect(version, kept);
        await absent.subscribeAsync('acme/line1/#', { qos: 1 });
        await absent.endAsync();
        const present = await door.connect(version, { ...options, will, keepalive: 0 });
        const other = await door.connect(version, { ...device(door, 'other'), keepalive: 0 });
        const over = closed(present);
        await end();
        assert.equal(await over, version === 5 ? 0x87 : undefined);
        assert.ok(other.connected, 'others stay');
        await settled(other);
        assert.deepEqual(wills, []);
        assert.deepEqual(
          door.broker.clients().map(({ username }) => username),
          what.includes('expires') ? ['x', 'other'] : ['other'],
        );
      },
    );
  }
}

test('a new token of a revoked one’s name does not take over its connections', limit, async (t) => {
  const door = await MqttDoor.open(t);
  const first = door.access.createToken(door.house, { name: 't', permissions: ['*'] });
  const client = await door.connect(5, { username: 'x', password: first.secret });
  const over = closed(client);
  door.access.tokens.delete(first.info.id);
  door.access.createToken(door.house, { name: 't', permissions: ['*'] });
  door.broker.permissionsChanged();
  assert.equal(await over, 0x87);
});

test(
  'a narrowed permission takes the subscriptions that go beyond it, and what waits of them, from connected and absent clients',
  limit,
  async (t) => {
    const door = await MqttDoor.open(t);
    const both = ['acme/line1/#', 'acme/line2/#'];
    const secret = door.device('press', both, both);
    const options: IClientOptions = { username: 'press', password: secret, clean: false, protocolVersion: 4 };
    const absent = await door.connect(4, { ...options, clientId: 'absent' });
    await absent.subscribeAsync([...both, '$share/g/acme/line2/#'], { qos: 1 });
    await absent.endAsync();
    const present = await door.connect(4, { ...options, clientId: 'present' });
    const got: string[] = [];
    present.on('message', (topic) => got.push(topic));
    await present.subscribeAsync([...both, '$share/g/acme/line2/#'], { qos: 1 });
    const publish = (n: number): void => {
      for (const line of ['line1', 'line2'])
        void door.broker.bus.publish({ topic: `acme/${line}/${n}`, payload: 'x', qos: 1, principal: part })?.catch(() => {});
    };
    publish(1);
    await settled(present);
    assert.ok(got.includes('acme/line2/1'));

    door.access.putDeviceCredential(door.house, 'press', { publish: ['acme/line1/#'], subscribe: ['acme/line1/#'] });
    publish(2);
    await settled(present);
    assert.ok(present.connected);
    assert.deepEqual(
      door.broker.clients().map(({ subscriptions }) => subscriptions.map(({ filter }) => filter)),
      [['acme/line1/#'], ['acme/line1/#']],
    );
    assert.ok(got.includes('acme/line1/2') && !got.includes('acme/line2/2'));

    const waited = await door.waiting({ ...options, clientId: 'absent' });
    assert.deepEqual(waited, ['acme/line1/1', 'acme/line1/2']);
  },
);

test('what waits in a session is for its own principal: another one that knows the client id gets nothing of it', limit, async (t) => {
  const door = await MqttDoor.open(t);
  const owner: IClientOptions = { ...device(door, 'owner'), clean: false, clientId: 'shared-id' };
  const thief: IClientOptions = { ...device(door, 'thief', [], []), clean: false, clientId: 'shared-id' };
  const first = await door.connect(4, owner);
  await first.subscribeAsync('acme/line1/#', { qos: 1 });
  await first.endAsync();
  void door.broker.bus.publish({ topic: 'acme/line1/secret', payload: 'x', qos: 1, principal: part });
  assert.deepEqual(await door.waiting(thief), []);
  assert.deepEqual(door.broker.clients()[0]!.subscriptions, []);
});

test('refusals are recorded at the first and then as one count a minute; passwords typed as names are not', limit, async (t) => {
  const door = await MqttDoor.open(t);
  const { clock } = door;
  for (let i = 0; i < 20; i++) await door.connect(4, { username: 'my-password-1234', password: 'x' }).catch(() => {});
  const panel = await door.connect(5, { ...device(door, 'panel', [], []), clientId: 'panel-1', keepalive: 0 });
  for (let i = 0; i < 50; i++) await panel.publishAsync('acme/line1/a', 'x', { qos: 1 }).catch(() => {});
  await panel.subscribeAsync('acme/#').catch(() => {});
  const at = async (): Promise<unknown[]> =>
    (await door.audited()).map(({ who, kind, verb, what, result, from, detail }) => [
      who,
      kind,
      verb,
      what,
      result,
      from,
      detail?.['times'],
    ]);
  const first = [
    ['unknown name', 'anonymous', 'mqtt.connect', 'mqtt/tcp', 'refused', '127.0.0.1', undefined],
    ['panel', 'device', 'mqtt.publish', 'acme/line1/a', 'refused', '127.0.0.1', undefined],
    ['panel', 'device', 'mqtt.subscribe', 'acme/#', 'refused', '127.0.0.1', undefined],
  ];
  assert.deepEqual(await at(), first);
  await clock.advance(60_000);
  const counted = [
    ['unknown name', 'anonymous', 'mqtt.connect', 'mqtt/tcp', 'refused', '127.0.0.1', 19],
    ['panel', 'device', 'mqtt.publish', 'acme/line1/a', 'refused', '127.0.0.1', 49],
  ];
  assert.deepEqual(await at(), [...first, ...counted]);
  await panel.publishAsync('acme/line1/b', 'x', { qos: 1 }).catch(() => {});
  assert.equal((await at()).length, 5, 'still folded');
  door.mqttAccess.flush();
  assert.deepEqual((await at()).at(-1), ['panel', 'device', 'mqtt.publish', 'acme/line1/b', 'refused', '127.0.0.1', 1]);
  const text = JSON.stringify(await door.audited());
  assert.ok(!text.includes('my-password'));
  assert.ok(text.includes('panel-1'));
});

test('a storm of refusals from everywhere fills neither memory nor the log', limit, async (t) => {
  const door = await MqttDoor.open(t);
  for (let i = 0; i < 5000; i++)
    door.mqttAccess.refused({
      action: 'connect',
      clientId: 'x'.repeat(60_000),
      username: `u${i}`,
      peer: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:1234`,
      listener: 'tcp',
      principal: undefined,
      topic: undefined,
    });
  assert.equal((await door.audited()).length, 100);
  await door.clock.advance(120_000);
  assert.ok((await door.audited()).length <= 300);
});
