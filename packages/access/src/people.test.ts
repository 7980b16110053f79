import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Access } from './access.ts';
import { allows } from './allows.ts';
import { restrictionOf } from './people.ts';
import { MemoryAuditStore, MemoryDocuments } from './testing/memory-stores.ts';
import { roles } from './verbs.ts';

const from = { address: '10.0.0.9', userAgent: 'test' };
const root: Principal = { kind: 'token', name: 'admin-token', permissions: ['*'] };
const secret = 'correct horse battery';
const house = (documents = new MemoryDocuments(), clock = new VirtualClock()) => {
  const audit = new MemoryAuditStore();
  return { access: new Access({ clock, adminTokens: [], documents, audit, passwordCostLog2: 4 }), documents, clock, audit };
};
/** A house in which these people have changed their passwords to `secret`. */
async function peopled(...people: (readonly [name: string, grant: Parameters<Access['putPerson']>[2]['grant']])[]) {
  const all = house();
  for (const [name, grant] of people) {
    const { password } = await all.access.putPerson(root, name, { grant: grant! });
    const { session } = await all.access.login(name, password!, from);
    await all.access.changePassword(session, password!, secret, from);
    all.access.endSessions(() => true);
  }
  return all;
}
const admin = { role: 'admin' } as const;
const viewer = { role: 'viewer' } as const;
const refused = { code: 'ACCESS_LOGIN_REFUSED', status: 401 };

test('a handed-out password opens nothing but its own change', async () => {
  const { access } = house();
  const { info, password } = await access.putPerson(root, 'alice', { grant: admin, displayName: 'Alice' });
  assert.match(password!, /^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/);
  assert.deepEqual([info.mustChange, info.displayName, Object.keys(info).includes('password')], [true, 'Alice', false]);
  const first = await access.login('alice', password!, from);
  assert.equal(restrictionOf(first.principal), 'change-password');
  assert.equal(allows(first.principal, 'status.read'), false);
  const other = await access.login('Alice ', password!, from);
  await assert.rejects(access.changePassword(first.session, password!, password!, from), { code: 'ACCESS_PASSWORD_WEAK' });
  await assert.rejects(access.changePassword(first.session, 'wrong', secret, from), { code: 'ACCESS_PASSWORD_WRONG' });
  const changed = await access.changePassword(first.session, password!, secret, from);
  assert.deepEqual(changed.principal.permissions, ['*']);
  assert.equal(restrictionOf(changed.principal), undefined);
  for (const old of [first, other]) assert.equal(access.bySession(old.session), undefined, 'the sessions of before are over');
  await assert.rejects(access.login('alice', password!, from), refused);
  assert.ok(await access.login('alice', secret, from));
});

test('people, their passwords and tokens outlive a restart; only verifiers and digests are on disk', async () => {
  const { access, documents } = await peopled(['alice', admin]);
  const alice = access.people.principal('alice')!;
  const token = access.createToken(alice, { name: 'grafana', permissions: ['values.read'] });
  const device = access.putDeviceCredential(alice, 'press-1', { publish: ['a/#'] });
  const disk = [...documents.texts.values()].join('\n');
  for (const canary of [secret, token.secret, device.secret!]) assert.ok(!disk.includes(canary));
  const again = house(documents).access;
  assert.ok(await again.login('alice', secret, from));
  assert.deepEqual(again.byToken(token.secret), { kind: 'token', name: 'alice/grafana', permissions: ['values.read'] });
  assert.deepEqual(again.byDevice('press-1', device.secret!), { kind: 'device', name: 'press-1', permissions: ['mqtt.publish a/#'] });
});

