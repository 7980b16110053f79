import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partPrincipal } from '@omh/core';
import type { RewriteRule } from './feature-options.ts';
import { house } from './test-house.ts';
import { TopicRewrite } from './topic-rewrite.ts';

const rule = (source: string, pattern: string, target: string, action: RewriteRule['action'] = 'all'): RewriteRule => ({
  action,
  source,
  pattern,
  target,
});

test('a publisher reaches the other topic, and permissions are about the one it names', async (t) => {
  const asked: string[] = [];
  const { client } = await house(
    t,
    { rewrite: [rule('y/#', '^y/(.+)/z/(.+)$', 'y/z/$2/$1'), rule('x/#', '^x/y/(.+)$', 'z/$1', 'publish')] },
    {
      authorize: (_p, action, topic) => {
        if (action === 'publish') asked.push(topic);
        return true;
      },
    },
  );
  const s = await client('s', 4);
  await s.sub('#', 1);
  const a = await client('a');
  await a.put('y/a/z/b', '1');
  await a.put('x/y/2', '2', { qos: 1, retain: true });
  await a.put('x/1', '3', { qos: 2 });
  await s.take('y/z/b/a', '1');
  await s.take('z/2', '2');
  await s.take('x/1', '3');
  assert.deepEqual(asked, ['y/a/z/b', 'x/y/2', 'x/1']);
  const late = await client('late');
  await late.sub('z/2', 1);
  await late.take('z/2', '2', { retain: true });
});

test('the last rule that matches counts; one whose placeholder cannot be filled does not', async (t) => {
  const { client, broker } = await house(t, {
    rewrite: [rule('a/#', '^a/(.+)$', 'first/$1'), rule('a/#', '^a/(.+)$', 'of/${clientid}/${username}/$1')],
  });
  const s = await client('s');
  await s.sub('#');
  const named = await client('c1', 5, { username: 'ann' });
  const bare = await client('c2');
  const sly = await client('x/#', 5, { username: 'eve' });
  await named.put('a/t', '1');
  await bare.put('a/t', '2');
  await sly.put('a/t', '3');
  void broker.bus.publish({ topic: 'a/h', payload: '4', principal: partPrincipal('hub') });
  await s.take('of/c1/ann/t', '1');
  await s.take('first/t', '2');
  await s.take('first/t', '3');
  await s.take('first/h', '4');
});

test('filters are rewritten as well, behind the prefix of a shared subscription, and unsubscribed by their old name', async (t) => {
  const { client, broker } = await house(t, { rewrite: [rule('old/#', '^old/(.+)$', 'new/$1', 'subscribe')] });
  const s = await client('s');
  await s.sub('old/+/t', 1);
  await s.sub('$share/g/old/#', 1);
  assert.deepEqual(
    broker.subscriptions().items.map(({ filter }) => filter),
    ['new/+/t', '$share/g/new/#'],
  );
  const p = await client('p');
  await p.put('new/1/t', 'x');
  assert.equal((await s.drain()).length, 2);
  await p.put('old/1/t', 'y');
  await s.quiet();
  assert.deepEqual((await s.unsub('old/+/t', '$share/g/old/#')).codes, [0, 0]);
  assert.equal(broker.stats().subscriptions, 0);
});

test('a topic alias stands for what the client named; a rewriting to $SYS or to a wildcard is none', async (t) => {
  const { client } = await house(t, {
    rewrite: [rule('a', 'a', 'b'), rule('s/#', '^s/(.*)$', '$SYS/$1'), rule('w', 'w', 'w/+')],
  });
  const s = await client('s');
  await s.sub('#');
  await s.sub('$SYS/x', 0);
  const a = await client('a');
  await a.put('a', '1', { props: [[35, 1]] });
  await a.put('', '2', { props: [[35, 1]] });
  await a.put('s/x', '3');
  await a.put('w', '4');
  for (const [topic, payload] of [
    ['b', '1'],
    ['b', '2'],
    ['s/x', '3'],
    ['w', '4'],
  ] as const)
    await s.take(topic, payload);
  await s.quiet();
});

test('a pattern that no linear-time engine runs is refused', () => {
  assert.throws(() => new TopicRewrite([rule('a', '(a)\\1', 'b')]), /BROKER_REWRITE_INVALID|cannot be used/);
});
