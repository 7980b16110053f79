import assert from 'node:assert/strict';
import { connect, disconnect, packet, pingreq, prop, publish, subscribe } from './packets.ts';
import type { Connect, Will } from './packets.ts';
import type { Peer } from './peer.ts';
import { Peer as Peers } from './peer.ts';
import type { World } from './world.ts';

/** What a session that outlives its connection is asked for with. */
export const kept = (x: World, more: Connect = {}, seconds = 100): Connect =>
  x.version === 5 ? { clean: false, ...more, props: [[prop.sessionExpiry, seconds], ...(more.props ?? [])] } : { clean: false, ...more };
/** What the version says: return codes of 3.1.1 or reason codes of 5.0. */
export const either = <T>(x: World, four: T, five: T): T => (x.version === 5 ? five : four);
const malformed = (x: World): number[] => either(x, [], [0x81]);
export const badUtf8 = Buffer.of(0xc3, 0x28);
const surrogate = Buffer.of(0xed, 0xa0, 0x80);
const nul = Buffer.from('a\0b');

const refusedConnect =
  (id: string | Buffer, options: Connect, five: number[], four: number[] = []) =>
  async (x: World): Promise<void> => {
    const a = await x.open();
    a.hello(id, options);
    await a.refused(...either(x, four, five));
  };
/** A raw CONNECT: flags and payload as given. */
const refusedPayload =
  (flags: number, ...payload: Buffer[]) =>
  async (x: World): Promise<void> => {
    const a = await x.open();
    const head = Buffer.concat([Buffer.from('\0\x04MQTT'), Buffer.of(x.version, flags, 0, 0), ...(x.version === 5 ? [Buffer.of(0)] : [])]);
    a.send(packet(0x10, head, ...payload));
    await a.refused(...malformed(x));
  };
const text = (value: string): Buffer => Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
const acceptsConnect =
  (id: string, options: Connect) =>
  async (x: World): Promise<void> => {
    const a = await x.join(id, options);
    await a.quiet();
  };

/** Somebody listens to `w`, another one has a will for it. */
export async function withWill(x: World, will: Partial<Will> = {}, options: Connect = {}): Promise<{ watcher: Peer; mortal: Peer }> {
  const watcher = await x.join('watcher');
  await watcher.sub('w', 2);
  const mortal = await x.join('mortal', { ...options, will: { topic: 'w', payload: 'gone', ...will } });
  return { watcher, mortal };
}

/** Says nothing until the server has enough of it. */
export async function silent(x: World, peer: Peer): Promise<void> {
  if (x.strict) await x.pass(5);
  else peer.raw.patienceMs = 10_000;
  await peer.ends(0x8d);
}