test('a change of role holds at once in open sessions, in tokens and for connections that ask', async () => {
  const { access } = await peopled(['alice', admin], ['bob', { role: 'engineer' }]);
  const { session } = await access.login('bob', secret, from);
  const before = access.bySession(session)!;
  assert.equal(access.bySession(session), before, 'unchanged is the same object');
  const { secret: token } = access.createToken(before, { name: 't', permissions: ['config.write', 'values.read'] });
  const tokenBefore = access.byToken(token)!;
  let changes = 0;
  const off = access.onChange(() => changes++);
  await access.putPerson(root, 'bob', { grant: viewer });
  assert.equal(changes, 1);
  assert.deepEqual(access.bySession(session)?.permissions, roles.viewer);
  assert.deepEqual(access.byToken(token)?.permissions, ['values.read']);
  assert.deepEqual(access.current(before)?.permissions, roles.viewer);
  assert.deepEqual(access.current(tokenBefore)?.permissions, ['values.read']);
  await access.putPerson(root, 'bob', { disabled: true });
  for (const gone of [access.bySession(session), access.byToken(token), access.current(before), access.current(tokenBefore)])
    assert.equal(gone, undefined);
  await assert.rejects(access.login('bob', secret, from), refused);
  off();
  await access.putPerson(root, 'bob', { disabled: false });
  assert.equal(access.bySession(session), undefined, 'a disabled person signs in anew');
  assert.ok(access.byToken(token));
  assert.equal(changes, 2);
});

test('a removed person leaves nothing behind, and the next of the name inherits nothing', async () => {
  const { access, documents } = await peopled(['alice', admin], ['bob', { role: 'engineer' }]);
  const { session, principal } = await access.login('bob', secret, from);
  const { secret: token } = access.createToken(principal, { name: 't', permissions: ['values.read'] });
  const tokensBefore = documents.texts.get('tokens')!;
  access.deletePerson(root, 'bob');
  assert.equal(access.bySession(session), undefined);
  assert.equal(access.byToken(token), undefined);
  assert.deepEqual(access.tokens.list(), []);
  documents.texts.set('tokens', tokensBefore);
  const crashed = house(documents).access;
  assert.equal(crashed.byToken(token), undefined);
  await crashed.putPerson(root, 'bob', { grant: admin });
  assert.equal(crashed.byToken(token), undefined);
});

test('the last person who may do everything can be neither removed nor made less', async () => {
  const { access } = await peopled(['alice', admin]);
  const last = { code: 'ACCESS_LAST_ADMIN', status: 409 };
  assert.throws(() => access.deletePerson(root, 'alice'), last);
  await assert.rejects(access.putPerson(root, 'alice', { disabled: true }), last);
  await assert.rejects(access.putPerson(root, 'alice', { grant: viewer }), last);
  await access.putPerson(root, 'bob', { grant: { permissions: ['*'] } });
  access.deletePerson(root, 'alice');
});

test('nobody gives or takes more than they have', async () => {
  const { access } = await peopled(['alice', admin], ['hr', { permissions: ['users.write', 'values.read acme/#', 'tokens.write'] }]);
  const hr = access.people.principal('hr')!;
  const wide = { code: 'ACCESS_GRANT_TOO_WIDE', status: 403 };
  await assert.rejects(access.putPerson(hr, 'eve', { grant: admin }), wide);
  await assert.rejects(access.putPerson(hr, 'hr', { grant: admin }), wide);
  await assert.rejects(access.putPerson(hr, 'alice', { newPassword: true }), wide);
  await assert.rejects(access.putPerson(hr, 'alice', { grant: { permissions: [] } }), wide);
  assert.throws(() => access.deletePerson(hr, 'alice'), wide);
  assert.throws(() => access.createToken(hr, { name: 't', permissions: ['values.read'] }), wide);
  assert.throws(() => access.putDeviceCredential(hr, 'd', { publish: ['#'] }), wide);
  assert.equal(access.people.get('eve'), undefined);
  await access.putPerson(hr, 'eve', { grant: { permissions: ['values.read acme/line1/#'] } });
  assert.ok(access.createToken(hr, { name: 't', permissions: ['values.read acme/line1/#'] }));
});

test('an unknown name, a disabled one and a wrong password are answered alike after the same work', async () => {
  const { access } = await peopled(['alice', admin], ['bob', viewer]);
  await access.putPerson(root, 'bob', { disabled: true });
  const checks = (): number => [...access.metrics()].find((m) => m.name === 'omh_access_password_checks_total')!.value;
  const answers = new Set<string>();
  for (const name of ['alice', 'bob', 'nobody', '__proto__', 'constructor', '', 'x'.repeat(100_000)]) {
    const before = checks();
    await assert.rejects(access.login(name, 'wrong', from), (error: Error & { code: string }) => {
      answers.add(`${error.code} ${error.message}`);
      return true;
    });
    assert.equal(checks(), before + 1, `scrypt ran for "${name.slice(0, 20)}"`);
  }
  assert.equal(answers.size, 1);
});

