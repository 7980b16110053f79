import assert from 'node:assert/strict';
import { kept } from './connect-exchanges.ts';
import { prop } from './packets.ts';
import type { Received } from './packets.ts';
import { pair } from './publish-exchanges.ts';
import type { World } from './world.ts';

const take = async (x: World, qos: number): Promise<void> => {
  const { s, p } = await pair(x, 2);
  await p.put('t', 'x', { qos });
  await s.take('t', 'x', { qos, dup: false });
  await s.quiet();
};

export const qos = {
  zero: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    p.pub('t', 'x');
    await p.quiet();
    const packet = await s.take('t', 'x', { qos: 0, dup: false });
    assert.equal(packet.id, undefined);
    await s.quiet();
  },
  one: (x: World): Promise<void> => take(x, 1),
  two: (x: World): Promise<void> => take(x, 2),
  idsDiffer: (level: number) => async (x: World) => {
    const { s, p } = await pair(x);
    for (const payload of ['1', '2', '3']) await p.put('t', payload, { qos: level });
    const ids: number[] = [];
    for (const payload of ['1', '2', '3']) {
      const packet = await s.got('PUBLISH', { payload, qos: level, dup: false });
      assert.ok(packet.id! > 0);
      assert.ok(!ids.includes(packet.id!), `id ${packet.id} is used twice`);
      ids.push(packet.id!);
    }
    await s.quiet();
  },
  unackedOne: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 1);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 1 });
    const { id } = await s.got('PUBLISH', { payload: 'x' });
    await x.cut(s);
    const again = await x.join('s', kept(x));
    await again.got('PUBLISH', { payload: 'x', id: id! });
    again.ack('PUBACK', id!);
    await again.quiet();
    await again.bye();
    const third = await x.join('s', kept(x));
    await third.quiet();
  },
  unackedTwo: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 2 });
    const { id } = await s.got('PUBLISH', { payload: 'x' });
    await x.cut(s);
    const again = await x.join('s', kept(x));
    await again.got('PUBLISH', { payload: 'x', id: id!, dup: true });
    again.ack('PUBREC', id!);
    await again.got('PUBREL', { id: id! });
  },
  unackedRelease: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 2 });
    const { id } = await s.got('PUBLISH', { payload: 'x' });
    s.ack('PUBREC', id!);
    await s.got('PUBREL', { id: id! });
    await x.cut(s);
    const again = await x.join('s', kept(x));
    await again.got('PUBREL', { id: id! });
    again.ack('PUBCOMP', id!);
    await again.quiet();
    await again.bye();
    const third = await x.join('s', kept(x));
    await third.quiet();
  },
  notResentWhileConnected: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 2 });
    await s.got('PUBLISH', { payload: '1' });
    await s.got('PUBLISH', { payload: '2' });
    await x.pass(x.strict ? 500 : 3);
    await s.quiet();
  },
  acksKeepIds: async (x: World): Promise<void> => {
    const a = await x.join('a');
    for (const id of [1, 258, 65_535]) {
      await a.put('t', 'x', { qos: 1, id });
      await a.put('t', 'x', { qos: 2, id });
    }
    await a.quiet();
  },
  repeatedAfterPuback: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', 'x', { qos: 1, id: 5 });
    await p.put('t', 'x', { qos: 1, id: 5, dup: true });
    await s.take('t', 'x');
    await s.take('t', 'x');
  },
  repeatedBeforePubrel: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    for (const dup of [false, true, true]) {
      p.pub('t', 'x', { qos: 2, id: 5, dup });
      await p.got('PUBREC', { id: 5 });
    }
    p.ack('PUBREL', 5);
    await p.got('PUBCOMP', { id: 5 });
    await s.take('t', 'x');
    await s.quiet();
  },
  repeatedBeforePubrelAcrossConnections: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t', 2);
    const p = await x.join('p', kept(x));
    p.pub('t', 'x', { qos: 2, id: 5 });
    await p.got('PUBREC', { id: 5 });
    await x.cut(p);
    const again = await x.join('p', kept(x));
    again.pub('t', 'x', { qos: 2, id: 5, dup: true });
    await again.got('PUBREC', { id: 5 });
    again.ack('PUBREL', 5);
    await again.got('PUBCOMP', { id: 5 });
    await s.take('t', 'x');
    await s.quiet();
  },
  idFreeAfterPubcomp: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    for (const payload of ['1', '2']) {
      await p.put('t', payload, { qos: 2, id: 5 });
      await s.take('t', payload);
    }
  },
  pubrelAnswered: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.pub('t', 'x', { qos: 2, id: 9 });
    await a.got('PUBREC', { id: 9 });
    a.ack('PUBREL', 9);
    await a.got('PUBCOMP', { id: 9, code: 0 });
    if (x.version === 5 && !x.strict) return;
    a.ack('PUBREL', 9);
    await a.got('PUBCOMP', { id: 9, ...(x.version === 5 ? { code: 0x92 } : {}) });
  },
  pubrecOfNothing: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.ack('PUBREC', 77);
    await a.got('PUBREL', { id: 77, ...(x.version === 5 && x.strict ? { code: 0x92 } : {}) });
    a.ack('PUBCOMP', 77);
    await a.quiet();
  },
  queuedWhileAway: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    await s.bye();
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 2 });
    const again = await x.join('s', kept(x));
    assert.equal(again.connack.present, true);
    await again.take('t', '1', { dup: false });
    await again.take('t', '2', { dup: false });
    await again.quiet();
  },
  resentInOrder: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    for (let n = 0; n < 6; n++) await p.put('t', `${n}`, { qos: 1 + (n % 2) });
    const ids = (await s.drain()).map(({ id }) => id);
    assert.equal(ids.length, 6);
    await x.cut(s);
    const again = await x.join('s', kept(x));
    const resent = await again.drain();
    assert.deepEqual(
      resent.map(({ id, payload, dup }) => `${id} ${payload} ${dup}`),
      ids.map((id, n) => `${id} ${n} true`),
    );
  },
  acksInOrder: (level: 1 | 2) => async (x: World) => {
    const a = await x.join('a');
    const ids = [4, 2, 9, 1];
    for (const id of ids) a.pub('t', 'x', { qos: level, id });
    for (const id of ids) await a.got(level === 1 ? 'PUBACK' : 'PUBREC', { id });
    if (level === 1) return;
    for (const id of ids) a.ack('PUBREL', id);
    for (const id of ids) await a.got('PUBCOMP', { id });
  },
  releasesInOrder: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    for (const payload of ['1', '2', '3']) await p.put('t', payload, { qos: 2 });
    const ids: number[] = [];
    for (let n = 0; n < 3; n++) ids.push((await s.got('PUBLISH')).id!);
    for (const id of [ids[1]!, ids[0]!, ids[2]!]) s.ack('PUBREC', id);
    for (const id of [ids[1]!, ids[0]!, ids[2]!]) await s.got('PUBREL', { id });
  },
  inOrder: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t/#', 2);
    const p = await x.join('p');
    for (let level = 0; level < 3; level++) for (let n = 0; n < 8; n++) await p.put('t/x', `${n}`, { qos: level });
    const got: Received[] = [];
    for (let more = await s.drain(true); more.length > 0; more = await s.drain(true)) got.push(...more);
    for (const level of [0, 1, 2]) {
      const payloads = got.filter((m) => m.type === 'PUBLISH' && m.qos === level).map(({ payload }) => payload);
      assert.deepEqual(
        payloads,
        payloads.toSorted((a, b) => Number(a) - Number(b)),
      );
      assert.equal(payloads.length, 8);
    }
  },

  // ---- 5.0
  refusedIsNew: async (x: World): Promise<void> => {
    const good = await x.join('good', { username: 'good', password: 'right' });
    await good.sub('forbidden/t', 2);
    await good.sub('t', 2);
    const p = await x.join('p');
    p.pub('forbidden/t', 'x', { qos: 2, id: 6 });
    const { code } = await p.got('PUBREC', { id: 6 });
    if (x.strict) assert.equal(code, 0x87);
    if (code! < 0x80) {
      p.ack('PUBREL', 6);
      await p.got('PUBCOMP', { id: 6 });
    }
    await p.put('t', 'y', { qos: 2, id: 6 });
    await good.take('t', 'y');
    await good.quiet();
  },
  refusalIsTheEnd: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 2 });
    const one = await s.got('PUBLISH', { payload: '1' });
    const two = await s.got('PUBLISH', { payload: '2' });
    s.ack('PUBACK', one.id!, 0x83);
    s.ack('PUBREC', two.id!, 0x97);
    await s.quiet();
    await x.cut(s);
    const again = await x.join('s', kept(x));
    await again.quiet();
  },
  startedDoesNotExpire: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 2);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 2, props: [[prop.messageExpiry, 1]] });
    const { id } = await s.got('PUBLISH', { payload: 'x' });
    await x.cut(s);
    await x.pass(3);
    const again = await x.join('s', kept(x));
    await again.got('PUBLISH', { payload: 'x', id: id!, dup: true });
  },
  handshakeOutlivesExpiry: async (x: World): Promise<void> => {
    const { p } = await pair(x);
    p.pub('t', 'x', { qos: 2, id: 3, props: [[prop.messageExpiry, 1]] });
    await p.got('PUBREC', { id: 3 });
    await x.pass(3);
    p.ack('PUBREL', 3);
    await p.got('PUBCOMP', { id: 3, code: 0 });
  },
  codesOfTheList: async (x: World): Promise<void> => {
    const { p } = await pair(x);
    for (const topic of ['t', 'nobody', 'forbidden/x']) {
      p.pub(topic, 'x', { qos: 1, id: 1 });
      const puback = await p.got('PUBACK', { id: 1 });
      assert.ok([0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99].includes(puback.code!));
      p.pub(topic, 'x', { qos: 2, id: 2 });
      const pubrec = await p.got('PUBREC', { id: 2 });
      assert.ok([0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99].includes(pubrec.code!));
      p.ack('PUBREL', 2);
      assert.ok([0, 0x92].includes((await p.got('PUBCOMP', { id: 2 })).code!));
    }
    if (!x.strict) return;
    p.pub('nobody', 'x', { qos: 1, id: 1 });
    await p.got('PUBACK', { code: 0x10 });
  },
  wrongCode: async (x: World): Promise<void> => {
    for (const bytes of ['40 03 0001 01', '50 03 0001 92', '62 03 0001 10', '70 03 0001 87']) {
      const a = await x.join('a');
      a.send(bytes);
      await a.ends(0x82, 0x81);
    }
  },
};
