import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acl } from './acl.ts';
import type { AclRequest, AclRule } from './acl.ts';

const ask = (rules: readonly AclRule[], topic: string, more: Partial<AclRequest> = {}): boolean | undefined =>
  new Acl(rules).decide({
    action: 'publish',
    topic,
    clientId: 'c1',
    username: 'press',
    peer: '10.0.0.7:4711',
    qos: 0,
    retain: false,
    ...more,
  });

test('the first rule that fits decides, and none leaves it to the permissions', () => {
  const rules: AclRule[] = [
    { deny: 'publish', topics: ['plant/secret'] },
    { allow: 'all', topics: ['plant/#'] },
  ];
  assert.equal(ask(rules, 'plant/secret'), false);
  assert.equal(ask(rules, 'plant/secret', { action: 'subscribe' }), true);
  assert.equal(ask(rules, 'plant/1'), true);
  assert.equal(ask(rules, 'office/1'), undefined);
  assert.equal(ask([], 'x'), undefined);
  assert.equal(ask([{ deny: 'all' }], 'x'), false);
});

test('a rule is about a subscription when it covers the whole filter', () => {
  const rules: AclRule[] = [{ deny: 'subscribe', topics: ['test/nosubscribe', 'hidden/+/x', 'eq #'] }];
  const sub = (topic: string): boolean | undefined => ask(rules, topic, { action: 'subscribe' });
  assert.deepEqual(['test/nosubscribe', 'hidden/a/x', 'hidden/+/x', '#'].map(sub), [false, false, false, false]);
  assert.deepEqual(['test/#', 'hidden/#', 'test/+', '+/#', 'test/nosubscribe/more'].map(sub), Array(5).fill(undefined));
});

test('users, clients and addresses are chosen by name, pattern and block', () => {
  const fits = (who: AclRule['who'] & object, more: Partial<AclRequest> = {}): boolean => ask([{ allow: 'all', who }], 't', more) === true;
  assert.deepEqual([fits({ user: 'press' }), fits({ user: 'Press' }), fits({ user: 'pre' })], [true, false, false]);
  assert.equal(fits({ user: '*' }, { username: undefined }), false);
  const line = (clientId: string): boolean => fits({ client: 'line-*-a*z' }, { clientId });
  assert.deepEqual(['line-1-az', 'line--a-z', 'line-1-b', 'line-az', 'xline-1-az'].map(line), [true, true, false, false, false]);
  assert.equal(fits({ client: 'ab*ba' }, { clientId: 'aba' }), false);
  const from = (peer: string): boolean => fits({ address: '10.0.0.0/24' }, { peer });
  assert.deepEqual(['10.0.0.255:1', '10.0.1.1:1', '[::ffff:10.0.0.9]:1', '::ffff:10.0.0.9', 'unknown'].map(from), [
    true,
    false,
    true,
    true,
    false,
  ]);
  assert.equal(fits({ address: '2001:db8::/32' }, { peer: '[2001:db8::5]:1883' }), true);
  assert.equal(fits({ address: '10.0.0.7' }), true);
  assert.equal(fits({ user: 'press', client: 'other' }), false);
});

test('placeholders stand for one level of the client that asks', () => {
  const rules: AclRule[] = [{ allow: 'all', topics: ['own/${clientid}/#', 'user/${username}'] }];
  assert.deepEqual([ask(rules, 'own/c1/x'), ask(rules, 'own/c2/x'), ask(rules, 'user/press')], [true, undefined, true]);
  for (const name of ['#', '+', 'a/b', '']) {
    assert.equal(ask(rules, 'own/c1/x', { clientId: name }), undefined);
    assert.equal(ask(rules, 'user/press', { username: name }), undefined);
  }
  assert.equal(ask(rules, 'user/press', { username: undefined }), undefined);
});

test('QoS and RETAIN narrow a rule, and say that verdicts are for one message', () => {
  const rules: AclRule[] = [
    { deny: 'publish', qos: [2] },
    { deny: 'publish', retain: true },
  ];
  assert.deepEqual(
    [ask(rules, 't', { qos: 2 }), ask(rules, 't', { qos: 1 }), ask(rules, 't', { retain: true })],
    [false, undefined, false],
  );
  assert.deepEqual([new Acl(rules).byFlags, new Acl([{ deny: 'all' }]).byFlags], [true, false]);
});

test('a rule that makes no sense is named', () => {
  for (const rule of [
    {},
    { allow: 'all', deny: 'all' },
    { allow: 'all', topics: ['a/#/b'] },
    { allow: 'all', who: { address: '10.0.0.0/33' } },
    { allow: 'all', who: { address: 'press' } },
  ] as AclRule[]) {
    assert.throws(() => new Acl([{ allow: 'all' }, rule]), { code: 'ACCESS_ACL_INVALID', message: /Rule 2 / });
  }
});
