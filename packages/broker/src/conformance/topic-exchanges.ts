import assert from 'node:assert/strict';
import { kept } from './connect-exchanges.ts';
import { subscribe } from './packets.ts';
import type { Peer } from './peer.ts';
import { fatal } from './publish-exchanges.ts';
import type { World } from './world.ts';

const badFilter = (filter: string) => async (x: World) => {
  const a = await x.join('a');
  a.send(subscribe(x.version, 1, [[filter, 0]]));
  if (x.version === 4) {
    // 3.1.1 lets a server close or say 0x80.
    await a.raw.until(() => a.raw.closed || a.raw.received.length > 0, 'an answer');
    if (a.raw.received.length > 0) await a.got('SUBACK', { codes: [0x80] });
    return;
  }
  const answer = await a.next();
  if (answer.type === 'SUBACK') assert.equal(answer.codes![0], 0x8f);
  else assert.equal(answer.type, 'DISCONNECT');
};
export const topics = {
  hashPlaces: async (x: World): Promise<void> => {
    for (const filter of ['a#', 'a/#/b', '#/a', 'a/b#']) await badFilter(filter)(x);
    const s = await x.join('s');
    await s.sub('sport/#');
    const p = await x.join('p');
    for (const topic of ['sport', 'sport/', 'sport/tennis/player1', 'sports', 'other']) await p.put(topic, 'x');
    assert.deepEqual(
      (await s.drain()).map(({ topic }) => topic),
      ['sport', 'sport/', 'sport/tennis/player1'],
    );
  },
  plusPlaces: async (x: World): Promise<void> => {
    for (const filter of ['a+', '+a', 'a/+b/c', 'a/b+']) await badFilter(filter)(x);
    const s = await x.join('s');
    await s.sub('+/b/+');
    const p = await x.join('p');
    for (const topic of ['a/b/c', '/b/', 'a/b', 'a/b/c/d', 'x/b/y']) await p.put(topic, 'x');
    assert.deepEqual(
      (await s.drain()).map(({ topic }) => topic),
      ['a/b/c', '/b/', 'x/b/y'],
    );
  },
  dollar: async (x: World): Promise<void> => {
    const s = await x.join('s');
    for (const filter of ['#', '+/y', '+']) await s.sub(filter);
    const p = await x.join('p');
    await p.put('$x/y', 'x');
    await p.put('a', 'b');
    const got = await s.drain();
    assert.ok(got.length > 0 && got.every(({ topic }) => topic === 'a'), `got ${got.map(({ topic }) => topic).join(' ')}`);
  },
  emptyFilter: badFilter(''),
  nulFilter: fatal((x) => subscribe(x.version, 1, [['a\0b', 0]]), 0x81),
  long: async (x: World): Promise<void> => {
    const topic = 'l'.repeat(2000);
    const s = await x.join('s');
    await s.sub(topic);
    const p = await x.join('p');
    await p.put(topic, 'x');
    await s.take(topic, 'x');
  },
  noNormalizing: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('é/Å');
    await s.sub('a//b');
    await s.sub(' a');
    const p = await x.join('p');
    for (const topic of ['e\u0301/Å', 'é/A\u030a', 'É/å', 'a/b', '/a/b', 'a']) await p.put(topic, 'no');
    await s.quiet();
    for (const topic of ['é/Å', 'a//b', ' a']) {
      await p.put(topic, 'yes');
      await s.take(topic, 'yes');
    }
  },
  zeroWidthSpace: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('\ufefft');
    await s.sub('u');
    const p = await x.join('p');
    await p.put('t', 'no');
    await p.put('\ufeffu', 'no');
    await p.put('\ufefft', 'yes');
    await s.take('\ufefft', 'yes');
    await s.quiet();
  },
};

/** What two members of one shared subscription get. */
async function group(x: World, options = 1): Promise<{ a: Peer; b: Peer; p: Peer }> {
  const a = await x.join('a', kept(x));
  await a.sub('$share/g/t', options);
  const b = await x.join('b', kept(x));
  await b.sub('$share/g/t', options);
  return { a, b, p: await x.join('p') };
}
const payloads = (list: readonly { type: string; payload?: string }[]): string[] =>
  list.filter(({ type }) => type === 'PUBLISH').map(({ payload }) => payload!);
export const shared = {
  once: async (x: World): Promise<void> => {
    const { a, b, p } = await group(x);
    const plain = await x.join('plain');
    await plain.sub('t', 1);
    for (let n = 0; n < 6; n++) await p.put('t', `${n}`, { qos: 1 });
    const [gotA, gotB] = [payloads(await a.drain(true)), payloads(await b.drain(true))];
    assert.deepEqual([...gotA, ...gotB].toSorted(), ['0', '1', '2', '3', '4', '5']);
    if (x.strict) assert.ok(gotA.length > 0 && gotB.length > 0, 'one member gets all');
    assert.equal(payloads(await plain.drain(true)).length, 6);
  },
  noShareName: async (x: World): Promise<void> => {
    for (const filter of ['$share//t', '$share/g/', '$share/g']) await badFilter(filter)(x);
  },
  badShareName: async (x: World): Promise<void> => {
    for (const filter of ['$share/+/t', '$share/#/t', '$share/a+b/t']) await badFilter(filter)(x);
  },
  grantedQos: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.sub('$share/g/t', 1);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 2 });
    await a.take('t', 'x', { qos: 1 });
    await a.sub('$share/g/t', 0);
    await p.put('t', 'y', { qos: 2 });
    await a.take('t', 'y', { qos: 0 });
  },
  finishesQos2: async (x: World): Promise<void> => {
    const { a, b, p } = await group(x, 2);
    await p.put('t', 'x', { qos: 2 });
    const [first] = await a.drain();
    const chosen = first === undefined ? b : a;
    const other = first === undefined ? a : b;
    const message = first ?? (await b.got('PUBLISH', { payload: 'x' }));
    await x.cut(chosen);
    await other.quiet();
    const again = await x.join(chosen === a ? 'a' : 'b', kept(x));
    await again.take('t', 'x', { id: message.id!, dup: true });
    await other.quiet();
  },
  endOfSessionGivesQos2ToNobody: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.sub('$share/g/t', 2);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 2 });
    await a.got('PUBLISH', { payload: 'x' });
    const b = await x.join('b');
    await b.sub('$share/g/t', 2);
    await x.cut(a);
    await b.quiet();
  },
  refusalIsTheEnd: async (x: World): Promise<void> => {
    const { a, b, p } = await group(x, 2);
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 2 });
    for (const peer of [a, b]) for (const one of await peer.drain()) peer.ack(one.qos === 1 ? 'PUBACK' : 'PUBREC', one.id!, 0x83);
    await a.quiet();
    await b.quiet();
  },
  left: async (x: World): Promise<void> => {
    const { a, b, p } = await group(x);
    assert.deepEqual((await a.unsub('$share/g/t', '$share/h/t', 't')).codes, [0, 0x11, 0x11]);
    for (const payload of ['1', '2', '3']) {
      await p.put('t', payload, { qos: 1 });
      await b.take('t', payload);
    }
    await a.quiet();
  },
  noRetained: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    const a = await x.join('a');
    await a.sub('$share/g/t', 1);
    await a.quiet();
  },
};
