import assert from 'node:assert/strict';
import { badUtf8, kept } from './connect-exchanges.ts';
import { prop, publish, subscribe } from './packets.ts';
import type { Props, PublishOptions } from './packets.ts';
import { Peer } from './peer.ts';
import type { World } from './world.ts';

/** What a client is thrown out for when it says this. */
export const fatal =
  (bytes: string | ((x: World) => Buffer), ...codes: number[]) =>
  async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send(typeof bytes === 'string' ? bytes : bytes(x));
    await a.ends(...codes);
  };
const fatalPublish = (topic: string | Buffer, options: PublishOptions, ...codes: number[]) =>
  fatal((x) => publish(x.version, topic, 'x', options), ...codes);

/** A subscriber of `t` and a publisher. */
export async function pair(x: World, options = 2): Promise<{ s: Peer; p: Peer }> {
  const s = await x.join('s');
  await s.sub('t', options);
  return { s, p: await x.join('p') };
}
/** A property of PUBLISH reaches subscribers as it was, live, retained and after a wait. */
const carried = (list: Props) => async (x: World) => {
  const { s, p } = await pair(x, 1);
  const mine = (packet: { props: Props }): Props => packet.props.filter(([id]) => list.some(([known]) => known === id));
  for (const qos of [0, 1]) {
    await p.put('t', 'x', { qos, props: list });
    assert.deepEqual(mine(await s.take('t', 'x')), list);
  }
  await p.put('t', 'kept', { retain: true, props: list });
  await s.take('t', 'kept');
  const late = await x.join('late');
  await late.sub('t');
  assert.deepEqual(mine(await late.take('t', 'kept', { retain: true })), list);
};