test('a known and an unknown name lock alike, and the right password does not open a locked door', async () => {
  const { access, clock } = await peopled(['alice', admin]);
  const attempt = async (name: string, password: string, address: string): Promise<string> =>
    access.login(name, password, { address }).then(
      () => 'in',
      (error: { code: string; params: { seconds?: number } }) => `${error.code} ${error.params.seconds ?? ''}`.trim(),
    );
  const run = async (name: string, net: string): Promise<string[]> => {
    const out: string[] = [];
    for (let i = 0; i < 6; i++) out.push(await attempt(name, 'wrong', `${net}.${i}`));
    return out;
  };
  const expected = [...new Array<string>(5).fill('ACCESS_LOGIN_REFUSED'), 'ACCESS_LOGIN_LOCKED 10'];
  assert.deepEqual(await run('alice', '10.1.0'), expected);
  assert.deepEqual(await run('nobody', '10.2.0'), expected);
  assert.equal(await attempt('alice', secret, '10.3.0.1'), 'ACCESS_LOGIN_LOCKED 10');
  await clock.advance(9_999);
  assert.equal(await attempt('alice', secret, '10.3.0.1'), 'ACCESS_LOGIN_LOCKED 1');
  await clock.advance(1);
  assert.equal(await attempt('alice', secret, '10.3.0.1'), 'in');
  assert.equal(await attempt('alice', 'wrong', '10.3.0.1'), 'ACCESS_LOGIN_REFUSED', 'what was wrong before is forgotten');
  assert.equal(await attempt('alice', secret, '10.3.0.1'), 'in');
});

test('an address that tries many names is locked, others are not', async () => {
  const { access } = await peopled(['alice', admin]);
  for (let i = 0; i < 20; i++) await assert.rejects(access.login(`name${i}`, 'wrong', from), refused);
  await assert.rejects(access.login('alice', secret, from), { code: 'ACCESS_LOGIN_LOCKED', status: 429 });
  assert.ok(await access.login('alice', secret, { address: '10.0.0.10' }));
});

test('many attempts at once count each before the first is answered, and do not fill memory', async () => {
  const { access } = await peopled(['alice', admin]);
  const answers = await Promise.allSettled(Array.from({ length: 200 }, () => access.login('alice', 'wrong', from)));
  const codes = answers.map((a) => (a.status === 'rejected' ? (a.reason as { code: string }).code : 'in'));
  assert.equal(codes.filter((code) => code === 'ACCESS_LOGIN_REFUSED').length, 5);
  assert.equal(codes.filter((code) => code === 'ACCESS_LOGIN_LOCKED').length, 195);
});

test('a stolen session does not find out the password by changing it', async () => {
  const { access } = await peopled(['alice', admin]);
  const { session } = await access.login('alice', secret, from);
  for (let i = 0; i < 5; i++)
    await assert.rejects(access.changePassword(session, `guess ${i}`, 'another good one', from), { code: 'ACCESS_PASSWORD_WRONG' });
  await assert.rejects(access.changePassword(session, secret, 'another good one', from), { code: 'ACCESS_LOGIN_LOCKED' });
});

test('a weak password is refused and changes nothing; a document that cannot be written changes nothing either', async () => {
  const { access, documents } = await peopled(['alice', admin]);
  await assert.rejects(access.putPerson(root, 'alice', { password: 'alice12345' }), { code: 'ACCESS_PASSWORD_WEAK' });
  await assert.rejects(access.putPerson(root, 'bob', { grant: viewer, password: 'short' }), { code: 'ACCESS_PASSWORD_WEAK' });
  await assert.rejects(access.putPerson(root, 'bob', {}), { code: 'ACCESS_GRANT_UNCLEAR' });
  await assert.rejects(access.putPerson(root, 'bob', { grant: { permissions: ['nonsense'] } }), { code: 'ACCESS_PERMISSION_INVALID' });
  for (const name of ['', 'Alice', 'a b', '-a', '__proto__', 'hub', 'admin-token', 'anonymous', 'a/b', 'x'.repeat(65)])
    await assert.rejects(access.putPerson(root, name, { grant: viewer }), { code: 'ACCESS_NAME_INVALID' }, name);
  documents.refuse = new Error('no space left');
  await assert.rejects(access.putPerson(root, 'bob', { grant: viewer }), /no space/);
  await assert.rejects(access.putPerson(root, 'alice', { newPassword: true }), /no space/);
  documents.refuse = undefined;
  assert.equal(access.people.get('bob'), undefined);
  assert.ok(await access.login('alice', secret, from));
});

