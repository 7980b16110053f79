import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import type { Principal } from '@omh/core';
import { Access } from './access.ts';
import { allows, anonymousPrincipal, checkPermissions, mayGrant, roleOf } from './allows.ts';
import { createToken } from './secret.ts';
import { roleNames, roles, verbs } from './verbs.ts';
import type { Role, Verb } from './verbs.ts';

const as = (...permissions: string[]): Principal => ({ kind: 'person', name: 'p', permissions });
const make = (clock = new VirtualClock(), adminTokens: string[] = []): Access => new Access({ clock, adminTokens });
const minute = 60_000;
const hour = 60 * minute;

/** v viewer, o operator, e engineer, a admin: who may. */
const matrix: Readonly<Record<Verb, string>> = {
  'status.read': 'voea',
  'values.read': 'voea',
  'history.read': 'voea',
  'sql.read': 'voea',
  'rules.read': 'voea',
  'devices.read': 'voea',
  'apps.read': 'voea',
  'simulators.read': 'voea',
  'dashboards.read': 'voea',
  'mqtt.subscribe': 'voea',
  'metrics.read': 'voea',
  'tag.write': 'oea',
  'devices.control': 'oea',
  'queues.write': 'ea',
  'clients.read': 'oea',
  'clients.write': 'ea',
  'bans.write': 'ea',
  'retained.write': 'ea',
  'traces.write': 'ea',
  'rules.test': 'oea',
  'sql.write': 'ea',
  'config.read': 'ea',
  'config.write': 'ea',
  'simulators.control': 'ea',
  'mqtt.publish': 'ea',
  'tokens.write': 'ea',
  'users.read': 'a',
  'users.write': 'a',
  'access.write': 'a',
  'audit.read': 'a',
  'backup.create': 'a',
};
for (const role of roleNames) {
  test(`what a ${role} may do, verb by verb`, () => {
    const who = as(...roles[role]);
    for (const verb of verbs) {
      const expected = matrix[verb].includes(role[0]!);
      assert.equal(allows(who, verb), expected, verb);
      assert.equal(allows(who, verb, 'acme/dallas'), expected, `${verb} acme/dallas`);
    }
    assert.equal(roleOf(who), role);
  });
}

test('nobody may do anything without permissions, and an unknown verb is allowed to admins only', () => {
  for (const verb of verbs) assert.equal(allows(as(), verb), false);
  assert.equal(allows(as(...roles.engineer), 'users.erase' as Verb), false);
  assert.equal(roleOf(as('tag.write a/#')), undefined);
});

