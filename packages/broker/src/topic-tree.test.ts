import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicMatches } from '@omh/core';
import { TopicTree } from './topic-tree.ts';
import { Retained } from './retained.ts';
import { Publish } from './publish.ts';

const levels = ['a', 'b', '', '$x'];
const topics: string[] = [];
for (const x of levels) {
  topics.push(x || 'a');
  for (const y of levels) {
    topics.push(`${x}/${y}`);
    for (const z of levels) topics.push(`${x}/${y}/${z}`);
  }
}
const filters = [
  ...new Set([...topics, '#', '+', '+/+', '/+', '+/#', 'a/#', 'a/+/b', '+/b/#', 'a/+/#', '$x/#', '$x/+', '+/+/+', '/#', 'a//#', 'a/b/#']),
];

test('the subscription tree and the retained tree agree with the definition of matching', () => {
  const tree = new TopicTree<string>();
  const retained = new Retained();
  for (const f of filters) tree.add(f, f);
  const unique = [...new Set(topics)];
  for (const topic of unique) {
    const p = new Publish();
    p.topic = topic;
    p.owned = true;
    retained.set(p);
  }
  for (const topic of unique) {
    const got: string[] = [];
    tree.match(topic, (f) => got.push(f));
    assert.deepEqual(got.sort(), filters.filter((f) => topicMatches(f, topic)).sort(), topic);
  }
  for (const f of filters) {
    assert.deepEqual(
      retained
        .match(f)
        .map((e) => e.topic)
        .sort(),
      unique.filter((t) => topicMatches(f, t)).sort(),
      f,
    );
  }
  for (const f of filters) tree.remove(f, f);
  for (const topic of unique) tree.match(topic, (f) => assert.fail(`${f} is still there`));
  for (const topic of unique) assert.equal(retained.delete(topic), true);
  assert.deepEqual([retained.size, retained.bytes, retained.match('#').length], [0, 0, 0]);
});

test('removing one of two equal subscriptions leaves the other', () => {
  const tree = new TopicTree<object>();
  const [a, b] = [{}, {}];
  tree.add('x/+', a);
  tree.add('x/+', b);
  tree.remove('x/+', a);
  tree.remove('x/nothing', b);
  const got: object[] = [];
  tree.match('x/y', (e) => got.push(e));
  assert.deepEqual(got, [b]);
});

test('expired retained messages are swept, a slice at a time', () => {
  const retained = new Retained();
  for (let i = 0; i < 10; i++) {
    const p = new Publish();
    p.topic = `t/${i}`;
    p.expiry = i < 5 ? 1 : -1;
    p.owned = true;
    retained.set(p);
  }
  retained.sweep(2000, 3);
  assert.equal(retained.size, 7);
  retained.sweep(2000, 100);
  assert.equal(retained.size, 5);
});
