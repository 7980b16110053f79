import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { rfc3339, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { adminToken, asHub, FakeHub } from '../testing/fake-hub.ts';
import type {
  AuditAnswer,
  DeviceCredentialAnswer,
  DeviceCredentialsAnswer,
  LoginAnswer,
  MeAnswer,
  NewTokenAnswer,
  Problem,
  SessionsAnswer,
  TokensAnswer,
  UserAnswer,
  UsersAnswer,
} from '../types.ts';

let clock: VirtualClock;
let hub: FakeHub;
let app: App;
beforeEach(async () => {
  clock = new VirtualClock();
  hub = new FakeHub(clock);
  await hub.access.start();
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
afterEach(async () => {
  await app.close();
  await hub.access.stop();
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
const admin = { authorization: `Bearer ${adminToken}` };
const ask = (method: Method, url: string, payload?: object, headers: Record<string, string> = admin) =>
  app.inject({ method, url: `/api/v1${url}`, headers: { host: 'localhost', ...headers }, ...(payload === undefined ? {} : { payload }) });
const get = async <T>(method: Method, url: string, payload?: object, headers: Record<string, string> = admin): Promise<T> => {
  const answer = await ask(method, url, payload, headers);
  assert.ok(answer.statusCode < 300, answer.body);
  return (answer.body === '' ? undefined : answer.json()) as T;
};
const codeOf = async (answer: ReturnType<typeof ask>): Promise<[number, string]> => {
  const { statusCode, body } = await answer;
  return [statusCode, body === '' ? '' : (JSON.parse(body) as Problem).code];
};
const secret = 'correct horse battery';
const signIn = async (body: object, headers: Record<string, string> = {}): Promise<{ cookie: string; answer: LoginAnswer }> => {
  const answer = await ask('POST', '/login', body, headers);
  assert.equal(answer.statusCode, 200, answer.body);
  return { cookie: String(answer.headers['set-cookie']).split(';')[0]!, answer: answer.json() };
};
/** A person who has changed the handed-out password to `secret`. */
async function person(name: string, body: object): Promise<string> {
  const { password } = await get<UserAnswer>('PUT', `/users/${name}`, body);
  const { cookie } = await signIn({ name, password });
  const changed = await ask('POST', '/password', { password, newPassword: secret }, { cookie });
  assert.equal(changed.statusCode, 200, changed.body);
  return String(changed.headers['set-cookie']).split(';')[0]!;
}
const audit = async (query = ''): Promise<AuditAnswer['records']> => (await get<AuditAnswer>('GET', `/audit${query}`)).records;

test('a new person gets a password once, and may do nothing before it is changed', async () => {
  const made = await get<UserAnswer>('PUT', '/users/alice', { role: 'engineer', displayName: 'Alice' });
  assert.deepEqual([made.user.role, made.user.mustChange, typeof made.password], ['engineer', true, 'string']);
  const { cookie, answer } = await signIn({ name: 'alice', password: made.password });
  assert.deepEqual([answer.mustChange, answer.principal.only, answer.principal.permissions], [true, 'change-password', []]);
  for (const [method, url] of [
    ['GET', '/status'],
    ['GET', '/sessions'],
    ['POST', '/write'],
    ['GET', '/live'],
    ['PUT', '/devices/press'],
  ] as const) {
    const body = method === 'GET' ? undefined : { path: 'acme/line1/humidity', value: 1 };
    assert.deepEqual(await codeOf(ask(method, url, body, { cookie })), [403, 'API_PASSWORD_CHANGE_NEEDED'], url);
  }
  const first = { name: 'eve', password: secret };
  assert.deepEqual(await codeOf(ask('POST', '/first-admin', first, { cookie })), [409, 'ACCESS_FIRST_ADMIN_OVER']);
  assert.equal((await get<MeAnswer>('GET', '/me', undefined, { cookie })).only, 'change-password');
  const changed = await ask('POST', '/password', { password: made.password, newPassword: secret }, { cookie });
  assert.equal(changed.json<LoginAnswer>().mustChange, false);
  const next = String(changed.headers['set-cookie']).split(';')[0]!;
  assert.equal((await ask('GET', '/status', undefined, { cookie: next })).statusCode, 200);
  assert.equal((await ask('GET', '/status', undefined, { cookie })).statusCode, 401, 'the session of before is over');
});

test('the first administrator is made through the link and signed in', async () => {
  const { cookie, answer } = await signIn({ code: hub.access.createFirstAdminCode() });
  assert.deepEqual([answer.principal.only, answer.principal.permissions, answer.mustChange], ['create-first-admin', [], false]);
  assert.deepEqual(await codeOf(ask('GET', '/users', undefined, { cookie })), [403, 'API_FIRST_ADMIN_NEEDED']);
  assert.deepEqual(await codeOf(ask('POST', '/first-admin', { name: 'alice', password: 'short' }, { cookie })), [
    400,
    'ACCESS_PASSWORD_WEAK',
  ]);
  assert.deepEqual(await codeOf(ask('POST', '/first-admin', { name: 'alice', password: secret })), [403, 'API_SESSION_NEEDED']);
  const made = await ask('POST', '/first-admin', { name: 'alice', password: secret }, { cookie });
  assert.equal(made.json<LoginAnswer>().principal.role, 'admin');
  const next = String(made.headers['set-cookie']).split(';')[0]!;
  assert.equal((await get<UsersAnswer>('GET', '/users', undefined, { cookie: next })).users[0]!.name, 'alice');
  assert.equal((await ask('GET', '/me', undefined, { cookie })).statusCode, 401);
});

test('a sign-in takes a new session and ends the one it came with', async () => {
  const planted = await person('mallory', { role: 'viewer' });
  await person('alice', { role: 'admin' });
  const first = await signIn({ name: 'alice', password: secret }, { cookie: 'omh_session=chosen-by-somebody-else' });
  assert.ok(!first.cookie.includes('chosen'));
  const second = await signIn({ name: 'alice', password: secret }, { cookie: planted });
  assert.notEqual(second.cookie, planted);
  assert.equal((await ask('GET', '/me', undefined, { cookie: planted })).statusCode, 401);
  assert.equal((await get<MeAnswer>('GET', '/me', undefined, { cookie: second.cookie })).name, 'alice');
  assert.notEqual(first.cookie, second.cookie);
});

test('no page of another origin signs in, changes people, tokens or passwords', async () => {
  const cookie = await person('alice', { role: 'admin' });
  const unsafe: [Method, string, object?][] = [
    ['POST', '/login', { name: 'alice', password: secret }],
    ['POST', '/password', { password: secret, newPassword: 'another good one' }],
    ['PUT', '/users/eve', { role: 'admin' }],
    ['DELETE', '/users/alice'],
    ['POST', '/tokens', { name: 't', role: 'admin' }],
    ['PUT', '/device-credentials/d', {}],
    ['DELETE', '/sessions'],
    ['POST', '/sign-in-codes', {}],
    ['POST', '/logout'],
  ];
  for (const [method, url, body] of unsafe) {
    for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }] as Record<
      string,
      string
    >[])
      assert.deepEqual(await codeOf(ask(method, url, body, { cookie, ...headers })), [403, 'API_ORIGIN_REFUSED'], url);
  }
  const form = await ask('POST', '/login', undefined, { 'content-type': 'application/x-www-form-urlencoded' });
  assert.notEqual(form.statusCode, 200);
  assert.equal((await ask('GET', '/me', undefined, { cookie })).statusCode, 200);
});

test('five wrong passwords lock a person, known or not, and Retry-After says for how long', async () => {
  await person('alice', { role: 'viewer' });
  const attempt = (name: string, password: string, remoteAddress: string) =>
    app.inject({ method: 'POST', url: '/api/v1/login', headers: { host: 'localhost' }, payload: { name, password }, remoteAddress });
  for (const [name, net] of [
    ['alice', '10.1.0'],
    ['nobody', '10.2.0'],
  ] as const) {
    for (let i = 0; i < 5; i++) {
      const answer = await attempt(name, 'wrong', `${net}.${i}`);
      assert.deepEqual([answer.statusCode, answer.json<Problem>().code], [401, 'ACCESS_LOGIN_REFUSED']);
    }
    const locked = await attempt(name, secret, `${net}.9`);
    assert.deepEqual([locked.statusCode, locked.headers['retry-after'], locked.headers['set-cookie']], [429, '10', undefined]);
  }
  await clock.advance(10_000);
  assert.equal((await attempt('alice', secret, '10.1.0.9')).statusCode, 200);
  const refusals = await audit('?verb=login');
  assert.ok(refusals.some((r) => r.who === 'alice' && r.result === 'refused' && r.detail!['code'] === 'ACCESS_LOGIN_LOCKED'));
  assert.ok(refusals.some((r) => r.who === 'unknown name' && r.result === 'refused' && r.from === '10.2.0.0'));
});

test('the hash runs for names that nobody has', async () => {
  const checks = (): number => [...hub.access.metrics()].find((m) => m.name === 'omh_access_password_checks_total')!.value;
  const before = checks();
  assert.deepEqual(await codeOf(ask('POST', '/login', { name: 'nobody', password: 'x' }, {})), [401, 'ACCESS_LOGIN_REFUSED']);
  assert.equal(checks(), before + 1);
});

test('people are listed, changed and removed; a change of role holds in open sessions at once', async () => {
  const cookie = await person('bob', { permissions: ['values.read acme/line1/#'] });
  await get('PUT', '/users/anna', { role: 'viewer' });
  const page = await get<UsersAnswer>('GET', '/users?limit=1');
  assert.deepEqual([page.users.map((u) => u.name), page.cursor], [['anna'], 'anna']);
  const rest = await get<UsersAnswer>('GET', '/users?limit=1&cursor=anna');
  assert.deepEqual([rest.users.map((u) => u.name), rest.cursor], [['bob'], undefined]);
  assert.deepEqual([rest.users[0]!.role, rest.users[0]!.permissions], [undefined, ['values.read acme/line1/#']]);
  assert.equal((await ask('GET', '/status', undefined, { cookie })).statusCode, 403);
  await get('PUT', '/users/bob', { role: 'operator' });
  assert.equal((await ask('GET', '/status', undefined, { cookie })).statusCode, 200);
  await get('PUT', '/users/bob', { disabled: true });
  assert.equal((await ask('GET', '/status', undefined, { cookie })).statusCode, 401);
  await get('DELETE', '/users/bob');
  const gone = await ask('GET', '/users/bobb');
  assert.deepEqual([gone.statusCode, gone.json<Problem>().code], [404, 'API_UNKNOWN_NAME']);
  assert.deepEqual(await codeOf(ask('PUT', '/users/x', { role: 'viewer', permissions: [] })), [400, 'API_ROLE_OR_PERMISSIONS']);
  assert.deepEqual(await codeOf(ask('PUT', '/users/x', { role: 'king' })), [400, 'API_INVALID_REQUEST']);
  assert.deepEqual(await codeOf(ask('PUT', '/users/x', { rolle: 'viewer' })), [400, 'API_INVALID_REQUEST']);
  assert.deepEqual(await codeOf(ask('PUT', '/users/__proto__', { role: 'viewer' })), [400, 'ACCESS_NAME_INVALID']);
});

test("who came by a role's link sees and revokes none of the hub's tokens that reach further", async () => {
  const wide = await get<NewTokenAnswer>('POST', '/tokens', { name: 'wide', role: 'admin' });
  await get('POST', '/tokens', { name: 'narrow', role: 'viewer' });
  const { code } = await get<{ code: string }>('POST', '/sign-in-codes', { role: 'engineer' });
  const { cookie } = await signIn({ code });
  const seen = await get<TokensAnswer>('GET', '/tokens', undefined, { cookie });
  assert.deepEqual(
    seen.tokens.map((token) => token.name),
    ['narrow'],
  );
  assert.deepEqual(await codeOf(ask('DELETE', `/tokens/${wide.token.id}`, undefined, { cookie })), [404, 'API_UNKNOWN_NAME']);
});

test('one may keep tokens of one own, and see and revoke those of others only with access.write', async () => {
  const [erin, frank] = [await person('erin', { role: 'engineer' }), await person('frank', { role: 'engineer' })];
  const expires = rfc3339(clock.now() + 86_400_000_000);
  const made = await get<NewTokenAnswer>('POST', '/tokens', { name: 'ci', permissions: ['status.read'], expires }, { cookie: erin });
  assert.deepEqual([made.token.owner, made.token.expired, made.token.expires], ['erin', false, expires]);
  const bearer = { authorization: `Bearer ${made.secret}` };
  assert.equal((await ask('GET', '/status', undefined, bearer)).statusCode, 200);
  assert.equal((await ask('GET', '/values', undefined, bearer)).statusCode, 403);
  assert.deepEqual((await get<TokensAnswer>('GET', '/tokens', undefined, { cookie: frank })).tokens, []);
  assert.deepEqual(await codeOf(ask('DELETE', `/tokens/${made.token.id}`, undefined, { cookie: frank })), [404, 'API_UNKNOWN_NAME']);
  assert.deepEqual(await codeOf(ask('POST', '/tokens', { name: 'x', role: 'admin' }, { cookie: frank })), [403, 'ACCESS_GRANT_TOO_WIDE']);
  assert.deepEqual(await codeOf(ask('POST', '/tokens', { name: 'x' }, { cookie: frank })), [400, 'API_ROLE_OR_PERMISSIONS']);
  assert.equal((await get<TokensAnswer>('GET', '/tokens')).tokens[0]!.lastUsed, '2026-01-01');
  await get('DELETE', `/tokens/${made.token.id}`);
  assert.equal((await ask('GET', '/status', undefined, bearer)).statusCode, 401);
  assert.deepEqual(await codeOf(ask('POST', '/password', { password: 'x', newPassword: secret }, admin)), [403, 'API_SESSION_NEEDED']);
});

test('device credentials are made, changed, paged and removed', async () => {
  const made = await get<DeviceCredentialAnswer>('PUT', '/device-credentials/press-1', { publish: ['acme/#'] });
  assert.ok(hub.access.byDevice('press-1', made.secret!));
  const changed = await get<DeviceCredentialAnswer>('PUT', '/device-credentials/press-1', { enabled: false });
  assert.deepEqual([changed.secret, changed.credential.enabled, changed.credential.publish], [undefined, false, ['acme/#']]);
  await get('PUT', '/device-credentials/press-2', {});
  const page = await get<DeviceCredentialsAnswer>('GET', '/device-credentials?limit=1');
  assert.deepEqual([page.credentials.length, page.cursor], [1, 'press-1']);
  assert.deepEqual(await codeOf(ask('PUT', '/device-credentials/x', { publish: ['a/#/b'] })), [400, 'ACCESS_FILTER_INVALID']);
  await get('DELETE', '/device-credentials/press-1');
  assert.deepEqual(await codeOf(ask('DELETE', '/device-credentials/press-1')), [404, 'API_UNKNOWN_NAME']);
});

test("one sees and ends one's own sessions; others' only with the permission", async () => {
  const [alice, bob] = [await person('alice', { role: 'admin' }), await person('bob', { role: 'viewer' })];
  const more = await signIn({ name: 'bob', password: secret }, { 'user-agent': 'phone' });
  const { sessions } = await get<SessionsAnswer>('GET', '/sessions', undefined, { cookie: bob });
  assert.deepEqual(
    sessions.map(({ user, current }) => [user, current]),
    [
      ['bob', true],
      ['bob', false],
    ],
  );
  assert.equal(sessions[1]!.userAgent, 'phone');
  const all = (await get<SessionsAnswer>('GET', '/sessions', undefined, { cookie: alice })).sessions;
  const own = all.find(({ user }) => user === 'alice')!;
  assert.equal(all.length, 3);
  assert.deepEqual(await codeOf(ask('DELETE', `/sessions/${own.id}`, undefined, { cookie: bob })), [404, 'API_UNKNOWN_NAME']);
  assert.deepEqual(await codeOf(ask('DELETE', '/sessions?user=alice', undefined, { cookie: bob })), [403, 'API_NOT_ALLOWED']);
  assert.deepEqual(await get('DELETE', '/sessions', undefined, { cookie: bob }), { ended: 1 });
  assert.equal((await ask('GET', '/me', undefined, { cookie: more.cookie })).statusCode, 401);
  assert.equal((await ask('GET', '/me', undefined, { cookie: bob })).statusCode, 200);
  assert.deepEqual(await get('DELETE', '/sessions?user=bob', undefined, { cookie: alice }), { ended: 1 });
  assert.equal((await ask('GET', '/me', undefined, { cookie: bob })).statusCode, 401);
  await get('DELETE', `/sessions/${own.id}`, undefined, { cookie: alice });
  assert.equal((await ask('GET', '/me', undefined, { cookie: alice })).statusCode, 401);
});

test('accepted changes, writes, failures and refusals are recorded; reading and trying are not', async () => {
  const cookie = await person('alice', { role: 'operator' });
  const before = hub.access.audit.count;
  await ask('GET', '/status', undefined, { cookie });
  await ask('POST', '/rules/test', { sql: 'SELECT * FROM "a"', topic: 'a', payload: '{}' }, { cookie });
  await ask('POST', '/sql', { sql: 'SELECT 1' }, { cookie });
  await ask('POST', '/write', { path: 'acme/line1/nothing', value: 1 }, { cookie });
  await ask('POST', '/write', { nonsense: 1 }, { cookie });
  assert.equal(hub.access.audit.count, before);
  await ask('POST', '/write', { path: 'acme/line1/humidity', value: 41.5 }, { cookie });
  await ask('PUT', '/devices/press', { driver: 'x' }, { cookie });
  await ask('GET', '/config', undefined, { cookie });
  await ask('PUT', '/devices/press', { driver: 'x' });
  await ask('POST', '/sql', { sql: "insert into t values ('x')" });
  await ask('POST', '/write', { path: 'acme/line1/humidity', value: 1 }, {});
  hub.refuse = new Error('the device does not answer');
  await ask('POST', '/write', { path: 'acme/line1/humidity', value: 2 }, { cookie });
  const count = hub.access.audit.count - before;
  assert.deepEqual(
    (await audit()).slice(0, count).map(({ who, verb, what, result, detail }) => [who, verb, what, result, detail]),
    [
      ['alice', 'tag.write', 'acme/line1/humidity', 'failed', { method: 'POST', value: 2, code: 'API_INTERNAL' }],
      ['anonymous', 'tag.write', 'write', 'refused', { method: 'POST', code: 'API_NOT_SIGNED_IN' }],
      ['admin-token', 'sql.write', 'INSERT', 'ok', { method: 'POST' }],
      ['admin-token', 'config.write', 'devices/press', 'ok', { method: 'PUT' }],
      ['alice', 'config.read', 'config', 'refused', { method: 'GET', code: 'API_NOT_ALLOWED' }],
      ['alice', 'config.write', 'devices/press', 'refused', { method: 'PUT', code: 'API_NOT_ALLOWED' }],
      ['alice', 'tag.write', 'acme/line1/humidity', 'ok', { method: 'POST', value: 41.5 }],
    ],
  );
  assert.deepEqual(await get('GET', '/audit/verify'), { ok: true, count: hub.access.audit.count });
  hub.access.store.records[2]![30]! ^= 1;
  const verdict = await get<{ ok: boolean; at: number }>('GET', '/audit/verify');
  assert.deepEqual([verdict.ok, verdict.at], [false, 3]);
});

test('the audit log is paged and filtered', async () => {
  for (let i = 0; i < 5; i++) await get('PUT', `/device-credentials/d${i}`, {});
  const first = await get<AuditAnswer>('GET', '/audit?limit=2&who=admin-token&verb=access.write');
  assert.deepEqual(
    first.records.map((r) => r.what),
    ['device-credentials/d4', 'device-credentials/d3'],
  );
  const second = await get<AuditAnswer>('GET', `/audit?limit=2&cursor=${first.cursor}`);
  assert.equal(second.records[0]!.what, 'device-credentials/d2');
  assert.deepEqual((await get<AuditAnswer>('GET', '/audit?who=nobody')).records, []);
  const found = await get<AuditAnswer>('GET', '/audit?what=CREDENTIALS/d3&result=ok&from=now-1h');
  assert.deepEqual(
    found.records.map((r) => r.what),
    ['device-credentials/d3'],
  );
  for (const none of ['result=failed', 'to=now-1h']) assert.deepEqual((await get<AuditAnswer>('GET', `/audit?${none}`)).records, []);
  assert.deepEqual(await codeOf(ask('GET', '/audit?from=yesterday')), [400, 'API_TIME_INVALID']);
  for (const wrong of ['x', '-1', '0', '1e9'])
    assert.deepEqual(await codeOf(ask('GET', `/audit?cursor=${wrong}`)), [400, 'API_CURSOR_INVALID']);
});