const subtrees: [granted: string, asked: string | undefined, expected: boolean][] = [
  ['acme/#', 'acme/dallas/press', true],
  ['acme/#', 'acme', true],
  ['acme/#', 'acmee/x', false],
  ['acme/#', 'acme/#', true],
  ['acme/#', '#', false],
  ['acme/#', undefined, false],
  ['acme/#', '+/x', false],
  ['acme/#', 'acme/+/x', true],
  ['acme/+/x', 'acme/a/x', true],
  ['acme/+/x', 'acme/+/x', true],
  ['acme/+/x', 'acme/#', false],
  ['acme/a/x', 'acme/+/x', false],
  ['acme/+', 'acme', false],
  ['acme/+', 'acme/a/b', false],
  ['#', 'a/b', true],
  ['#', '$SYS/broker', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/broker/uptime', true],
  ['acme/#', '$share/g/acme/x', true],
  ['acme/#', '$share/g/#', false],
  ['#/x', 'a', false],
  ['', 'a', false],
];
test('a permission below a subtree covers it as a whole and nothing else', () => {
  for (const [granted, asked, expected] of subtrees)
    assert.equal(allows(as(`mqtt.subscribe ${granted}`), 'mqtt.subscribe', asked), expected, `${granted} ⊇ ${asked}`);
  assert.equal(allows(as('mqtt.subscribe'), 'mqtt.subscribe', '$SYS/#'), true);
  assert.equal(allows(as('tag.write a/#', 'tag.write b/#'), 'tag.write', 'b/c'), true);
});

test('a permission is handed on only by who has it as a whole', () => {
  const rows: [has: string[], given: string, expected: boolean][] = [
    [['*'], '*', true],
    [['*'], 'tag.write a/#', true],
    [['users.write', 'tag.write'], '*', false],
    [['* a/#'], '*', false],
    [['* a/#'], '* a/b/#', true],
    [['* a/#'], 'tag.write a/b', true],
    [['tag.write a/#'], 'tag.write', false],
    [['tag.write a/#'], 'tag.write #', false],
    [['tag.write a/#'], 'values.read a/b', false],
    [[], 'values.read a/b', false],
  ];
  for (const [has, given, expected] of rows) assert.equal(mayGrant(as(...has), given), expected, `${has.join()} → ${given}`);
});

test('what is no permission is refused by its name', () => {
  checkPermissions(['*', '* a/#', 'tag.write', 'tag.write acme/+/x']);
  for (const wrong of ['', 'tag', 'tag.write ', 'tag.write a/#/b', '** a', 'toString'])
    assert.throws(() => checkPermissions([wrong]), { code: 'ACCESS_PERMISSION_INVALID' }, wrong);
});

test('an anonymous client publishes and subscribes to plain topics and reads $SYS', () => {
  assert.equal(allows(anonymousPrincipal, 'mqtt.publish', 'a/b'), true);
  assert.equal(allows(anonymousPrincipal, 'mqtt.subscribe', '#'), true);
  assert.equal(allows(anonymousPrincipal, 'mqtt.subscribe', '$SYS/#'), true);
  assert.equal(allows(anonymousPrincipal, 'mqtt.publish', '$SYS/x'), false);
  for (const verb of verbs) if (!verb.startsWith('mqtt.')) assert.equal(allows(anonymousPrincipal, verb), false, verb);
});

test('tokens: the right one is admin, others are nobody, short ones are refused', () => {
  const token = createToken();
  assert.match(token, /^omh_[A-Za-z0-9_-]{43}$/);
  const access = make(undefined, ['x'.repeat(24), token]);
  assert.deepEqual(access.byToken(token)?.permissions, ['*']);
  assert.deepEqual(access.byToken('x'.repeat(24))?.kind, 'token');
  for (const other of ['', 'x'.repeat(23), 'x'.repeat(25), `${token} `, createToken(), 'x'.repeat(1_000_000)])
    assert.equal(access.byToken(other), undefined);
  assert.equal(make().byToken(''), undefined);
  assert.throws(() => make(undefined, ['x'.repeat(23)]), { code: 'ACCESS_TOKEN_SHORT' });
});

test('a sign-in code works once', () => {
  const access = make();
  const code = access.createSignInCode('operator');
  assert.ok(Buffer.from(code, 'base64url').length >= 16);
  const first = access.redeem(code)!;
  assert.deepEqual(first.principal, { kind: 'person', name: 'operator (sign-in link)', permissions: roles.operator });
  assert.ok(Buffer.from(first.session, 'base64url').length >= 32);
  assert.equal(access.redeem(code), undefined);
  assert.equal(access.redeem('nonsense'), undefined);
  assert.equal(access.redeem(first.session), undefined);
  assert.equal(access.bySession(code), undefined);
});

test('a sign-in code ends after ten minutes, or after the time it was given', async () => {
  const clock = new VirtualClock();
  const access = make(clock);
  const [early, late, short] = [access.createSignInCode(), access.createSignInCode(), access.createSignInCode('viewer', 1000)];
  await clock.advance(1000);
  assert.equal(access.redeem(short), undefined);
  await clock.advance(10 * minute - 1001);
  assert.ok(access.redeem(early));
  await clock.advance(1);
  assert.equal(access.redeem(late), undefined);
});

test('a session slides: twelve hours after its last use it is over', async () => {
  const clock = new VirtualClock();
  const access = make(clock);
  const { session, expires } = access.redeem(access.createSignInCode('viewer'))!;
  assert.equal(expires, clock.now() + 12 * hour * 1000);
  await clock.advance(12 * hour - 1);
  assert.equal(access.bySession(session)?.name, 'viewer (sign-in link)');
  await clock.advance(12 * hour - 1);
  assert.equal(access.bySession(session)?.name, 'viewer (sign-in link)');
  await clock.advance(12 * hour);
  assert.equal(access.bySession(session), undefined);
});

test('a step of the wall clock neither ends nor prolongs a session', async () => {
  const clock = new VirtualClock();
  const access = make(clock);
  const { session } = access.redeem(access.createSignInCode())!;
  clock.stepWall(365 * 24 * hour * 1000);
  assert.ok(access.bySession(session));
  clock.stepWall(-2 * 365 * 24 * hour * 1000);
  await clock.advance(12 * hour);
  assert.equal(access.bySession(session), undefined);
});

test('an ended session is over', () => {
  const access = make();
  const { session } = access.redeem(access.createSignInCode())!;
  access.endSession(session);
  assert.equal(access.bySession(session), undefined);
  access.endSession(session);
});

test('codes and sessions are bounded: no more codes, and the session longest unused goes', async () => {
  const clock = new VirtualClock();
  const access = make(clock);
  for (let i = 0; i < 1000; i++) access.createSignInCode();
  assert.throws(() => access.createSignInCode(), { code: 'ACCESS_TOO_MANY_CODES', status: 429 });
  await clock.advance(10 * minute);
  const sign = (role: Role): string => access.redeem(access.createSignInCode(role))!.session;
  const first = sign('viewer');
  const second = sign('viewer');
  assert.ok(access.bySession(first));
  for (let i = 0; i < 9_999; i++) sign('viewer');
  assert.ok(access.bySession(first));
  assert.equal(access.bySession(second), undefined);
});
