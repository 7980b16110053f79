import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError, partPrincipal, RefusedPublication, topicMatches } from '@omh/core';
import type { RetainedProvider } from '@omh/core';
import type { Peer } from './conformance/peer.ts';
import { subscribe } from './conformance/packets.ts';
import type { Received } from './conformance/packets.ts';
import { house } from './features/test-house.ts';
import { TopicTree } from './topic-tree.ts';

const me = partPrincipal('test');
const retainAsPublished = 8;
const handling = (n: 0 | 1 | 2): number => n << 4;

/** Topics with their payloads, as a part of the hub would make them; counts what it was asked for. */
class Plant implements RetainedProvider {
  readonly name = 'plant';
  readonly principal = me;
  readonly topicsNow: Map<string, string>;
  asked = 0;
  constructor(...topics: readonly string[]) {
    this.topicsNow = new Map(topics.map((topic) => [topic, `of ${topic}`]));
  }
  owns(topic: string): boolean {
    return this.topicsNow.has(topic);
  }
  *topics(filter: string): Iterable<string> {
    for (const topic of this.topicsNow.keys()) if (topicMatches(filter, topic)) yield topic;
  }
  payload(topic: string): string | undefined {
    this.asked++;
    return this.topicsNow.get(topic);
  }
}
const published = async (peer: Peer): Promise<string[]> =>
  (await peer.drain(true))
    .filter(({ type }) => type === 'PUBLISH')
    .map((p) => `${p.topic}=${p.payload}${p.retain ? ' retained' : ''} q${p.qos}`);

test('who subscribes gets what the provider makes, as its retain handling asks, and shared subscriptions none', async (t) => {
  const { broker, client } = await house(t);
  const plant = new Plant('a/x', 'a/y', 'b/x');
  broker.bus.provide!(plant);
  const peer = await client('c');
  await peer.sub('a/+', 1);
  assert.deepEqual(await published(peer), ['a/x=of a/x retained q1', 'a/y=of a/y retained q1']);
  await peer.sub('a/+', handling(1));
  await peer.sub('b/#', handling(2));
  await peer.sub('$share/g/#', 0);
  assert.deepEqual(await published(peer), []);
  await peer.sub('b/x', 0 | handling(1));
  assert.deepEqual(await published(peer), ['b/x=of b/x retained q0']);
  const all = await client('all', 4);
  await all.sub('#', 0);
  assert.equal((await published(all)).length, 3);
});

test('twenty thousand retained topics are made as the subscriber takes them, and never older than a live message', async (t) => {
  const { broker, client } = await house(t);
  const plant = new Plant();
  for (let i = 0; i < 20_000; i++) plant.topicsNow.set(`p/${i}`, `of p/${i}`);
  const topics = broker.bus.provide!(plant);
  const peer = await client('c');
  const id = peer.nextId();
  peer.send(subscribe(5, id, [['p/#', 0]]));
  await peer.got('SUBACK', { id });
  const atSuback = plant.asked;
  assert.ok(atSuback < 18_000, `${atSuback} payloads were made before the answer was read`);
  plant.topicsNow.set('p/19999', 'newer');
  topics.topic('p/19999').publish('newer');
  const last: string[] = [];
  for (let n = 0; n < 20_001; n++) {
    const packet: Received = await peer.next();
    if (packet.topic === 'p/19999') last.push(packet.payload!);
  }
  assert.deepEqual(last, ['newer', 'newer']);
});

test('a topic without a reader costs no message; one that is read goes out at the QoS each asked for', async (t) => {
  const { broker, client } = await house(t);
  const topics = broker.bus.provide!(new Plant('a/x'));
  const x = topics.topic('a/x');
  assert.equal(x.read, false);
  x.publish('nobody');
  assert.equal(broker.stats().messagesLocal, 0);
  const [zero, one, plain] = [await client('zero'), await client('one'), await client('plain', 4)];
  await zero.sub('a/x', 0 | handling(2));
  await one.sub('a/x', 1 | handling(2) | retainAsPublished);
  await plain.sub('a/#', 1);
  await published(plain);
  assert.equal(x.read, true);
  x.publish('now');
  assert.deepEqual(
    [await published(zero), await published(one), await published(plain)],
    [['a/x=now q0'], ['a/x=now retained q1'], ['a/x=now q1']],
  );
  x.publish('');
  assert.deepEqual(await published(zero), ['a/x= q0']);
  assert.equal(broker.stats().retained, 0, 'nothing is stored');
});

