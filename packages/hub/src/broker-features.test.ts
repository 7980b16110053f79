import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultFeatures } from '@omh/broker';
import { folderOf, formatIssue, parseHub } from '@omh/config';
import type { HubConfig } from '@omh/config';
import { brokerFeatures } from './broker-features.ts';
import { registry } from './registry.ts';

const head = 'version: 1\nhub: { name: h }\n';
const none = (): never => {
  throw new Error('nothing to read');
};
function parse(text: string): { broker: HubConfig['broker']; issues: string[] } {
  const parsed = parseHub('hub.yaml', {
    folder: folderOf(new Map([['hub.yaml', head + text]])),
    registry,
    env: () => undefined,
    readFile: none,
  });
  return parsed.ok
    ? { broker: parsed.value.config.broker, issues: [] }
    : { broker: { listeners: {}, durability: 'os', authentication: [], acl: [] }, issues: parsed.error.map((issue) => formatIssue(issue)) };
}

test('a file that says nothing has the defaults', () => {
  const { broker, issues } = parse('');
  assert.deepEqual(issues, []);
  assert.deepEqual(brokerFeatures(broker), defaultFeatures);
});

test('an empty block of the file is the defaults as well', () => {
  const { broker, issues } = parse(
    'broker: { shared: {}, delayed: {}, exclusive: {}, sys: {}, slowSubscriptions: {}, topicMetrics: {}, rewrite: [], autoSubscribe: [] }\n',
  );
  assert.deepEqual(issues, []);
  assert.deepEqual(brokerFeatures(broker), defaultFeatures);
});

test('what the file says is what the broker gets', () => {
  const { broker, issues } = parse(`broker:
  rewrite:
    - { source: old/#, pattern: '^old/(.+)$', target: 'new/$1' }
  autoSubscribe:
    - { filter: 'commands/\${clientid}', qos: 1 }
  shared: { strategy: hash_topic, groups: { writers: sticky, $queue: random } }
  delayed: { enabled: false, maxMessages: 5 }
  exclusive: { enabled: true }
  sys: { node: plant-1, heartbeat: 5s, interval: 2m }
  slowSubscriptions: { enabled: true, threshold: 250ms, top: 3, expiry: 1h }
  topicMetrics: { topics: [a/b, c/#] }
`);
  assert.deepEqual(issues, []);
  assert.deepEqual(brokerFeatures(broker, '9.9'), {
    rewrite: [{ action: 'all', source: 'old/#', pattern: '^old/(.+)$', target: 'new/$1' }],
    autoSubscribe: [{ filter: 'commands/${clientid}', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    shared: { strategy: 'hash_topic', groups: { writers: 'sticky', $queue: 'random' } },
    delayed: { enabled: false, maxMessages: 5, maxBytes: 256 * 2 ** 20 },
    exclusive: { enabled: true },
    sys: { enabled: true, node: 'plant-1', version: '9.9', heartbeatMs: 5000, intervalMs: 120_000 },
    slowSubscriptions: { enabled: true, thresholdMs: 250, top: 3, expiryMs: 3_600_000 },
    topicMetrics: { topics: ['a/b', 'c/#'], maxTopics: 512 },
  });
});

test('wrong topics, patterns and strategies are found in the file, at their place', () => {
  const { issues } = parse(`broker:
  rewrite:
    - { source: a/#/b, pattern: '(', target: x }
  autoSubscribe:
    - { filter: a+, qos: 3 }
  shared: { strategy: sometimes }
  topicMetrics: { topics: ['#/x'] }
`);
  const text = issues.join('\n');
  for (const expected of [
    /hub\.yaml:5:\d+ broker\/rewrite\/0\/source The topic filter "a\/#\/b" is wrong/,
    /hub\.yaml:5:\d+ broker\/rewrite\/0\/pattern The pattern "\(" cannot be used/,
    /hub\.yaml:7:\d+ broker\/autoSubscribe\/0\/filter The topic filter "a\+" is wrong/,
    /hub\.yaml:7:\d+ broker\/autoSubscribe\/0\/qos/,
    /hub\.yaml:8:\d+ broker\/shared\/strategy strategy must be one of round_robin/,
    /hub\.yaml:9:\d+ broker\/topicMetrics\/topics\/0 The topic filter "#\/x" is wrong/,
  ])
    assert.match(text, expected);
});
