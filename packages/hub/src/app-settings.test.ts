import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, formatIssue, parseHub } from '@omh/config';
import { registry } from './registry.ts';

const none = (): never => {
  throw new Error('nothing to read');
};
function issues(settings: string, subscription = ''): string[] {
  const text = `version: 1
hub: { name: h }
devices: { press: { driver: modbus-tcp, settings: { host: 127.0.0.1 }, groups: { g: { interval: 1s, tags: {} } } } }
apps:
  north:
    type: mqtt
    settings: ${settings}
    subscriptions: [{ device: press, group: g${subscription} }]
`;
  const parsed = parseHub('hub.yaml', { folder: folderOf(new Map([['hub.yaml', text]])), registry, env: () => undefined, readFile: none });
  return parsed.ok ? [] : parsed.error.map((issue) => formatIssue(issue));
}

test('a template is checked where it stands: its variables and its depth', () => {
  const custom = (template: string): string[] => issues(`{ format: custom, template: ${template} }`);
  assert.deepEqual(
    custom('{ at: "${timestamp}", a: { b: { c: { d: "${tag_values}" } } }, line: L1, n: 1, on: true, price: "$5 {x}" }'),
    [],
  );
  for (const template of ['{ a: "${tag_value}" }', '{ a: { b: { c: { d: { e: 1 } } } } }', '{ a: [1] }', '{}', 'text'])
    assert.equal(custom(template).length, 1, template);
  assert.match(issues('{ format: custom }')[0]!, /template/);
  assert.match(custom('{ a: "${tag_value}" }')[0]!, /hub\.yaml:7:\d+ .*template.*/);
});

test('store and forward, requests and what a subscription says of its own are checked', () => {
  assert.deepEqual(
    issues(
      '{ url: mqtt://10.0.0.5, storeAndForward: { maxSize: 20GB, rate: 200, onFull: refuse, mark: true }, requests: true, writes: { allow: [acme/#] }, readRequestTopic: "{app}/r" }',
      ', qos: 1, retain: true, format: vqt, topic: "{site}/{tag}", staticTags: { line: L1, n: 2, on: false }',
    ),
    [],
  );
  for (const [settings, subscription] of [
    ['{ storeAndForward: { maxSize: much } }', ''],
    ['{ storeAndForward: { rate: 0 } }', ''],
    ['{ storeAndForward: { onFull: block } }', ''],
    ['{ readRequestTopic: a/# }', ''],
    ['{ stateInterval: soon }', ''],
    ['{ format: csv }', ''],
    ['{}', ', qos: 3'],
    ['{}', ', format: xml'],
    ['{}', ', staticTags: { a: [1] }'],
    ['{}', ', topic: "a/+"'],
  ] as const)
    assert.equal(issues(settings, subscription).length, 1, `${settings}${subscription}`);
});
