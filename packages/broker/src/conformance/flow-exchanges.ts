import assert from 'node:assert/strict';
import { prop } from './packets.ts';
import type { World } from './world.ts';

export const flowControl = {
  /** At most this many of the QoS 1 and 2 messages on their way. */
  window: async (x: World): Promise<void> => {
    const s = await x.join('s', { props: [[prop.receiveMaximum, 2]] });
    await s.sub('t', 2);
    const p = await x.join('p');
    for (const [payload, qos] of [
      ['1', 1],
      ['2', 2],
      ['3', 1],
      ['4', 2],
      ['5', 1],
    ] as const)
      await p.put('t', payload, { qos });
    const [one, two] = (await s.drain()).filter(({ type }) => type === 'PUBLISH');
    assert.deepEqual([one!.payload, two!.payload], ['1', '2']);
    s.ack('PUBACK', one!.id!);
    const three = await s.got('PUBLISH', { payload: '3' });
    s.ack('PUBREC', two!.id!);
    await s.got('PUBREL', { id: two!.id! });
    await s.quiet();
    s.ack('PUBCOMP', two!.id!);
    const four = await s.got('PUBLISH', { payload: '4' });
    s.ack('PUBREC', four.id!, 0x80);
    await s.got('PUBLISH', { payload: '5' });
    s.ack('PUBACK', three.id!);
    await s.quiet();
  },
  sendsOtherPackets: async (x: World): Promise<void> => {
    const s = await x.join('s', { props: [[prop.receiveMaximum, 1]] });
    await s.sub('t', 1);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await p.put('t', '2', { qos: 1 });
    await s.got('PUBLISH', { payload: '1' });
    await s.sub('u', 1);
    await s.put('v', 'x', { qos: 1 });
    await s.put('v', 'x', { qos: 2 });
    await s.unsub('u');
    await s.quiet();
  },
  tooMany: async (x: World): Promise<void> => {
    const a = await x.join('a');
    const most = a.value(a.connack, prop.receiveMaximum) as number;
    for (let id = 1; id <= most; id++) a.pub('t', 'x', { qos: 2, id });
    for (let id = 1; id <= most; id++) await a.got('PUBREC', { id });
    await a.quiet();
    a.pub('t', 'x', { qos: 2, id: most + 1 });
    await a.ends(0x93);
  },
};