test('the first administrator is made by the link, once, and the link can do nothing else', async () => {
  const { access } = house();
  const [code, other] = [access.createFirstAdminCode(), access.createFirstAdminCode()];
  const { session, principal } = access.redeem(code, from)!;
  const rival = access.redeem(other, from)!;
  assert.deepEqual([restrictionOf(principal), principal.permissions], ['create-first-admin', []]);
  await assert.rejects(access.createFirstAdmin(session, { name: 'alice', password: 'short' }), { code: 'ACCESS_PASSWORD_WEAK' });
  await assert.rejects(access.createFirstAdmin('nonsense', { name: 'alice', password: secret }), { code: 'ACCESS_FIRST_ADMIN_OVER' });
  const late = access.createFirstAdminCode();
  const both = await Promise.allSettled([
    access.createFirstAdmin(session, { name: 'alice', password: secret }, from),
    access.createFirstAdmin(rival.session, { name: 'mallory', password: secret }, from),
  ]);
  assert.deepEqual(both.map((one) => one.status).sort(), ['fulfilled', 'rejected']);
  assert.equal(access.people.size, 1);
  const made = both.find((one) => one.status === 'fulfilled')!.value;
  assert.deepEqual(made.principal.permissions, ['*']);
  assert.equal(access.bySession(session), undefined);
  assert.equal(access.bySession(rival.session), undefined);
  assert.equal(access.redeem(late), undefined);
  assert.throws(() => access.createFirstAdminCode(), { code: 'ACCESS_FIRST_ADMIN_OVER' });
  const link = access.redeem(access.createSignInCode('admin'))!;
  await assert.rejects(access.createFirstAdmin(link.session, { name: 'eve', password: secret }), { code: 'ACCESS_FIRST_ADMIN_OVER' });
});

test('the link for the first administrator ends after an hour', async () => {
  const { access, clock } = house();
  const code = access.createFirstAdminCode();
  await clock.advance(3_600_000);
  assert.equal(access.redeem(code), undefined);
});

test('sessions are listed without their secrets and ended one by one or all', async () => {
  const { access, clock } = await peopled(['alice', admin], ['bob', viewer]);
  const one = await access.login('alice', secret, from);
  await clock.advance(1000);
  const two = await access.login('alice', secret, { address: '10.0.0.8', userAgent: 'phone' });
  const bob = await access.login('bob', secret, from);
  const list = access.sessions();
  assert.deepEqual(
    list.map(({ id, name, address, userAgent }) => [id, name, address, userAgent]),
    [
      [bob.id, 'bob', '10.0.0.9', 'test'],
      [two.id, 'alice', '10.0.0.8', 'phone'],
      [one.id, 'alice', '10.0.0.9', 'test'],
    ],
  );
  for (const { session } of [one, two, bob]) assert.ok(!JSON.stringify(list).includes(session));
  await clock.advance(1000);
  access.bySession(one.session, { address: '10.0.0.7' });
  const [used] = access.sessions();
  assert.deepEqual([used!.id, used!.address, used!.lastUse - used!.since], [one.id, '10.0.0.7', 2_000_000]);
  assert.equal(
    access.endSessions(({ id }) => id === two.id),
    1,
  );
  assert.equal(access.bySession(two.session), undefined);
  assert.equal(
    access.endSessions(({ name }) => name === 'alice'),
    1,
  );
  assert.ok(access.bySession(bob.session));
});

test('a session ends after thirty days however often it is used, and a person has a hundred at most', async () => {
  const { access, clock } = await peopled(['alice', admin]);
  const { session } = await access.login('alice', secret, from);
  for (let hours = 0; hours < 30 * 24; hours += 8) {
    assert.ok(access.bySession(session), `${hours} h`);
    await clock.advance(8 * 3_600_000);
  }
  assert.equal(access.bySession(session), undefined);
  const first = await access.login('alice', secret, from);
  for (let i = 0; i < 100; i++) await access.login('alice', secret, from);
  assert.equal(access.bySession(first.session), undefined);
  assert.equal(access.sessions().length, 100);
});
