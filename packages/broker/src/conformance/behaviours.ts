import assert from 'node:assert/strict';
import { kept } from './connect-exchanges.ts';
import { prop } from './packets.ts';
import type { Received } from './packets.ts';
import { Peer } from './peer.ts';
import type { Statement } from './statement.ts';
import { option } from './subscribe-exchanges.ts';
import type { World } from './world.ts';

/** Topics and filters that match each other in many ways. */
const names = ['TopicA', 'TopicA/B', 'Topic/C', 'TopicA/C', '/TopicA'] as const;
const matching: Readonly<Record<string, readonly string[]>> = {
  'TopicA/+': ['TopicA/B', 'TopicA/C'],
  '+/C': ['Topic/C', 'TopicA/C'],
  '#': names,
  '/#': ['/TopicA'],
  '/+': ['/TopicA'],
  '+/+': ['TopicA/B', 'Topic/C', 'TopicA/C', '/TopicA'],
  'TopicA/#': ['TopicA', 'TopicA/B', 'TopicA/C'],
};
const messages = (list: readonly Received[]): Received[] => list.filter(({ type }) => type === 'PUBLISH');
const both = (says: string, run: (x: World) => Promise<void>): Statement => ({ id: says, says, run });

/** What client suites try in both versions, from end to end. */
export const behaviours: readonly Statement[] = [
  both('three levels of QoS come back to their own publisher', async (x) => {
    const a = await x.join('a');
    await a.sub('TopicA', 2);
    a.pub('TopicA', 'qos 0');
    a.pub('TopicA', 'qos 1', { qos: 1, id: 2 });
    a.pub('TopicA', 'qos 2', { qos: 2, id: 3 });
    const got: string[] = [];
    for (let left = 8; left > 0; left--) {
      const packet = await a.next();
      if (packet.type === 'PUBLISH') got.push(`${packet.payload} ${packet.qos}`);
      if (packet.type === 'PUBLISH' && packet.qos === 1) a.ack('PUBACK', packet.id!);
      if (packet.type === 'PUBLISH' && packet.qos === 2) a.ack('PUBREC', packet.id!);
      if (packet.type === 'PUBREC') a.ack('PUBREL', packet.id!);
      if (packet.type === 'PUBREL') a.ack('PUBCOMP', packet.id!);
      if (packet.type === 'PINGRESP') break;
      if (got.length === 3 && packet.type === 'PUBREL') break;
    }
    assert.deepEqual(got.toSorted(), ['qos 0 0', 'qos 1 1', 'qos 2 2']);
  }),
  both('every wildcard filter gets the topics it matches, live and retained', async (x) => {
    const p = await x.join('p');
    for (const topic of names) await p.put(topic, topic, { qos: 1, retain: true });
    for (const [filter, topics] of Object.entries(matching)) {
      const s = await x.join('s');
      await s.sub(filter, 1);
      const retained = messages(await s.drain(true));
      assert.deepEqual(retained.map(({ topic }) => topic!).toSorted(), topics.toSorted(), `retained for ${filter}`);
      for (const topic of names) await p.put(topic, 'live');
      const live = messages(await s.drain());
      assert.deepEqual(live.map(({ topic }) => topic!).toSorted(), topics.toSorted(), `live for ${filter}`);
      await s.bye();
    }
  }),
  both('retained messages of three QoS come with their QoS and are cleared one by one', async (x) => {
    const a = await x.join('a');
    await a.put('TopicA/B', 'qos 0', { retain: true });
    await a.put('Topic/C', 'qos 1', { qos: 1, retain: true });
    await a.put('TopicA/C', 'qos 2', { qos: 2, retain: true });
    await a.sub('+/+', 2);
    assert.deepEqual(
      messages(await a.drain(true))
        .map(({ qos, retain }) => `${qos} ${retain}`)
        .toSorted(),
      ['0 true', '1 true', '2 true'],
    );
    const cleaner = await x.join('cleaner');
    await cleaner.sub('#');
    for (const { topic } of messages(await cleaner.drain())) cleaner.pub(topic!, '', { retain: true });
    await cleaner.drain();
    const late = await x.join('late');
    await late.sub('#');
    await late.quiet();
  }),
  both('messages of QoS 1 and 2 wait for a client that is away', async (x) => {
    const a = await x.join('a', kept(x));
    await a.sub('+/+', 2);
    await a.bye();
    const b = await x.join('b');
    await b.put('TopicA/B', 'qos 0');
    await b.put('Topic/C', 'qos 1', { qos: 1 });
    await b.put('TopicA/C', 'qos 2', { qos: 2 });
    const again = await x.join('a', kept(x));
    assert.deepEqual(
      messages(await again.drain(true)).map(({ payload }) => payload),
      ['qos 1', 'qos 2'],
    );
  }),
  both('overlapping filters deliver once with the highest QoS, or once each', async (x) => {
    const a = await x.join('a');
    await a.sub('TopicA/#', 2);
    await a.sub('TopicA/+', 1);
    const p = await x.join('p');
    await p.put('TopicA/C', 'x', { qos: 2 });
    const got = messages(await a.drain(true)).map(({ qos }) => `${qos}`);
    assert.ok(got.length === 1 ? got[0] === '2' : got.toSorted().join() === '1,2', `QoS ${got.join()}`);
  }),
  both('a client that falls silent is let go and its will sent, one without keep-alive stays', async (x) => {
    const a = await x.join('a', { keepAlive: 5, will: { topic: '/TopicA', payload: 'keepalive expiry' } });
    const b = await x.join('b', { keepAlive: 0 });
    await b.sub('/TopicA', 2);
    await x.pass(15);
    await a.raw.untilClosed();
    await b.take('/TopicA', 'keepalive expiry');
    await b.quiet();
  }),
  both('what was not acknowledged comes again when the client is back', async (x) => {
    const b = await x.join('b', kept(x));
    await b.sub('TopicA/#', 2);
    await b.put('TopicA/B', '', { qos: 1, id: 10 }).catch(() => {});
    const p = await x.join('p');
    await p.put('TopicA/C', '', { qos: 2 });
    await b.bye();
    const again = await x.join('b', kept(x));
    const got = messages(await again.drain(true));
    assert.deepEqual(
      got.map(({ topic, dup }) => `${topic} ${dup}`),
      ['TopicA/B true', 'TopicA/C true'],
    );
  }),
  both('a filter that nobody may subscribe to is refused in SUBACK', async (x) => {
    const a = await x.join('a');
    await a.sub('forbidden/t', 2, undefined, x.version === 4 ? 0x80 : 0x87);
    await a.quiet();
  }),
  both('a topic that begins with $ is not for wildcards', async (x) => {
    const b = await x.join('b');
    await b.sub('+/+', 2);
    b.pub('$TopicA/B', '', { qos: 1, id: 9 });
    assert.ok((await b.got('PUBACK', { id: 9 })).code! < 0x80);
    await b.quiet();
  }),
  both('after UNSUBSCRIBE the other filters go on', async (x) => {
    const b = await x.join('b');
    for (const topic of ['TopicA', 'TopicA/B', 'Topic/C']) await b.sub(topic, 2);
    await b.unsub('TopicA');
    const a = await x.join('a');
    for (const topic of ['TopicA', 'TopicA/B', 'Topic/C']) await a.put(topic, topic, { qos: 1 });
    assert.deepEqual(
      messages(await b.drain(true)).map(({ topic }) => topic),
      ['TopicA/B', 'Topic/C'],
    );
  }),
  both('an empty client id is given one with clean session, and refused without where nothing could be kept', async (x) => {
    await (await x.join('')).bye();
    if (x.version === 5) return;
    const a = await x.open();
    a.hello('', { clean: false });
    await a.refused(2);
  }),
];