export const connecting = {
  firstPacketIsConnect: async (x: World): Promise<void> => {
    const a = await x.open();
    a.send(pingreq);
    await a.refused();
  },
  secondConnect: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.hello('a');
    await a.ends(0x82);
  },
  wrongProtocolName: refusedConnect('a', { protocol: 'MQXX' }, [0x81, 0x84]),
  unknownLevel: async (x: World): Promise<void> => {
    const a = await x.open();
    a.hello('a', { level: either(x, 3, 6) });
    if (x.version === 5 && !x.strict) {
      await a.raw.untilClosed();
      return;
    }
    await a.refused(either(x, 1, 0x84));
  },
  reservedFlag: refusedConnect('a', { flags: 3 }, [0x81]),
  willFlagsWithoutWill: (flag: number) => refusedConnect('a', { flags: 2 | flag }, [0x81]),
  willQos3: refusedConnect('a', { will: { topic: 'w', qos: 3 } }, [0x81]),
  willQosUpTo2: async (x: World): Promise<void> => {
    for (const qos of [0, 1, 2]) {
      const { watcher, mortal } = await withWill(x, { qos });
      await x.cut(mortal);
      await watcher.take('w', 'gone', { qos });
      await watcher.bye();
    }
  },
  willFieldsMissing: refusedPayload(0x06, text('a')),
  surplusWithoutFlag: refusedPayload(0x02, text('a'), text('user')),
  userNameMissing: refusedPayload(0x82, text('a')),
  passwordMissing: refusedPayload(0xc2, text('a'), text('user')),
  surplusPassword: refusedPayload(0x82, text('a'), text('user'), text('password')),
  passwordWithoutUser: refusedConnect('a', { password: 'right' }, [0x86, 0x87]),
  userNameTaken: acceptsConnect('a', { username: 'good', password: 'right' }),
  userNameNotUtf8: refusedConnect('a', { username: badUtf8, password: 'right' }, [0x81]),
  fieldsInOrder: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('w');
    const a = await x.join('a', { username: 'good', password: 'right', will: { topic: 'w', payload: 'last words' } });
    await x.cut(a);
    await watcher.take('w', 'last words');
  },
  clientIdMissing: refusedPayload(0x02),
  clientIdNotUtf8: refusedConnect(badUtf8, {}, [0x81, 0x85]),
  clientIdIsState: async (x: World): Promise<void> => {
    const a = await x.join('one', kept(x));
    await a.sub('t', 1);
    await a.bye();
    const b = await x.join('two', kept(x));
    assert.equal(b.connack.present, false);
    const again = await x.join('one', kept(x));
    assert.equal(again.connack.present, true);
  },
  plainClientIds: async (x: World): Promise<void> => {
    for (const id of ['0', '0123456789abcdefghijklm', 'nopqrstuvwxyzABCDEFGHIJ', 'KLMNOPQRSTUVWXYZ']) await (await x.join(id)).bye();
  },
  emptyClientId: async (x: World): Promise<void> => {
    const [a, b] = [await x.join(''), await x.join('')];
    await a.quiet();
    await b.quiet();
    if (x.version === 4) return;
    const ids = [a, b].map((peer) => peer.value(peer.connack, prop.assignedClientId));
    assert.ok(ids.every((id) => typeof id === 'string' && id.length > 0) && ids[0] !== ids[1], `assigned ${ids.join(' and ')}`);
  },
  emptyIdIsTheGivenOne: async (x: World): Promise<void> => {
    const a = await x.join('', kept(x));
    const id = a.value(a.connack, prop.assignedClientId) as string;
    await a.sub('t', 1);
    await a.bye();
    const again = await x.join(id, kept(x));
    assert.equal(again.connack.present, true);
    assert.equal(again.value(again.connack, prop.assignedClientId), undefined);
  },
  noIdGivenWhereOneWas: async (x: World): Promise<void> => {
    const a = await x.join('mine');
    assert.equal(a.value(a.connack, prop.assignedClientId), undefined);
    await a.quiet();
  },
  emptyIdWithoutClean: refusedConnect('', { clean: false }, [0x85], [2]),
  willTopicNotUtf8: refusedConnect('a', { will: { topic: badUtf8 } }, [0x81, 0x90]),
  malformedConnect: async (x: World): Promise<void> => {
    const good = connect(x.version, 'abc');
    const cut = Buffer.from(good.subarray(0, good.length - 2));
    cut[1]! -= 2;
    const a = await x.open();
    a.send(cut);
    await a.refused(...malformed(x));
  },
  badCredentials: refusedConnect('a', { username: 'bad', password: 'wrong' }, [0x86, 0x87], [4, 5]),
  nothingAfterRefusal: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('t');
    const a = await x.open();
    a.send(connect(x.version, 'a', { username: 'bad', password: 'wrong' }), publish(x.version, 't', 'stray'));
    await a.refused(...either(x, [4, 5], [0x86, 0x87]));
    await watcher.quiet();
  },
  takeover: async (x: World): Promise<void> => {
    const a = await x.join('same');
    const b = await x.join('same');
    await a.ends(0x8e);
    await b.quiet();
  },
  connackComesFirst: async (x: World): Promise<void> => {
    const old = await x.join('s', kept(x));
    await old.sub('t', 1);
    await old.bye();
    const other = await x.join('other');
    await other.put('t', 'waits', { qos: 1 });
    const a = await x.open();
    a.send(connect(x.version, 's', kept(x)), subscribe(x.version, 9, [['u', 0]]));
    await a.got('CONNACK', { code: 0, present: true });
    const seen = [(await a.next()).type, (await a.next()).type].toSorted();
    assert.deepEqual(seen, ['PUBLISH', 'SUBACK']);
    await a.quiet();
  },
  oneConnack: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.sub('t');
    await a.put('t', 'x').catch(() => {});
    for (const packet of await a.drain()) assert.notEqual(packet.type, 'CONNACK');
  },
  connackFlagsReserved: async (x: World): Promise<void> => {
    const a = await x.join('s', kept(x));
    assert.equal(a.connack.flags, 0);
    await a.bye();
    const b = await x.join('s', kept(x));
    assert.equal(b.connack.flags, 1);
  },
  refusalHasNoSession: async (x: World): Promise<void> => {
    const a = await x.join('s', kept(x, { username: 'good', password: 'right' }));
    await a.bye();
    const b = await x.open();
    b.hello('s', kept(x, { username: 'good', password: 'wrong' }));
    await b.refused(...either(x, [4, 5], [0x86, 0x87]));
  },
  requestsBeforeConnack: async (x: World): Promise<void> => {
    const watcher = await x.join('watcher');
    await watcher.sub('t');
    const a = await x.open();
    a.send(connect(x.version, 'a'), publish(x.version, 't', 'early'), disconnect());
    await watcher.take('t', 'early');
  },
  keepAlive: async (x: World): Promise<void> => {
    const a = await x.join('a', { keepAlive: 2 });
    await x.pass(2);
    await a.quiet();
    await silent(x, a);
  },
  keepAliveZero: async (x: World): Promise<void> => {
    const a = await x.join('a', { keepAlive: 0 });
    await x.pass(x.strict ? 5000 : 3);
    await a.quiet();
  },
  keepAliveOfTheClient: async (x: World): Promise<void> => {
    const a = await x.join('a', { keepAlive: 2 });
    assert.equal(a.value(a.connack, prop.serverKeepAlive), undefined);
    await silent(x, a);
  },
  surrogateInClientId: refusedConnect(surrogate, {}, [0x81, 0x85]),
  nulInClientId: refusedConnect(nul, {}, [0x81, 0x85]),
};