test('nobody else publishes to a virtual topic: clients hear 0x87, wills and stored messages do not pass', async (t) => {
  const { broker, client } = await house(t);
  const stored = await client('stored');
  await stored.put('a/x', 'stored before', { retain: true });
  const plant = new Plant('a/x');
  const topics = broker.bus.provide!(plant);
  assert.throws(() => broker.bus.provide!(new Plant('b')), /another part does already/);
  const reader = await client('reader');
  await reader.sub('a/#', 0);
  assert.deepEqual(await published(reader), ['a/x=of a/x retained q0']);
  const peer = await client('c');
  for (const qos of [1, 2] as const) {
    peer.pub('a/x', 'forged', { qos, id: 9 });
    await peer.got(qos === 1 ? 'PUBACK' : 'PUBREC', { id: 9, code: 0x87 });
  }
  peer.pub('a/x', 'forged', { qos: 0 });
  peer.pub('$delayed/1/a/x', 'forged', { qos: 1, id: 10 });
  await peer.got('PUBACK', { id: 10, code: 0x87 });
  const old = await client('old', 4);
  old.pub('a/x', 'forged', { qos: 1, id: 3 });
  await old.got('PUBACK', { id: 3 });
  const dying = await client('dying', 5, { will: { topic: 'a/x', payload: 'forged', qos: 0 } });
  dying.raw.close();
  await assert.rejects(broker.bus.publish({ topic: 'a/x', payload: 'forged', qos: 1, principal: me })!, /only the hub publishes it/);
  assert.ok(broker.stats().publishRefused >= 5);
  assert.deepEqual(await published(reader), []);
  plant.topicsNow.delete('a/x');
  topics.changed();
  await peer.put('a/x', 'mine now', { qos: 1 });
  assert.deepEqual(await published(reader), ['a/x=mine now q0']);
  topics.close();
  assert.equal(topics.readersBelow('a'), undefined);
  broker.bus.provide!(new Plant('b')).close();
});

test('a reader in this process gets virtual retained messages once, however many of its filters match', async (t) => {
  const { broker } = await house(t);
  broker.bus.provide!(new Plant('a/x', 'a/y'));
  const got: string[] = [];
  broker.bus.subscribe(
    ['a/x', 'a/#'],
    { name: 'test', delivery: 'volatile', receive: (m) => void got.push(`${m.topic} ${m.retain} ${Buffer.from(m.bytes()).toString()}`) },
    { retained: true },
  );
  assert.deepEqual(got, ['a/x true of a/x', 'a/y true of a/y']);
});

test('a durable reader refuses a message for good: the code in 5.0, an acknowledgement in 3.1.1, and nothing else waits', async (t) => {
  const { broker, client } = await house(t);
  const refusal = new OmhError('TEST', { blame: 'caller', text: 'No.', next: 'Nothing.' });
  let refuse = (): void => {};
  const waiting = new Promise<never>((_resolve, reject) => {
    refuse = () => reject(new RefusedPublication(refusal, 0x99));
  });
  waiting.catch(() => {});
  broker.bus.subscribe(['slow'], { name: 'slow', delivery: 'durable', receive: () => waiting });
  const [five, four, reader] = [await client('five'), await client('four', 4), await client('reader')];
  await reader.sub('other', 0);
  five.pub('slow', 'x', { qos: 1, id: 1 });
  five.pub('other', 'passes', { qos: 0 });
  four.pub('slow', 'x', { qos: 2, id: 2 });
  await reader.got('PUBLISH', { payload: 'passes' });
  refuse();
  await five.got('PUBACK', { id: 1, code: 0x99 });
  await four.got('PUBREC', { id: 2 });
  await assert.rejects(broker.bus.publish({ topic: 'slow', payload: 'x', qos: 1, principal: me })!, /^OmhError: No\.$|No\./);
  assert.equal(broker.stats().readerErrors, 0);
});

test('who reads below a path is known by one walk along it', () => {
  const tree = new TopicTree<object>();
  const below = (path: string): string[] | undefined => {
    const test = tree.below(path);
    return test && ['x', 'y'].filter(test);
  };
  assert.equal(below('a/b'), undefined);
  tree.add('a/b', {});
  tree.add('a/other/#', {});
  assert.equal(below('a/b'), undefined);
  tree.add('a/b/x/_meta', {});
  assert.deepEqual(below('a/b'), []);
  tree.add('a/+/x', {});
  assert.deepEqual(below('a/b'), ['x']);
  assert.deepEqual(below('a/other'), ['x', 'y']);
  tree.add('a/b/y/#', {});
  assert.deepEqual(below('a/b'), ['x', 'y']);
  const everything = {};
  tree.add('#', everything);
  assert.deepEqual(below('c/d'), ['x', 'y']);
  tree.remove('#', everything);
  assert.equal(below('c/d'), undefined);
});