const connack = (peer: Peer): string => peer.connack.props.map(([id, value]) => `${id}=${String(value)}`).join(' ');

/** What client suites try in 5.0, with the bounds of `examples/conformance.yaml`. */
export const behaviours5: readonly Statement[] = [
  both('CONNACK says no more than two bounds', async (x) => {
    const a = await x.join('a', { keepAlive: 60 });
    assert.equal(connack(a), `${prop.topicAliasMaximum}=10 ${prop.receiveMaximum}=20`);
  }),
  both('a longer keep-alive is cut to 60 seconds, and that holds', async (x) => {
    const a = await x.join('a', { keepAlive: 120 });
    assert.equal(a.value(a.connack, prop.serverKeepAlive), 60);
    await x.pass(85);
    await a.quiet();
    await x.pass(95);
    await a.ends(0x8d);
  }),
  both('an assigned client id can be used again', async (x) => {
    const a = await x.join('');
    const id = a.value(a.connack, prop.assignedClientId) as string;
    await a.bye();
    const again = await x.join(id);
    assert.equal(again.value(again.connack, prop.assignedClientId), undefined);
  }),
  both('a session ends with its expiry, which DISCONNECT may change', async (x) => {
    const join = (clean: boolean, seconds: number): Promise<Peer> => x.join('a', { clean, props: [[prop.sessionExpiry, seconds]] });
    const seen: unknown[] = [];
    const step = async (clean: boolean, seconds: number, wait: number, atEnd?: number): Promise<void> => {
      const a = await join(clean, seconds);
      seen.push(a.connack.present);
      await a.sub('TopicA', 2);
      await a.bye(0, atEnd === undefined ? undefined : [[prop.sessionExpiry, atEnd]]);
      await x.pass(wait);
    };
    await step(true, 0, 0);
    await step(false, 0, 0);
    await step(true, 5, 2);
    await step(false, 5, 7);
    await step(false, 5, 0);
    await step(true, 1, 3, 5);
    await step(false, 1, 0, 0);
    await step(false, 1, 0);
    assert.deepEqual(seen, [false, false, false, true, false, false, true, false]);
  }),
  both('a will waits for its delay, or for the end of the session', async (x) => {
    const b = await x.join('b');
    await b.sub('TopicA', 2);
    for (const [delay, expiry, after] of [
      [3, 5, 3],
      [5, 2, 2],
    ] as const) {
      const a = await x.join('a', {
        props: [[prop.sessionExpiry, expiry]],
        will: { topic: 'TopicA', payload: 'will', props: [[prop.willDelay, delay]] },
      });
      await x.cut(a);
      await x.pass(after - 1);
      await b.quiet();
      await x.pass(2);
      await b.take('TopicA', 'will');
    }
  }),
  both('messages expire while their reader is away, the others say what is left', async (x) => {
    const b = await x.join('b', kept(x));
    await b.sub('TopicA', 2);
    await b.bye();
    const a = await x.join('a');
    for (const seconds of [1, 6])
      for (const qos of [1, 2]) await a.put('TopicA', `${seconds}`, { qos, props: [[prop.messageExpiry, seconds]] });
    await x.pass(3);
    const again = await x.join('b', kept(x));
    const got = messages(await again.drain(true));
    assert.deepEqual(
      got.map((one) => [one.payload, Peer.values(one, prop.messageExpiry)[0]]),
      [
        ['6', 3],
        ['6', 3],
      ],
    );
  }),
  both('no local, retain as published and retain handling', async (x) => {
    const a = await x.join('a');
    await a.sub('TopicA', option.noLocal | option.retainAsPublished | 2);
    await a.put('TopicA', 'mine', { qos: 1 });
    await a.quiet();
    const b = await x.join('b');
    await b.put('TopicA', 'false', { qos: 1 });
    await b.put('TopicA', 'true', { qos: 1, retain: true });
    await a.take('TopicA', 'false', { retain: false });
    await a.take('TopicA', 'true', { retain: true });
    for (const [options, first, second] of [
      [option.handling1, 1, 0],
      [option.handling2, 0, 0],
      [0, 1, 1],
    ] as const) {
      const c = await x.join('c');
      for (const count of [first, second]) {
        await c.sub('#', options);
        assert.equal(messages(await c.drain()).length, count, `options ${options}`);
      }
      await c.bye();
    }
  }),
  both('each filter adds its subscription identifier', async (x) => {
    const b = await x.join('b');
    await b.sub('TopicA', 2, [[prop.subscriptionId, 456_789]]);
    await b.sub('TopicA/#', 1, [[prop.subscriptionId, 2]]);
    const a = await x.join('a');
    await a.put('TopicA', 'x', { qos: 1 });
    const got = messages(await b.drain(true))
      .flatMap((one) => Peer.values(one, prop.subscriptionId))
      .map(String);
    assert.deepEqual(got.toSorted(), ['2', '456789']);
  }),
  both('a request finds its way to a responder and the answer back', async (x) => {
    const responder = await x.join('responder');
    await responder.sub('request', 2);
    const asking = await x.join('asking');
    await asking.sub('answers/asking', 2);
    const asked = [
      [prop.responseTopic, 'answers/asking'],
      [prop.correlationData, Buffer.from('334')],
    ] as const;
    await asking.put('request', 'what', { qos: 1, props: asked });
    const request = await responder.take('request', 'what');
    assert.deepEqual(
      request.props.filter(([id]) => id !== prop.topicAlias),
      asked,
    );
    await responder.put(responder.value(request, prop.responseTopic) as string, 'that', {
      qos: 1,
      props: [[prop.correlationData, responder.value(request, prop.correlationData) as Buffer]],
    });
    assert.deepEqual(Peer.values(await asking.take('answers/asking', 'that'), prop.correlationData), [Buffer.from('334')]);
  }),
  both('a sender above the receive maximum of 20 is let go', async (x) => {
    const a = await x.join('a');
    await a.sub('TopicA', 2);
    for (let id = 1; id <= 21; id++) a.pub('TopicA', `message ${id}`, { qos: 2, id });
    await a.raw.untilClosed();
    let last: Received | undefined;
    while (a.raw.received.length > 0) last = await a.next();
    assert.deepEqual([last?.type, last?.code], ['DISCONNECT', 0x93]);
  }),
  both('aliases of both sides stay below their maximum', async (x) => {
    const a = await x.join('a', { props: [[prop.topicAliasMaximum, 5]] });
    await a.sub('TopicA', 2);
    const b = await x.join('b');
    b.pub('TopicA', '1', { qos: 1, id: 1, props: [[prop.topicAlias, 1]] });
    b.pub('', '2', { qos: 1, id: 2, props: [[prop.topicAlias, 1]] });
    await b.got('PUBACK', { id: 1 });
    await b.got('PUBACK', { id: 2 });
    const got = messages(await a.drain(true));
    assert.deepEqual(
      got.map((one) => [one.topic, one.payload, Peer.values(one, prop.topicAlias)[0]]),
      [
        ['TopicA', '1', 1],
        ['', '2', 1],
      ],
    );
    b.pub('TopicA', 'x', { props: [[prop.topicAlias, 11]] });
    await b.ends(0x94);
  }),
  both('a shared subscription spreads its messages, and a plain one beside it gets all', async (x) => {
    const a = await x.join('a');
    const b = await x.join('b');
    for (const peer of [a, b]) {
      await peer.sub('$share/sharename/TopicA', 2);
      await peer.sub('TopicA', 2);
    }
    const p = await x.join('p');
    for (let n = 0; n < 10; n++) await p.put('TopicA', `${n}`, { qos: 1 });
    const counts = [];
    for (const peer of [a, b]) counts.push(messages(await peer.drain(true)).length);
    assert.equal(counts[0]! + counts[1]!, 30);
    assert.ok(
      counts.every((n) => n > 10 && n < 20),
      `${counts.join(' and ')} deliveries`,
    );
  }),
];
