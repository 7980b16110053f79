import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '@omh/core';
import { formatIssue } from './issue.ts';
import { parseHub } from './parse-hub.ts';

const none: JsonSchema = { type: 'object' };
function parse(broker: string) {
  const file = `version: 1\nhub: { name: a }\n${broker}\n`;
  return parseHub('hub.yaml', {
    folder: { read: () => file, list: () => [] },
    registry: { drivers: new Map(), simulators: new Map(), apps: new Map(), dashboard: none },
    env: (name) => (name === 'PW' ? 'secret' : undefined),
    readFile: () => '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
  });
}
const faults = (broker: string): string[] => {
  const result = parse(broker);
  return result.ok ? [] : result.error.map((issue) => formatIssue(issue).split('\n')[0]!);
};

test('a broker elsewhere takes the place of the listeners', () => {
  const result = parse(
    'broker: { url: "mqtts://host:8883", username: omh, password: !env PW, ca: !file ca.pem, share: plant, sessionExpiry: 12h }',
  );
  assert.ok(result.ok);
  const { url, password, listeners, share, ca } = result.value.config.broker;
  assert.deepEqual([url, password, share, listeners], ['mqtts://host:8883', 'secret', 'plant', {}]);
  assert.match(ca!, /^-----BEGIN/);
  assert.deepEqual([...result.value.secrets.keys()].sort(), ['broker/ca', 'broker/password']);
});

test('without a URL the broker inside listens as ever', () => {
  for (const broker of ['', 'broker: {}', 'broker: { durability: os }']) {
    const result = parse(broker);
    assert.ok(result.ok);
    assert.equal(result.value.config.broker.listeners.tcp?.port, 1883);
  }
});

test('what does nothing is told at its key', () => {
  assert.deepEqual(faults('broker:\n  url: mqtt://h\n  durability: os\n  listeners: { tcp: { port: 1 } }'), [
    'hub.yaml:5:3 broker/durability durability is for the broker inside; with url it does nothing.',
    'hub.yaml:6:3 broker/listeners listeners is for the broker inside; with url it does nothing.',
  ]);
  assert.deepEqual(faults('broker:\n  username: a\n  share: b'), [
    'hub.yaml:4:3 broker/username username is for a broker elsewhere; without url it does nothing.',
    'hub.yaml:5:3 broker/share share is for a broker elsewhere; without url it does nothing.',
  ]);
  assert.deepEqual(faults('broker:\n  url: mqtts://h\n  cert: !file a'), ['hub.yaml:5:3 broker/cert broker needs the key key.']);
});

test('an address, a path for a certificate and a group that cannot be are told with what is expected', () => {
  assert.match(faults('broker: { url: "http://h" }')[0]!, /url must be an address like mqtt:\/\/host:1883 or mqtts:\/\/host:8883/);
  assert.match(faults('broker: { url: "mqtt://user:pw@h" }')[0]!, /url must be an address like/);
  assert.match(
    faults('broker: { url: "mqtts://h", ca: certs/ca.pem }')[0]!,
    /ca must be text in PEM; !file certs\/ca\.pem reads it from a file/,
  );
  assert.match(faults('broker: { url: "mqtts://h", share: a/b }')[0]!, /share must be a name without/);
});
