import assert from 'node:assert/strict';
import { badUtf8, either, kept } from './connect-exchanges.ts';
import { packet, prop, props, subscribe, u16, unsubscribe } from './packets.ts';
import { Peer } from './peer.ts';
import { fatal, pair } from './publish-exchanges.ts';
import type { World } from './world.ts';

const empty = (x: World): Buffer[] => (x.version === 5 ? [props()] : []);
/** Options of a 5.0 subscription. */
export const option = { noLocal: 4, retainAsPublished: 8, handling1: 16, handling2: 32 } as const;

export const subscribing = {
  reservedBits: fatal((x) => packet(0x80, u16(1), ...empty(x), Buffer.from('\0\x01a\0')), 0x81),
  filterNotUtf8: fatal((x) => subscribe(x.version, 1, [[badUtf8, 0]]), 0x81),
  noFilter: fatal((x) => packet(0x82, u16(1), ...empty(x)), 0x82, 0x81),
  reservedOptions: async (x: World): Promise<void> => {
    for (const options of either(x, [0x03, 0x04, 0x40], [0x03, 0x40, 0x80])) {
      const a = await x.join('a');
      a.send(subscribe(x.version, 1, [['t', options]]));
      await a.ends(0x81, 0x82);
    }
  },
  idZero: fatal((x) => subscribe(x.version, 0, [['t', 0]]), 0x82, 0x81),
  suback: async (x: World): Promise<void> => {
    const a = await x.join('a');
    for (const id of [1, 4660, 65_535]) {
      a.send(subscribe(x.version, id, [[`t/${id}`, 1]]));
      await a.got('SUBACK', { id, codes: [1] });
    }
    await a.quiet();
  },
  replaced: async (x: World): Promise<void> => {
    const { s, p } = await pair(x, 2);
    await s.sub('t', 0);
    await p.put('t', 'x', { qos: 2 });
    await s.take('t', 'x', { qos: 0 });
    await s.quiet();
    await s.unsub('t');
    await p.put('t', 'x', { qos: 2 });
    await s.quiet();
  },
  retainedAgain: async (x: World): Promise<void> => {
    const { s, p } = await pair(x, 1);
    await p.put('t', 'kept', { retain: true });
    await s.take('t', 'kept', { retain: false });
    await s.sub('t', 1);
    await s.take('t', 'kept', { retain: true });
    await p.put('t', 'live', { qos: 1 });
    await s.take('t', 'live');
    await s.quiet();
  },
  several: async (x: World): Promise<void> => {
    const a = await x.join('a');
    const filters = [
      ['x/1', 2],
      ['x/+', 0],
      ['y', 1],
    ] as const;
    a.send(subscribe(x.version, 10, filters));
    await a.got('SUBACK', { id: 10, codes: [2, 0, 1] });
    const p = await x.join('p');
    await p.put('y', 'm', { qos: 2 });
    await a.take('y', 'm', { qos: 1 });
  },
  refusedCode: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send(
      subscribe(x.version, 10, [
        ['ok', 2],
        ['forbidden/#', 1],
        ['ok/too', 0],
      ]),
    );
    const { codes } = await a.got('SUBACK', { id: 10 });
    assert.equal(codes!.length, 3);
    assert.deepEqual([codes![0], codes![2]], [2, 0]);
    if (x.strict) assert.equal(codes![1], either(x, 0x80, 0x87));
    assert.ok([0, 1, 2, 0x80, ...either(x, [], [0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2])].includes(codes![1]!));
  },
  lowerQos: async (x: World): Promise<void> => {
    const s = await x.join('s');
    for (const granted of [0, 1, 2]) await s.sub(`g${granted}`, granted);
    const p = await x.join('p');
    for (const granted of [0, 1, 2])
      for (const sent of [0, 1, 2]) {
        await p.put(`g${granted}`, `${sent}`, { qos: sent });
        await s.take(`g${granted}`, `${sent}`, { qos: Math.min(granted, sent) });
      }
  },
  unsubReservedBits: fatal((x) => packet(0xa0, u16(1), ...empty(x), Buffer.from('\0\x01a')), 0x81),
  unsubNotUtf8: fatal((x) => unsubscribe(x.version, 1, [badUtf8]), 0x81),
  unsubNoFilter: fatal((x) => packet(0xa2, u16(1), ...empty(x)), 0x82, 0x81),
  unsubIdZero: fatal((x) => unsubscribe(x.version, 0, ['t']), 0x82, 0x81),
  unsubExact: async (x: World): Promise<void> => {
    const { s, p } = await pair(x, 0);
    await s.sub('t/+', 0);
    const codes = (await s.unsub('t/#', 'T', 't/a', '+')).codes!;
    if (x.version === 5) assert.deepEqual(codes, [0x11, 0x11, 0x11, 0x11]);
    await p.put('t', 'x');
    await s.take('t', 'x');
    await p.put('t/a', 'x');
    await s.take('t/a', 'x');
    await s.unsub('t/+');
    await p.put('t/a', 'x');
    await s.quiet();
  },
  unsubStops: async (x: World): Promise<void> => {
    const { s, p } = await pair(x, 1);
    await s.unsub('t');
    await p.put('t', 'x', { qos: 1 });
    await s.quiet();
  },
  unsubFinishesWhatBegan: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 2 });
    const one = await s.got('PUBLISH', { payload: '1' });
    const two = await s.got('PUBLISH', { payload: '2' });
    await s.unsub('t');
    s.ack('PUBREC', two.id!);
    await s.got('PUBREL', { id: two.id! });
    await x.cut(s);
    const again = await x.join('s', kept(x));
    const seen = [await again.next(), await again.next()];
    assert.deepEqual(seen.map(({ type, id }) => `${type} ${id}`).toSorted(), [`PUBLISH ${one.id}`, `PUBREL ${two.id}`].toSorted());
  },
  unsuback: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.sub('t', 0);
    a.send(unsubscribe(x.version, 777, ['t']));
    await a.got('UNSUBACK', { id: 777 });
  },
  unsubackForNothing: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send(unsubscribe(x.version, 9, ['never']));
    await a.got('UNSUBACK', { id: 9, codes: either(x, [], [0x11]) });
  },
  unsubSeveral: async (x: World): Promise<void> => {
    const s = await x.join('s');
    for (const filter of ['a', 'b', 'c']) await s.sub(filter, 0);
    const { codes } = await s.unsub('a', 'x', 'c');
    if (x.version === 5) assert.deepEqual(codes, [0, 0x11, 0]);
    const p = await x.join('p');
    for (const topic of ['a', 'b', 'c']) await p.put(topic, topic);
    await s.take('b', 'b');
    await s.quiet();
  },

  // ---- 5.0
  noLocal: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.sub('t', option.noLocal | 1);
    const b = await x.join('b');
    await b.sub('t', option.noLocal | 1);
    for (const level of [0, 1]) {
      await a.put('t', 'mine', { qos: level });
      await a.quiet();
      await b.take('t', 'mine');
    }
    await b.quiet();
  },
  noLocalBesideOthers: async (x: World): Promise<void> => {
    const a = await x.join('a');
    const b = await x.join('b');
    for (const peer of [a, b]) {
      await peer.sub('t/#', option.noLocal | 2, [[prop.subscriptionId, 1]]);
      await peer.sub('t/+', 0, [[prop.subscriptionId, 2]]);
    }
    a.pub('t/1', 'x', { qos: 2, id: 9 });
    const mine = await a.got('PUBLISH', { payload: 'x', qos: 0 });
    assert.deepEqual(Peer.values(mine, prop.subscriptionId), [2]);
    await a.got('PUBREC', { id: 9 });
    const theirs = await b.take('t/1', 'x', { qos: 2 });
    assert.deepEqual(new Set(Peer.values(theirs, prop.subscriptionId)), new Set([1, 2]));
  },
  noLocalOnShared: fatal((x) => subscribe(x.version, 1, [['$share/g/t', option.noLocal]]), 0x82),
  retainHandling3: fatal((x) => subscribe(x.version, 1, [['t', 0x30]]), 0x82, 0x81),
  subscriptionIdZero: fatal((x) => subscribe(x.version, 1, [['t', 0]], [[prop.subscriptionId, 0]]), 0x82, 0x81),
  subscriptionIdTwice: fatal(
    (x) =>
      subscribe(
        x.version,
        1,
        [['t', 0]],
        [
          [prop.subscriptionId, 1],
          [prop.subscriptionId, 2],
        ],
      ),
    0x82,
    0x81,
  ),
  handling0: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    const s = await x.join('s');
    for (let n = 0; n < 2; n++) {
      await s.sub('t', 0);
      await s.take('t', 'kept', { retain: true });
    }
    await s.quiet();
  },
  handling1: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    const s = await x.join('s');
    await s.sub('t', option.handling1);
    await s.take('t', 'kept', { retain: true });
    await s.sub('t', option.handling1 | 1);
    await s.quiet();
    await s.unsub('t');
    await s.sub('t', option.handling1);
    await s.take('t', 'kept', { retain: true });
  },
  handling2: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    const s = await x.join('s');
    await s.sub('t', option.handling2);
    await s.quiet();
    await s.sub('t', option.handling2);
    await s.quiet();
  },
  retainAsPublished: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t', option.retainAsPublished | 1);
    const p = await x.join('p');
    for (const level of [0, 1])
      for (const retain of [true, false]) {
        await p.put('t', 'x', { qos: level, retain });
        await s.take('t', 'x', { retain });
      }
  },
  notAsPublished: async (x: World): Promise<void> => {
    const { s, p } = await pair(x, 1);
    for (const level of [0, 1])
      for (const retain of [true, false]) {
        await p.put('t', 'x', { qos: level, retain });
        await s.take('t', 'x', { retain: false });
      }
  },
  subscriptionIds: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t/#', 1, [[prop.subscriptionId, 1]]);
    await s.sub('t/+', 1, [[prop.subscriptionId, 268_435_455]]);
    await s.sub('+/x', 1);
    const p = await x.join('p');
    await p.put('t/x', 'm', { qos: 1 });
    const copies = (await s.drain(true)).filter(({ type }) => type === 'PUBLISH');
    const ids = copies.flatMap((one) => Peer.values(one, prop.subscriptionId));
    assert.deepEqual(new Set(ids), new Set([1, 268_435_455]));
    assert.equal(ids.length, 2);
    if (copies.length > 1) return;
    await p.put('t/y/z', 'm', { qos: 1 });
    const single = (await s.drain(true)).filter(({ type }) => type === 'PUBLISH');
    assert.deepEqual(Peer.values(single[0]!, prop.subscriptionId), [1]);
  },
  subscriptionIdOfEachCopy: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t', 0, [[prop.subscriptionId, 7]]);
    await s.sub('u', 0);
    const p = await x.join('p');
    await p.put('t', 'm');
    assert.deepEqual(Peer.values(await s.take('t', 'm'), prop.subscriptionId), [7]);
    await p.put('u', 'm');
    assert.deepEqual(Peer.values(await s.take('u', 'm'), prop.subscriptionId), []);
  },
  subscriptionIdOfRetained: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    const s = await x.join('s');
    await s.sub('t', 0, [[prop.subscriptionId, 7]]);
    assert.deepEqual(Peer.values(await s.take('t', 'kept'), prop.subscriptionId), [7]);
  },
  subscriptionIdReplaced: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t', 0, [[prop.subscriptionId, 7]]);
    await s.sub('t', 0, [[prop.subscriptionId, 8]]);
    const p = await x.join('p');
    await p.put('t', 'm');
    assert.deepEqual(Peer.values(await s.take('t', 'm'), prop.subscriptionId), [8]);
    await s.sub('t', 0);
    await p.put('t', 'm');
    assert.deepEqual(Peer.values(await s.take('t', 'm'), prop.subscriptionId), []);
  },
};