const property =
  (list: Connect['props'] & object, ...codes: number[]) =>
  async (x: World): Promise<void> => {
    const a = await x.open();
    a.hello('a', { props: list });
    await a.refused(...codes);
  };
export const connectProperties = {
  refused: property,
  requestProblemTwice: property(
    [
      [prop.requestProblem, 1],
      [prop.requestProblem, 1],
    ],
    0x82,
  ),
  noProblemInformation: async (x: World): Promise<void> => {
    const a = await x.join('a', { props: [[prop.requestProblem, 0]] });
    a.pub('forbidden/t', 'x', { qos: 1, id: 1 });
    const puback = await a.got('PUBACK', { id: 1 });
    a.send(subscribe(5, 2, [['a/#/b', 0]]));
    const seen = [puback, await a.next()];
    for (const packet of seen) {
      if (packet.type === 'DISCONNECT') continue;
      assert.deepEqual([Peers.values(packet, prop.reasonString), Peers.values(packet, prop.user)], [[], []]);
    }
  },
  noResponseInformation: async (x: World): Promise<void> => {
    for (const list of [[], [[prop.requestResponse, 0]] as const]) {
      const a = await x.join('a', { props: list });
      assert.equal(a.value(a.connack, prop.responseInformation), undefined);
      await a.bye();
    }
  },
  /** CONNACK stays below a maximum that holds it without texts. */
  connackWithin: async (x: World): Promise<void> => {
    const a = await x.join('a', { props: [[prop.maximumPacketSize, 40]] });
    assert.ok(a.connack.length <= 40, `${a.connack.length} bytes`);
  },
};
