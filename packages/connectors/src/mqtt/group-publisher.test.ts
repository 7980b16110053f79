import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupPublisher, topicFor } from './group-publisher.ts';
import type { MqttAppSettings, MqttSubscription } from './settings.ts';
import { testCycle, testTag } from './test-support.ts';

const names = { app: 'north', site: 'acme/dallas', hub: 'edge1' };
function sent(
  subscription: Partial<MqttSubscription>,
  settings: MqttAppSettings = {},
  tags = ['a', 'b'],
): [topic: string, payload: unknown][] {
  const out: [string, unknown][] = [];
  const cycle = testCycle(
    tags.map((name) => testTag(name)),
    (b) => {
      b.num.fill(7);
    },
  );
  new GroupPublisher({ device: 'demo', group: 'g', ...subscription }, settings, names).publish(cycle, (topic, format, whole, from, to) =>
    out.push([topic, format.encode(whole, from, to)]),
  );
  return out;
}

test('the default topic is the one of the blueprint, and every name can be placed', () => {
  const of = (template?: string): string => topicFor(template, { ...names, device: 'demo', group: 'g' });
  assert.equal(of(), '/neuron/north/demo/g');
  assert.equal(of('{site}/{hub}/{app}/{device}/{group}/{group}'), 'acme/dallas/edge1/north/demo/g/g');
  assert.equal(of('{other}/{tag}'), '{other}/{tag}');
});

test('with {tag} each tag has a message of its own, in every format', () => {
  const t = 1_700_000_000_123;
  assert.deepEqual(sent({ topic: '{site}/{tag}' }, { format: 'vqt' }), [
    ['acme/dallas/a', { v: 7, q: 'good', t }],
    ['acme/dallas/b', { v: 7, q: 'good', t }],
  ]);
  const of = (tag: string): object => ({ timestamp: t, node: 'demo', group: 'demo_group', tags: [{ name: tag, value: 7 }] });
  assert.deepEqual(sent({ topic: 'x/{tag}' }, { format: 'tags' }), [
    ['x/a', of('a')],
    ['x/b', of('b')],
  ]);
});

test('a tag whose name makes no topic is left out, one with a dollar stays as it is', () => {
  assert.deepEqual(
    sent({ topic: 'x/{tag}' }, { format: 'vqt' }, ['$&', 'a+b', 'c']).map(([topic]) => topic),
    ['x/$&', 'x/c'],
  );
});

test('a subscription overrides what the app says', () => {
  const settings: MqttAppSettings = { qos: 1, retain: true, format: 'values' };
  const own = new GroupPublisher({ device: 'd', group: 'g', qos: 2, retain: false, format: 'tags' }, settings, names);
  const plain = new GroupPublisher({ device: 'd', group: 'g' }, settings, names);
  assert.deepEqual([own.qos, own.retain, plain.qos, plain.retain], [2, false, 1, true]);
  assert.ok(Array.isArray((sent({ format: 'tags' }, settings)[0]![1] as { tags: unknown }).tags));
});
