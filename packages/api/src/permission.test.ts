import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { roles } from '@omh/access';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from './api-server.ts';
import type { App } from './context.ts';
import { guard } from './permission.ts';
import { asHub, FakeHub } from './testing/fake-hub.ts';
import fastify from 'fastify';

const clock = new VirtualClock();
const hub = new FakeHub(clock);
let app: App;
before(async () => {
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
after(() => app.close());

type Request = { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; url: string; payload?: object };
const bearer = (token: string): Record<string, string> => ({ host: 'localhost', authorization: `Bearer ${token}` });
const ask = (request: Request, headers: Record<string, string> = {}) =>
  app.inject({ ...request, headers: { host: 'localhost', ...headers } });

const nobody = { driver: 'modbus-tcp', settings: { host: '127.0.0.1', port: 1 }, address: '1!40001' };
/** Each route with the verb that opens it, as the table of the API says. */
const routes: readonly (readonly [verb: string, request: Request, answers?: number])[] = [
  ['status.read', { method: 'GET', url: '/api/v1/status' }],
  ['status.read', { method: 'GET', url: '/api/v1/flow' }],
  ['values.read', { method: 'GET', url: '/api/v1/values' }],
  ['tag.write', { method: 'POST', url: '/api/v1/write', payload: { path: 'acme/line1/humidity', value: 1 } }],
  // Nothing listens on port 1: the hub tries, for those who may let it.
  ['config.write', { method: 'POST', url: '/api/v1/read', payload: { ...nobody, type: 'int16' } }, 502],
  ['config.write', { method: 'POST', url: '/api/v1/probe', payload: nobody }, 502],
  ['sql.read', { method: 'POST', url: '/api/v1/sql', payload: { sql: 'SELECT 1' } }],
  ['history.read', { method: 'GET', url: '/api/v1/history?tag=press/g/temperature' }],
  ['rules.read', { method: 'GET', url: '/api/v1/rules' }],
  ['rules.test', { method: 'POST', url: '/api/v1/rules/test', payload: { sql: 'SELECT * FROM "a"', topic: 'a', payload: '{}' } }],
  ['devices.read', { method: 'GET', url: '/api/v1/devices' }],
  ['devices.read', { method: 'GET', url: '/api/v1/devices/press' }],
  ['devices.control', { method: 'POST', url: '/api/v1/devices/press/control', payload: { action: 'pause' } }],
  ['devices.control', { method: 'POST', url: '/api/v1/devices/press/identify', payload: { unit: 1 } }],
  ['devices.read', { method: 'GET', url: '/api/v1/devices/press/holes' }],
  ['devices.control', { method: 'POST', url: '/api/v1/devices/press/forget-learnt' }, 204],
  ['config.read', { method: 'GET', url: '/api/v1/devices/press/template' }],
  ['devices.control', { method: 'POST', url: '/api/v1/devices/press/frames', payload: {} }],
  ['devices.read', { method: 'GET', url: '/api/v1/devices/press/frames' }],
  ['devices.read', { method: 'GET', url: '/api/v1/devices/press/frames.pcap' }],
  ['devices.control', { method: 'DELETE', url: '/api/v1/devices/press/frames' }, 204],
  ['config.read', { method: 'GET', url: '/api/v1/tags/export' }],
  ['config.write', { method: 'POST', url: '/api/v1/tags/import' }, 400],
  ['apps.read', { method: 'GET', url: '/api/v1/queues' }],
  ['queues.write', { method: 'DELETE', url: '/api/v1/queues/app%2Fnorth/entries' }],
  ['queues.write', { method: 'POST', url: '/api/v1/queues/app%2Fnorth/hand-over', payload: { to: 'app/south' } }],
  ['queues.write', { method: 'DELETE', url: '/api/v1/queues/app%2Fnorth' }, 204],
  ['apps.read', { method: 'GET', url: '/api/v1/queues/app%2Fnorth/dead-letters' }],
  ['queues.write', { method: 'POST', url: '/api/v1/queues/app%2Fnorth/dead-letters/4/replay' }],
  ['queues.write', { method: 'DELETE', url: '/api/v1/queues/app%2Fnorth/dead-letters/4' }, 204],
  ['apps.read', { method: 'GET', url: '/api/v1/apps' }],
  ['clients.read', { method: 'GET', url: '/api/v1/clients' }],
  ['clients.read', { method: 'GET', url: '/api/v1/clients/unknown' }, 404],
  ['clients.write', { method: 'DELETE', url: '/api/v1/clients/unknown' }, 404],
  ['clients.read', { method: 'GET', url: '/api/v1/subscriptions' }],
  ['mqtt.subscribe', { method: 'GET', url: '/api/v1/retained' }],
  ['mqtt.subscribe', { method: 'GET', url: '/api/v1/retained/x%2Fy' }, 404],
  ['retained.write', { method: 'DELETE', url: '/api/v1/retained/x%2Fy' }, 404],
  ['clients.read', { method: 'GET', url: '/api/v1/delayed' }],
  ['mqtt.subscribe', { method: 'GET', url: '/api/v1/delayed/1' }, 404],
  ['retained.write', { method: 'DELETE', url: '/api/v1/delayed/1' }, 404],
  ['clients.read', { method: 'GET', url: '/api/v1/banned' }],
  ['bans.write', { method: 'POST', url: '/api/v1/banned', payload: { kind: 'client', value: 'x' } }],
  ['bans.write', { method: 'DELETE', url: '/api/v1/banned/client/nobody' }, 404],
  ['clients.read', { method: 'GET', url: '/api/v1/topic-metrics' }],
  ['clients.write', { method: 'POST', url: '/api/v1/topic-metrics', payload: { topic: 'x/y' } }],
  ['clients.write', { method: 'DELETE', url: '/api/v1/topic-metrics/x%2Fz' }, 404],
  ['clients.read', { method: 'GET', url: '/api/v1/slow-subscriptions' }],
  ['clients.write', { method: 'DELETE', url: '/api/v1/slow-subscriptions' }, 204],
  ['traces.write', { method: 'GET', url: '/api/v1/traces' }],
  ['traces.write', { method: 'POST', url: '/api/v1/traces', payload: { name: '-', by: 'client', value: 'x' } }, 400],
  ['traces.write', { method: 'GET', url: '/api/v1/traces/none/lines' }, 404],
  ['traces.write', { method: 'POST', url: '/api/v1/traces/none/stop' }, 404],
  ['traces.write', { method: 'DELETE', url: '/api/v1/traces/none' }, 404],
  ['values.read', { method: 'GET', url: '/api/v1/namespace' }],
  ['values.read', { method: 'GET', url: '/api/v1/trace?tag=press/g/humidity' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulators' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulators/plant/log' }],
  ['simulators.control', { method: 'POST', url: '/api/v1/simulators/plant/start' }],
  ['simulators.control', { method: 'POST', url: '/api/v1/simulators/plant/stop' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulators/plant' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulator-faults' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulators/plant/faults' }],
  ['simulators.control', { method: 'POST', url: '/api/v1/simulators/plant/faults', payload: { fault: 'silent' } }],
  ['simulators.control', { method: 'DELETE', url: '/api/v1/simulators/plant/faults/1' }, 204],
  ['simulators.control', { method: 'DELETE', url: '/api/v1/simulators/plant/faults' }],
  ['simulators.read', { method: 'GET', url: '/api/v1/simulators/plant/signals' }],
  ['simulators.control', { method: 'PUT', url: '/api/v1/simulators/plant/signals/level', payload: { value: 5 } }],
  ['simulators.control', { method: 'DELETE', url: '/api/v1/simulators/plant/signals/level' }],
  ['dashboards.read', { method: 'GET', url: '/api/v1/dashboards' }],
  ['config.read', { method: 'GET', url: '/api/v1/config' }],
  ['config.read', { method: 'GET', url: '/api/v1/config/schema' }],
  ['config.write', { method: 'PUT', url: '/api/v1/devices/press', payload: {} }],
  ['config.write', { method: 'PUT', url: '/api/v1/apps/a', payload: {} }],
  ['config.write', { method: 'PUT', url: '/api/v1/rules/a', payload: {} }],
  ['config.write', { method: 'PUT', url: '/api/v1/dashboards/a', payload: {} }],
  ['config.write', { method: 'DELETE', url: '/api/v1/dashboards/main' }],
  ['config.write', { method: 'POST', url: '/api/v1/config/plan', payload: { base: 7, disk: true } }],
  ['config.write', { method: 'POST', url: '/api/v1/config/apply', payload: { planId: 'p' } }],
  ['config.write', { method: 'POST', url: '/api/v1/config/rollback', payload: { revision: 1 } }],
  ['config.read', { method: 'GET', url: '/api/v1/config/drift' }],
  ['config.read', { method: 'GET', url: '/api/v1/config/file?name=hub.yaml' }],
  ['config.read', { method: 'GET', url: '/api/v1/config/diff?plan=p' }],
  ['config.read', { method: 'GET', url: '/api/v1/revisions' }],
  ['metrics.read', { method: 'GET', url: '/metrics' }],
  ['access.write', { method: 'POST', url: '/api/v1/sign-in-codes', payload: {} }],
  ['users.read', { method: 'GET', url: '/api/v1/users' }],
  ['users.write', { method: 'PUT', url: '/api/v1/users/carol', payload: { role: 'viewer' } }],
  ['users.read', { method: 'GET', url: '/api/v1/users/carol' }],
  ['users.write', { method: 'DELETE', url: '/api/v1/users/carol' }, 204],
  ['tokens.write', { method: 'GET', url: '/api/v1/tokens' }],
  ['tokens.write', { method: 'POST', url: '/api/v1/tokens', payload: { name: 'A name', permissions: [] } }, 400],
  ['tokens.write', { method: 'DELETE', url: '/api/v1/tokens/unknown' }, 404],
  ['users.read', { method: 'GET', url: '/api/v1/device-credentials' }],
  ['access.write', { method: 'PUT', url: '/api/v1/device-credentials/carol', payload: {} }],
  ['users.read', { method: 'GET', url: '/api/v1/device-credentials/carol' }],
  ['access.write', { method: 'DELETE', url: '/api/v1/device-credentials/carol' }, 204],
  ['audit.read', { method: 'GET', url: '/api/v1/audit' }],
  ['audit.read', { method: 'GET', url: '/api/v1/audit/verify' }],
  ['backup.create', { method: 'POST', url: '/api/v1/backup' }],
  ['audit.read', { method: 'GET', url: '/api/v1/verify' }],
];
/** Open to everybody who is known; what they may do there depends on whose it is. */
const anyRoutes: readonly Request[] = [
  { method: 'GET', url: '/api/v1/me' },
  { method: 'GET', url: '/api/v1/roles' },
  { method: 'GET', url: '/api/v1/sessions' },
  { method: 'DELETE', url: '/api/v1/sessions' },
  { method: 'DELETE', url: '/api/v1/sessions/unknown' },
  { method: 'POST', url: '/api/v1/password', payload: { password: 'x', newPassword: 'y' } },
  { method: 'POST', url: '/api/v1/first-admin', payload: { name: 'x', password: 'y' } },
  { method: 'POST', url: '/api/v1/logout' },
];

for (const [verb, request, answers = 200] of routes) {
  test(`${request.method} ${request.url} is for those with ${verb}`, async () => {
    for (const [role, permissions] of Object.entries(roles)) {
      const allowed = permissions.includes('*') || permissions.includes(verb);
      const answer = await ask(request, bearer(`${role}-token`));
      assert.equal(answer.statusCode, allowed ? answers : 403, `${role}: ${answer.body}`);
      if (!allowed) assert.equal(answer.json<{ code: string }>().code, 'API_NOT_ALLOWED');
    }
    assert.equal((await ask(request, bearer('nothing-token'))).statusCode, 403);
    assert.equal((await ask(request, bearer('a-wrong-token'))).statusCode, 401);
    if (request.url !== '/metrics') {
      const anonymous = await ask(request);
      assert.equal(anonymous.statusCode, 401);
      assert.equal(anonymous.json<{ code: string }>().code, 'API_NOT_SIGNED_IN');
      assert.match(String(anonymous.headers['content-type']), /^application\/problem\+json/);
    }
  });
}

for (const request of anyRoutes) {
  test(`${request.method} ${request.url} is for those who are known`, async () => {
    assert.equal((await ask(request)).json<{ code: string }>().code, 'API_NOT_SIGNED_IN');
    assert.equal((await ask(request, bearer('a-wrong-token'))).json<{ code: string }>().code, 'API_CREDENTIAL_REFUSED');
    assert.notEqual((await ask(request, bearer('nothing-token'))).statusCode, 401);
  });
}

test('every described route stands in the permission table or is open', () => {
  const open = new Set(['/healthz', '/readyz', '/api/v1/login']);
  const tested = new Set(
    [...routes.map(([, r]) => r), ...anyRoutes].map(
      (r) =>
        `${r.method} ${r.url
          .split('?')[0]!
          .replace('/plant/', '/{name}/')
          .replace(/\/(press|app%2Fnorth)\//, '/{name}/')
          .replace('/dead-letters/4', '/dead-letters/{position}')
          .replace('/signals/level', '/signals/{signal}')
          .replace(/\/(press|a|main|carol|plant|app%2Fnorth)$/, '/{name}')
          .replace(/\/(unknown|1)$/, '/{id}')
          .replace('/none', '/{name}')
          .replace('/client/nobody', '/{kind}/{value}')
          .replace(/\/x%2F[yz]$/, '/{topic}')}`,
    ),
  );
  const sections = ['devices', 'apps', 'rules', 'dashboards'].map((s) => `DELETE /api/v1/${s}/{name}`);
  const document = app.swagger() as { paths: Record<string, Record<string, unknown>> };
  for (const [path, operations] of Object.entries(document.paths)) {
    if (open.has(path)) continue;
    for (const method of Object.keys(operations)) {
      const name = `${method.toUpperCase()} ${path}`;
      assert.ok(tested.has(name) || sections.includes(name), `${name} is not in the table`);
    }
  }
});

test('a route without a permission is refused when it is registered', async () => {
  const bare = fastify();
  guard(bare, { access: hub.access, boundHost: '127.0.0.1' });
  assert.throws(() => bare.get('/x', async () => 'x'), /declares no config.permission/);
  await bare.close();
});

test('metrics are open to a scraper on this machine, not to one behind a proxy or elsewhere', async () => {
  assert.equal((await ask({ method: 'GET', url: '/metrics' })).statusCode, 200);
  assert.equal((await ask({ method: 'GET', url: '/metrics' }, { 'x-forwarded-for': '10.0.0.9' })).statusCode, 401);
  const far = await app.inject({ method: 'GET', url: '/metrics', headers: { host: 'localhost' }, remoteAddress: '10.0.0.9' });
  assert.equal(far.statusCode, 401);
  // A hub that all may reach answers to any name, but a name that is not this machine's own is no scraper here.
  const open = await new ApiServer({ hub: asHub(hub), host: '0.0.0.0', port: 0, clock, log: silentLogger }).build();
  const named = async (host: string): Promise<number> =>
    (await open.inject({ method: 'GET', url: '/metrics', headers: { host } })).statusCode;
  assert.deepEqual([await named('rebound.example'), await named('127.0.0.1:7070')], [401, 200]);
  await open.close();
});

test('a permission below a subtree reads and writes there and nowhere else', async () => {
  const line1 = bearer('line1-token');
  const values = await ask({ method: 'GET', url: '/api/v1/values' }, line1);
  assert.deepEqual(
    values.json<{ values: { tag: string }[] }>().values.map((v) => v.tag),
    ['temperature', 'humidity'],
  );
  assert.equal((await ask({ method: 'GET', url: '/api/v1/history?path=acme/line1/humidity' }, line1)).statusCode, 200);
  assert.equal((await ask({ method: 'GET', url: '/api/v1/history?path=acme/line2/count' }, line1)).statusCode, 403);
  assert.equal(
    (await ask({ method: 'POST', url: '/api/v1/write', payload: { path: 'acme/line1/humidity', value: 1 } }, line1)).statusCode,
    200,
  );
  assert.equal(
    (await ask({ method: 'POST', url: '/api/v1/write', payload: { path: 'acme/line2/count', value: 1 } }, line1)).statusCode,
    403,
  );
});

test('the host name must be one of this machine when only this machine is served', async () => {
  const hosts = {
    localhost: 200,
    'localhost:7070': 200,
    '127.0.0.1:7070': 200,
    '[::1]:7070': 200,
    'evil.example': 403,
    'localhost.evil.example:7070': 403,
  };
  for (const [host, status] of Object.entries(hosts)) {
    assert.equal((await app.inject({ method: 'GET', url: '/healthz', headers: { host } })).statusCode, status, host);
  }
});

const signIn = async (): Promise<string> => {
  const answer = await ask({ method: 'POST', url: '/api/v1/login', payload: { code: hub.access.createSignInCode('operator') } });
  assert.equal(answer.statusCode, 200, answer.body);
  return String(answer.headers['set-cookie']).split(';')[0]!;
};

test('a sign-in code opens one session, its cookie is closed to scripts and other sites', async () => {
  const code = hub.access.createSignInCode('viewer');
  const first = await ask({ method: 'POST', url: '/api/v1/login', payload: { code } });
  assert.deepEqual(first.json<{ principal: { role: string } }>().principal.role, 'viewer');
  const cookie = String(first.headers['set-cookie']);
  for (const flag of ['HttpOnly', 'SameSite=Lax', 'Path=/']) assert.ok(cookie.includes(flag), cookie);
  assert.ok(!cookie.includes('Secure'), 'plain HTTP would lose a Secure cookie');
  const second = await ask({ method: 'POST', url: '/api/v1/login', payload: { code } });
  assert.equal(second.statusCode, 401);
  assert.equal(second.json<{ code: string }>().code, 'API_SIGN_IN_REFUSED');
  assert.equal(second.headers['set-cookie'], undefined);
});

test('a session ends with logout', async () => {
  const cookie = await signIn();
  assert.equal((await ask({ method: 'GET', url: '/api/v1/me' }, { cookie })).json<{ role: string }>().role, 'operator');
  const out = await ask({ method: 'POST', url: '/api/v1/logout' }, { cookie, origin: 'http://localhost' });
  assert.equal(out.statusCode, 204);
  assert.match(String(out.headers['set-cookie']), /Max-Age=0/);
  const after = await ask({ method: 'GET', url: '/api/v1/me' }, { cookie });
  assert.equal(after.statusCode, 401);
  assert.equal(after.json<{ code: string }>().code, 'API_CREDENTIAL_REFUSED');
});

test('a page of another origin cannot act with the cookie of this one', async () => {
  const cookie = await signIn();
  const write: Request = { method: 'POST', url: '/api/v1/write', payload: { path: 'acme/line1/humidity', value: 5 } };
  const tries: readonly (readonly [Record<string, string>, number])[] = [
    [{ origin: 'http://localhost' }, 200],
    [{ origin: 'http://localhost:80' }, 200],
    [{}, 200],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'http://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:8080' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ origin: 'http://localhost.evil.example' }, 403],
  ];
  for (const [headers, status] of tries) {
    const answer = await ask(write, { cookie, ...headers });
    assert.equal(answer.statusCode, status, `${JSON.stringify(headers)} ${answer.body}`);
  }
  const login = await ask({ method: 'POST', url: '/api/v1/login', payload: { code: 'x' } }, { origin: 'http://evil.example' });
  assert.equal(login.json<{ code: string }>().code, 'API_ORIGIN_REFUSED');
});

test('a token is not bound to an origin, and a wrong one is not helped by a cookie', async () => {
  const cookie = await signIn();
  const write: Request = { method: 'POST', url: '/api/v1/write', payload: { path: 'acme/line1/humidity', value: 5 } };
  assert.equal((await ask(write, { ...bearer('operator-token'), origin: 'http://grafana.example' })).statusCode, 200);
  assert.equal((await ask(write, { ...bearer('wrong'), cookie })).statusCode, 401);
});

test('after five wrong codes the door stays shut for a minute, for that address only', async () => {
  const attempt = (code: string, remoteAddress: string) =>
    app.inject({ method: 'POST', url: '/api/v1/login', payload: { code }, headers: { host: 'localhost' }, remoteAddress });
  for (let i = 0; i < 5; i++) assert.equal((await attempt('wrong', '127.0.0.7')).statusCode, 401);
  const good = hub.access.createSignInCode();
  const shut = await attempt(good, '127.0.0.7');
  assert.equal(shut.statusCode, 429);
  assert.ok(Number(shut.headers['retry-after']) > 0);
  assert.equal((await attempt(good, '127.0.0.8')).statusCode, 200, 'the code was not used up');
});