export const publishing = {
  dupOnRedelivery: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 1);
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 1 });
    const first = await s.got('PUBLISH', { dup: false, qos: 1 });
    await x.cut(s);
    const again = await x.join('s', kept(x));
    await again.got('PUBLISH', { dup: true, qos: 1, id: first.id!, payload: 'x' });
  },
  dupOnQos0: fatal((x) => publish(x.version, 't', 'x', { dup: true }), 0x81),
  dupIsNotCopied: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    p.pub('t', 'x', { qos: 1, id: 7, dup: true });
    await p.got('PUBACK', { id: 7 });
    await s.take('t', 'x', { dup: false });
  },
  qos3: fatalPublish('t', { qos: 3, id: 1 }, 0x81),
  retainedReplaces: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'old', { retain: true });
    await p.put('t', 'new', { qos: 1, retain: true });
    const s = await x.join('s');
    await s.sub('t', 2);
    await s.take('t', 'new', { retain: true, qos: 1 });
    await s.quiet();
  },
  retainedPerTopic: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t/1', 'one', { retain: true });
    await p.put('t/2', 'two', { retain: true });
    const s = await x.join('s');
    await s.sub('t/+');
    const got = (await s.drain()).map(({ topic, payload, retain }) => `${topic} ${payload} ${retain}`).toSorted();
    assert.deepEqual(got, ['t/1 one true', 't/2 two true']);
  },
  retainedQos0Replaces: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'old', { qos: 1, retain: true });
    await p.put('t', 'new', { retain: true });
    const s = await x.join('s');
    await s.sub('t', 1);
    for (const packet of await s.drain()) assert.notEqual(packet.payload, 'old');
  },
  liveIsNotRetained: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', 'x', { retain: true });
    await s.take('t', 'x', { retain: false });
  },
  emptyClears: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', 'x', { retain: true });
    await s.take('t', 'x');
    await p.put('t', '', { retain: true });
    await s.take('t', '', { retain: false });
    const late = await x.join('late');
    await late.sub('t');
    await late.quiet();
  },
  emptyIsNotKept: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', '', { qos: 1, retain: true });
    const s = await x.join('s');
    await s.sub('t');
    await s.quiet();
  },
  plainLeavesRetained: async (x: World): Promise<void> => {
    const p = await x.join('p');
    await p.put('t', 'kept', { retain: true });
    await p.put('t', 'live');
    await p.put('t', '');
    await p.put('u', 'live');
    const s = await x.join('s');
    await s.sub('+');
    await s.take('t', 'kept', { retain: true });
    await s.quiet();
  },
  retainedOutlivesSession: async (x: World): Promise<void> => {
    const p = await x.join('p', { clean: true });
    await p.put('t', 'kept', { retain: true });
    await p.bye();
    const s = await x.join('s');
    await s.sub('t');
    await s.take('t', 'kept', { retain: true });
  },
  topicNotUtf8: fatalPublish(badUtf8, {}, 0x81, 0x90),
  topicWithWildcard: async (x: World): Promise<void> => {
    for (const topic of ['t/+', 't/#', '#', '+']) {
      const a = await x.join('a');
      a.pub(topic, 'x');
      await a.ends(0x90, 0x81, 0x82);
    }
  },
  topicIsThePublishedOne: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('a/+/c');
    const p = await x.join('p');
    for (const topic of ['a/b/c', 'a/b', 'a//c', 'a/b/c/d', 'A/b/c']) await p.put(topic, 'x');
    assert.deepEqual(
      (await s.drain()).map(({ topic }) => topic),
      ['a/b/c', 'a//c'],
    );
  },
  answeredByQos: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.pub('t', 'x');
    a.pub('t', 'x', { qos: 1, id: 2 });
    a.pub('t', 'x', { qos: 2, id: 3 });
    await a.got('PUBACK', { id: 2 });
    await a.got('PUBREC', { id: 3 });
    await a.quiet();
  },
  refusedByRight: async (x: World): Promise<void> => {
    const good = await x.join('good', { username: 'good', password: 'right' });
    await good.sub('forbidden/#', 2);
    const a = await x.join('a');
    a.pub('forbidden/t', 'x', { qos: 1, id: 1 });
    const puback = await a.got('PUBACK', { id: 1 });
    if (x.version === 5 && x.strict) assert.equal(puback.code, 0x87);
    a.pub('forbidden/t', 'x', { qos: 2, id: 2 });
    const pubrec = await a.got('PUBREC', { id: 2 });
    if (x.version === 5 && x.strict) assert.equal(pubrec.code, 0x87);
    await good.quiet();
  },
  overlapping: async (x: World): Promise<void> => {
    const s = await x.join('s');
    await s.sub('t/#', 0);
    await s.sub('t/+', 2);
    await s.sub('+/1', 1);
    const p = await x.join('p');
    await p.put('t/1', 'x', { qos: 2 });
    const copies = (await s.drain(true)).filter(({ type }) => type === 'PUBLISH');
    assert.ok(copies.length >= 1);
    assert.equal(Math.max(...copies.map(({ qos }) => qos!)), 2);
  },
  empty: fatalPublish('', {}, 0x81, 0x82, 0x90),
  nul: fatalPublish('a\0b', {}, 0x81, 0x90),

  // ---- 5.0
  payloadFormat: carried([[prop.payloadFormat, 1]]),
  responseTopic: carried([[prop.responseTopic, 'answers/here']]),
  correlationData: carried([[prop.correlationData, Buffer.from('\0\x01\xff', 'latin1')]]),
  contentType: carried([[prop.contentType, 'application/json']]),
  userProperties: carried([
    [prop.user, ['z', '1']],
    [prop.user, ['a', '2']],
    [prop.user, ['z', '3']],
    [prop.user, ['', '']],
  ]),
  badResponseTopic: async (x: World): Promise<void> => {
    for (const topic of ['a/#', 'a/+', '#']) {
      const a = await x.join('a');
      a.pub('t', 'x', { props: [[prop.responseTopic, topic]] });
      await a.ends(0x82, 0x81, 0x90);
    }
  },
  badText: (id: number) => fatalPublish('t', { props: [[id, badUtf8]] }, 0x81),
  twice: (...list: Props) => fatalPublish('t', { props: [...list, ...list] }, 0x82, 0x81),
  badFormat: fatalPublish('t', { props: [[prop.payloadFormat, 2]] }, 0x82, 0x81),
  foreignProperty: fatalPublish('t', { props: [[prop.serverKeepAlive, 1]] }, 0x81, 0x82),
  subscriptionIdFromClient: fatalPublish('t', { props: [[prop.subscriptionId, 1]] }, 0x82, 0x81),
  expiredWhileWaiting: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 1);
    await s.bye();
    const p = await x.join('p');
    await p.put('t', 'short', { qos: 1, props: [[prop.messageExpiry, 1]] });
    await p.put('t', 'long', { qos: 1, props: [[prop.messageExpiry, 50]] });
    await p.put('kept', 'short', { retain: true, props: [[prop.messageExpiry, 1]] });
    await x.pass(3);
    const again = await x.join('s', kept(x));
    await again.take('t', 'long');
    await again.sub('kept');
    await again.quiet();
  },
  expiryCountsDown: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 1);
    await s.bye();
    const p = await x.join('p');
    await p.put('t', 'x', { qos: 1, props: [[prop.messageExpiry, 50]] });
    await p.put('kept', 'x', { retain: true, props: [[prop.messageExpiry, 50]] });
    await x.pass(3);
    const least = x.strict ? 47 : 40;
    const again = await x.join('s', kept(x));
    const left = again.value(await again.take('t', 'x'), prop.messageExpiry) as number;
    assert.ok(left >= least && left <= 47, `${left} seconds left`);
    await again.sub('kept');
    const keptLeft = again.value(await again.take('kept', 'x', { retain: true }), prop.messageExpiry) as number;
    assert.ok(keptLeft >= least && keptLeft <= 47, `${keptLeft} seconds left of a retained message`);
  },
  expiryPassedOn: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', 'x', { props: [[prop.messageExpiry, 50]] });
    assert.equal(s.value(await s.take('t', 'x'), prop.messageExpiry), 50);
    await p.put('t', 'x');
    assert.equal(s.value(await s.take('t', 'x'), prop.messageExpiry), undefined);
  },

  // ---- topic alias
  aliasFromClient: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    const most = p.value(p.connack, prop.topicAliasMaximum) as number;
    assert.ok(most > 0, 'no topic alias is taken');
    p.pub('t', '1', { props: [[prop.topicAlias, most]] });
    p.pub('', '2', { props: [[prop.topicAlias, most]] });
    p.pub('u', 'other', { props: [[prop.topicAlias, most]] });
    p.pub('t', '3', { props: [[prop.topicAlias, 1]] });
    p.pub('', '4', { qos: 1, id: 1, props: [[prop.topicAlias, 1]] });
    for (const payload of ['1', '2', '3', '4']) {
      assert.equal(s.value(await s.take('t', payload), prop.topicAlias), undefined);
    }
    await s.quiet();
  },
  aliasZero: fatalPublish('t', { props: [[prop.topicAlias, 0]] }, 0x94, 0x82),
  aliasBeyond: async (x: World): Promise<void> => {
    const a = await x.join('a');
    const most = (a.value(a.connack, prop.topicAliasMaximum) as number | undefined) ?? 0;
    a.pub('t', 'x', { props: [[prop.topicAlias, most + 1]] });
    await a.ends(0x94);
  },
  aliasUnknown: fatalPublish('', { props: [[prop.topicAlias, 3]] }, 0x82),
  aliasOfOneConnection: async (x: World): Promise<void> => {
    const a = await x.join('a', kept(x));
    await a.put('t', 'x', { props: [[prop.topicAlias, 1]] });
    await x.cut(a);
    const again = await x.join('a', kept(x));
    again.pub('', 'x', { props: [[prop.topicAlias, 1]] });
    await again.ends(0x82);
  },
  ourAliases: async (x: World): Promise<void> => {
    const s = await x.join('s', { props: [[prop.topicAliasMaximum, 2]] });
    await s.sub('#', 1);
    const p = await x.join('p');
    const names = new Map<number, string>();
    let used = 0;
    for (const topic of ['a', 'b', 'c', 'a', 'b', 'c', 'a']) {
      await p.put(topic, topic, { qos: 1 });
      const packet = await s.got('PUBLISH', { payload: topic });
      s.ack('PUBACK', packet.id!);
      const alias = s.value(packet, prop.topicAlias) as number | undefined;
      if (alias !== undefined) {
        assert.ok(alias >= 1 && alias <= 2, `alias ${alias}`);
        if (packet.topic !== '') names.set(alias, packet.topic!);
        else used++;
      }
      assert.equal(packet.topic === '' ? names.get(alias!) : packet.topic, topic);
    }
    if (x.strict) assert.ok(used >= 3, 'the aliases offered are not used');
  },
  noAliasUnasked: async (x: World): Promise<void> => {
    for (const list of [[], [[prop.topicAliasMaximum, 0]] as const]) {
      const s = await x.join('s', { props: list });
      await s.sub('t');
      const p = await x.join('p');
      for (const payload of ['1', '2', '3']) {
        await p.put('t', payload);
        assert.equal(s.value(await s.take('t', payload), prop.topicAlias), undefined);
      }
    }
  },

  // ---- maximum packet size
  tooLargeIsDropped: async (x: World): Promise<void> => {
    const s = await x.join('s', { props: [[prop.maximumPacketSize, 60]] });
    await s.sub('t', 2);
    const p = await x.join('p');
    for (const qos of [0, 1, 2]) await p.put('t', 'large'.repeat(20), { qos });
    await p.put('t', 'small', { qos: 1 });
    await s.take('t', 'small');
    await s.quiet();
  },
  tooLargeInQueue: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    await s.sub('t', 1);
    await s.bye();
    const p = await x.join('p');
    await p.put('t', 'large'.repeat(20), { qos: 1 });
    await p.put('t', 'small', { qos: 1 });
    const again = await x.join('s', kept(x, { props: [[prop.maximumPacketSize, 60]] }));
    await again.take('t', 'small');
    await again.quiet();
  },
  answersWithinMaximum: async (x: World): Promise<void> => {
    const tiny = await x.open();
    tiny.hello('tiny', { props: [[prop.maximumPacketSize, 8]] });
    await tiny.raw.untilClosed();
    assert.equal(tiny.raw.received.length, 0);
    const a = await x.join('a', { props: [[prop.maximumPacketSize, 40]] });
    const filters = Array.from({ length: 60 }, (_, n) => [`f/${n}`, 0] as const);
    a.send(subscribe(5, 1, filters));
    await a.ends(0x95);
  },
  tooLargeForServer: async (x: World): Promise<void> => {
    const a = await x.join('a');
    const most = a.value(a.connack, prop.maximumPacketSize) as number;
    assert.ok(most > 0, 'no maximum packet size is told');
    await a.put('t', Buffer.alloc(most - 12));
    a.pub('t', Buffer.alloc(most));
    await a.ends(0x95);
  },
  withinMaximumAfterProperties: async (x: World): Promise<void> => {
    const s = await x.join('s', { props: [[prop.maximumPacketSize, 60]] });
    await s.sub('t', 1, [[prop.subscriptionId, 268_435_455]]);
    const p = await x.join('p');
    for (let length = 40; length < 60; length++) await p.put('t', 'x'.repeat(length), { qos: 1 });
    const got = await s.drain(true);
    assert.ok(got.length > 0 && got.every((packet) => packet.length <= 60), `lengths ${got.map((packet) => packet.length).join(' ')}`);
  },
  noPropertiesNeeded: async (x: World): Promise<void> => {
    const { s, p } = await pair(x);
    await p.put('t', 'x');
    assert.deepEqual((await s.take('t', 'x')).props, []);
    assert.deepEqual(Peer.values(p.connack, prop.user), []);
  },
};
