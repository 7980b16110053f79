import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedStrategy } from '../shared-strategy.ts';
import type { Peer } from '../conformance/peer.ts';
import { house } from './test-house.ts';

/** Publishes to these topics and says which member got which payload. */
async function spread(publisher: Peer, topics: readonly string[], members: readonly Peer[], qos = 0): Promise<string[][]> {
  for (const [i, topic] of topics.entries()) await publisher.put(topic, String(i), { qos });
  const out: string[][] = [];
  for (const member of members)
    out.push((await member.drain(true)).filter(({ type }) => type === 'PUBLISH').map(({ payload }) => payload!));
  return out;
}

for (const strategy of ['random', 'sticky', 'hash_clientid', 'hash_topic'] as const satisfies readonly SharedStrategy[]) {
  test(`${strategy}: every message reaches one member, and as the strategy says`, async (t) => {
    const { client } = await house(t, { shared: { strategy, groups: {} } });
    const members = [await client('m1'), await client('m2', 4), await client('m3')];
    for (const m of members) await m.sub('$share/g/s/#', 1);
    const publisher = await client('p');
    const topics = Array.from({ length: 24 }, (_, i) => `s/${i % 6}`);
    const got = await spread(publisher, topics, members, 1);
    assert.deepEqual(
      got
        .flat()
        .map(Number)
        .sort((a, b) => a - b),
      topics.map((_, i) => i),
    );
    const busy = got.filter((list) => list.length > 0).length;
    if (strategy === 'sticky' || strategy === 'hash_clientid') assert.equal(busy, 1);
    if (strategy === 'hash_topic') {
      const owner = new Map<string, number>();
      for (const [m, list] of got.entries()) {
        for (const topic of list.map((i) => topics[Number(i)]!)) {
          assert.equal(owner.get(topic) ?? m, m, 'a topic moved');
          owner.set(topic, m);
        }
      }
      assert.equal(owner.size, 6);
    }
  });
}

test('round robin is the default, and a group may have a strategy of its own', async (t) => {
  const { client } = await house(t, { shared: { strategy: 'round_robin', groups: { one: 'sticky' } } });
  const [a, b] = [await client('a'), await client('b')];
  for (const m of [a, b]) {
    await m.sub('$share/all/s', 0);
    await m.sub('$share/one/k', 0);
  }
  const publisher = await client('p');
  assert.deepEqual(
    (await spread(publisher, ['s', 's', 's', 's'], [a, b])).map((l) => l.length),
    [2, 2],
  );
  assert.equal((await spread(publisher, ['k', 'k', 'k'], [a, b])).filter((l) => l.length === 3).length, 1);
});

test('$queue/ is a shared subscription without a name, and brings no retained messages', async (t) => {
  const { client, broker } = await house(t);
  const publisher = await client('p');
  await publisher.put('q/1', 'kept', { retain: true });
  const [a, b] = [await client('a'), await client('b')];
  await a.sub('$queue/q/+');
  await b.sub('$queue/q/+');
  assert.equal(broker.stats().sharedSubscriptions, 2);
  assert.deepEqual(
    (await spread(publisher, ['q/1', 'q/2', 'q/3', 'q/4'], [a, b])).map((l) => l.length),
    [2, 2],
  );
  await a.sub('$queue/', 0, undefined, 0x8f);
  await a.unsub('$queue/q/+');
  assert.deepEqual(await spread(publisher, ['q/5'], [a, b]), [[], ['0']]);
});

test('hash keeps the topics of the members that stay, and prefers connected ones', async (t) => {
  const { client } = await house(t, { shared: { strategy: 'hash_topic', groups: {} } });
  const members = [await client('a'), await client('b'), await client('c')];
  for (const m of members) await m.sub('$share/g/h/+', 0);
  const publisher = await client('p');
  const topics = Array.from({ length: 60 }, (_, i) => `h/${i}`);
  const before = await spread(publisher, topics, members);
  await members[2]!.bye();
  const after = await spread(publisher, topics, members.slice(0, 2));
  for (const m of [0, 1]) for (const i of before[m]!) assert.ok(after[m]!.includes(i), `topic ${i} moved from a member that stayed`);
  assert.equal(after.flat().length, 60);
});

test('what a member held goes to another one when its session ends, and not when it is taken over', async (t) => {
  const { client, clock, broker } = await house(t);
  const week = [[17, 100]] as const;
  const a = await client('a', 5, { clean: false, props: week });
  await a.sub('$share/g/r', 1);
  const publisher = await client('p');
  await publisher.put('r', 'held', { qos: 1 });
  await a.got('PUBLISH', { payload: 'held', dup: false });
  const b = await client('b');
  await b.sub('$share/g/r', 1);
  const again = await client('a', 5, { clean: false, props: week });
  await again.got('PUBLISH', { payload: 'held', dup: true });
  await b.quiet();
  await again.bye();
  assert.equal(broker.client('a') !== undefined, true);
  await clock.advance(102_000);
  await b.take('r', 'held', { qos: 1, dup: false });
});
