import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Access, createToken } from '@omh/access';
import { systemClock, type Logger } from '@omh/core';
import { AppendLog, Documents } from '@omh/storage';
import { ApiServer } from './api-server.ts';
import type { App } from './context.ts';
import { adminToken, asHub, FakeAccess, FakeHub } from './testing/fake-hub.ts';
import type { LoginAnswer, NewTokenAnswer, UserAnswer } from './types.ts';

/** Everything that the hub says to its operators. */
const said: string[] = [];
const listening: Logger = {
  debug: (message, fields) => void said.push(`${message} ${inside(fields)}`),
  info: (message, fields) => void said.push(`${message} ${inside(fields)}`),
  warn: (message, fields) => void said.push(`${message} ${inside(fields)}`),
  error: (message, fields) => void said.push(`${message} ${inside(fields)}`),
  child: () => listening,
};
/** With what JSON leaves out of errors. */
const inside = (fields: unknown): string =>
  JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error
      ? { ...Object.fromEntries(Object.entries(value)), text: value.message, stack: value.stack, cause: value.cause }
      : value,
  ) ?? '';

const root = mkdtempSync(join(tmpdir(), 'omh-hostile-'));
const consoleDir = join(root, 'console');
const hub = new FakeHub(systemClock, new FakeAccess(systemClock, undefined, undefined, listening));
const server = new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, consoleDir, clock: systemClock, log: listening });
let app: App;

before(async () => {
  mkdirSync(consoleDir);
  writeFileSync(join(root, 'settings.json'), '{"secret":"TOP SECRET"}');
  writeFileSync(join(consoleDir, 'index.html'), '<!doctype html><title>console</title>');
  await hub.access.start();
  await server.start();
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, consoleDir, clock: systemClock, log: listening }).build();
});
after(async () => {
  await app.close();
  await server.stop();
  await hub.access.stop();
  rmSync(root, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: string;
}
/** As it is written, without the normalisation of `fetch`. */
const raw = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(server.url());
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          text += chunk;
        })
        .on('end', () => resolve({ status: response.statusCode!, body: text, headers: JSON.stringify(response.headers) }));
    });
    request.on('error', reject).end(body);
  });
/** What the hub answers to these lines until it ends the connection; nothing when it just ends it. */
const lines = (text: readonly string[], port = Number(new URL(server.url()).port)): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text.join('\r\n')));
    socket
      .setEncoding('utf8')
      .on('data', (chunk: string) => {
        answer += chunk;
        if (/Connection: close|HTTP\/1\.1 4/i.test(answer)) socket.destroy();
      })
      .on('error', () => {})
      .on('close', () => resolve(answer));
  });
const json = { 'content-type': 'application/json' };
const bearer = { ...json, authorization: `Bearer ${adminToken}` };
interface Operation {
  readonly 'x-omh-permission': string;
}
const operations = (): [method: string, path: string, operation: Operation][] => {
  const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]): [string, string, Operation] => [method.toUpperCase(), path, operation]),
  );
};

test('script execution (CVE-2023-33831): no route runs code, not even for an administrator', async () => {
  for (const path of ['/api/runscript', '/api/v1/runscript', '/api/v1/scripts', '/api/v1/eval', '/api/v1/exec', '/api/v1/functions']) {
    for (const method of ['GET', 'POST', 'PUT']) {
      const body = JSON.stringify({ params: { script: { code: 'return process.env', test: true }, toLogEvent: false } });
      assert.equal((await raw(path, bearer, method, method === 'GET' ? undefined : body)).status, 404, `${method} ${path}`);
    }
  }
  for (const [method, path] of operations())
    assert.doesNotMatch(path, /(?<!sub)script|eval|exec|shell|upload|plugin/i, `${method} ${path}`);
});

test('trust in the Referer header (CVE-2025-69985): no header stands for a credential', async () => {
  const url = server.url();
  const claims: Record<string, string>[] = [
    { referer: `${url}/`, origin: url },
    { referer: `${url}/fuxa`, 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
    { 'x-access-token': adminToken, 'x-auth-user': '{"user":"admin","groups":-1}' },
    { 'x-forwarded-user': 'admin', 'remote-user': 'admin', 'x-original-url': '/healthz', 'x-rewrite-url': '/healthz' },
    { 'x-http-method-override': 'GET', 'x-method-override': 'GET' },
    { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
    { authorization: 'Bearer' },
    { authorization: 'Bearer null' },
    { authorization: `Bearer ${'x'.repeat(5000)}` },
    { cookie: 'omh_session=undefined; omh_session=' },
  ];
  for (const headers of claims) {
    for (const path of ['/api/v1/config', '/api/v1/users', '/api/v1/audit', '/api/v1/values'])
      assert.equal((await raw(path, headers)).status, 401, `${path} ${JSON.stringify(headers)}`);
    const write = await raw('/api/v1/write', { ...json, ...headers }, 'POST', JSON.stringify({ path: 'acme/line1/humidity', value: 9 }));
    assert.ok(write.status === 401 || write.status === 403, JSON.stringify(headers));
  }
  assert.deepEqual(hub.written, []);
});

test('hard-coded secrets (CVE-2025-69971): two fresh data directories share none, and no default opens either', async () => {
  const made = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const folder = join(root, name);
      const token = createToken();
      const access = new Access({
        clock: systemClock,
        adminTokens: [token],
        documents: new Documents(join(folder, 'state')),
        audit: () => AppendLog.open(join(folder, 'audit'), { mode: 'strict' }),
        passwordCostLog2: 4,
      });
      await access.start();
      const principal = access.byToken(token)!;
      const { password } = await access.putPerson(principal, 'alice', { grant: { role: 'admin' } });
      const { secret } = access.createToken(principal, { name: 't', permissions: ['*'] });
      const device = access.putDeviceCredential(principal, 'd', {}).secret!;
      const { session } = await access.login('alice', password!, { address: '10.0.0.1' });
      const code = access.createSignInCode();
      return { access, folder, secrets: [token, password!, secret, device, session, code] };
    }),
  );
  const [one, two] = made as [(typeof made)[0], (typeof made)[0]];
  assert.equal(new Set([...one.secrets, ...two.secrets]).size, 12);
  for (const secret of one.secrets) {
    assert.equal(two.access.byToken(secret), undefined);
    assert.equal(two.access.bySession(secret), undefined);
    assert.equal(two.access.byDevice('d', secret), undefined);
    assert.equal(two.access.redeem(secret), undefined);
  }
  for (const { access } of made) {
    for (const guess of ['', 'admin', '0000', 'public', 'password', '123456', 'frangoteam751', 'secret'])
      for (const name of ['admin', 'root', 'alice'])
        await assert.rejects(access.login(name, guess, { address: `10.9.${guess.length}.${name.length}` }), /wrong/);
  }
  for (const { access, folder, secrets } of made) {
    await access.stop();
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = readFileSync(join(file.parentPath, file.name), 'latin1');
      for (const secret of secrets) assert.ok(!bytes.includes(secret), `${file.name} holds a secret`);
    }
  }
});

test('path traversal (CVE-2026-25895): no address leaves the folder of the console, no name leaves its list', async () => {
  const ways = [
    '../settings.json',
    '..%2fsettings.json',
    '%2e%2e/settings.json',
    '..%5csettings.json',
    '%2e%2e%2fsettings.json',
    '....//settings.json',
  ];
  for (const way of ways) {
    for (const prefix of ['/', '/assets/', '/api/v1/', '/api/v1/dashboards/', '//', '/%2f']) {
      const answer = await raw(`${prefix}${way}`, bearer);
      assert.ok(!answer.body.includes('TOP SECRET'), `${prefix}${way}`);
    }
  }
  for (const name of ['..%2f..%2fpeople', '%2e%2e', 'a%00b', '..%5c..%5cx', '__proto__']) {
    for (const list of ['users', 'device-credentials']) {
      const put = await raw(`/api/v1/${list}/${name}`, bearer, 'PUT', JSON.stringify(list === 'users' ? { role: 'viewer' } : {}));
      assert.ok(put.status >= 400 && put.status < 500, `${list}/${name} ${put.status} ${put.body}`);
    }
  }
  assert.deepEqual(
    [...hub.access.documents.texts.keys()].filter((name) => !/^[a-z-]+$/.test(name)),
    [],
  );
});

test('settings leak (CVE-2026-25895): without a credential no route tells anything of the hub', async () => {
  const told = new Map<string, string>();
  for (const [method, path] of operations()) {
    const answer = await raw(path.replace(/\{\w+\}/g, 'press'), json, method, method === 'GET' || method === 'DELETE' ? undefined : '{}');
    if (answer.status !== 401) told.set(`${method} ${path}`, `${answer.status} ${answer.body}`);
  }
  const open = ['GET /healthz', 'GET /readyz', 'POST /api/v1/login', 'GET /metrics'];
  assert.deepEqual(
    [...told.keys()].filter((name) => !open.includes(name)),
    [],
  );
  for (const path of [
    '/api/settings',
    '/api/project',
    '/api/users',
    '/api/v1/settings',
    '/api/v1/secrets',
    '/.env',
    '/data/state/people.json',
    '/hub.yaml',
  ]) {
    const answer = await raw(path);
    const page = answer.body.includes('<title>console</title>');
    assert.ok(answer.status === 404 || page, `${path} ${answer.status} ${answer.body}`);
  }
});

test('embedded editor (CVE-2026-25938): an address that nobody declared is refused, whatever it looks like', async () => {
  const paths = [
    '/nodered/',
    '/nodered/flows',
    '/api/nodered',
    '/api/v1/../nodered',
    '/API/V1/CONFIG',
    '/api/v1/config/',
    '/api//v1/config',
    '/api/v1/config;x',
    '/api/v1/%63onfig',
    '/prometheus/x',
    '/api/v1/config%2f',
    '/api/v1/users/../config',
  ];
  for (const path of paths) {
    const answer = await raw(path, json);
    const page = answer.status === 200 && answer.body.includes('<title>console</title>');
    assert.ok(page || answer.status === 401 || answer.status === 404 || answer.status === 400, `${path} ${answer.status} ${answer.body}`);
    assert.ok(!answer.body.includes('version: 1'), path);
    const post = await raw(path, json, 'POST', '{}');
    assert.ok(post.status === 404 || post.status === 401 || post.status === 400, `POST ${path} ${post.status}`);
  }
});

test('open scheduler (CVE-2026-25939): every route names a permission, and only three are open', () => {
  const open = operations().filter(([, , operation]) => operation['x-omh-permission'] === 'none');
  assert.deepEqual(open.map(([method, path]) => `${method} ${path}`).sort(), ['GET /healthz', 'GET /readyz', 'POST /api/v1/login']);
  for (const [method, path, operation] of operations()) assert.ok(operation['x-omh-permission'], `${method} ${path}`);
  assert.ok(operations().length > 40);
});

test('requests forged by the hub (SSRF): no body has a place for an address that the hub would fetch', () => {
  const text = JSON.stringify(app.swagger());
  for (const word of ['"url"', '"uri"', '"href"', '"webhook"', '"callback"']) assert.ok(!text.includes(`${word}:{"type"`), word);
  // Only these make the hub speak with a device that the body names; who may have it is who may put the same device into the hub file.
  const visits = operations().filter(([, , operation]) =>
    JSON.stringify((operation as { requestBody?: unknown }).requestBody ?? {}).includes('"settings":{'),
  );
  assert.deepEqual(visits.map(([method, path]) => `${method} ${path}`).sort(), ['POST /api/v1/probe', 'POST /api/v1/read']);
  for (const [, path, operation] of visits) assert.equal(operation['x-omh-permission'], 'config.write', path);
});

test('forged requests of other sites (CSRF): a cookie alone opens nothing to another origin', async () => {
  const code = hub.access.createSignInCode('admin');
  const signed = await raw('/api/v1/login', json, 'POST', JSON.stringify({ code }));
  const cookie = /omh_session=[\w-]+/.exec(signed.headers)![0];
  assert.match(signed.headers, /SameSite=Lax/);
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `${server.url()}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign) {
    for (const [method, path, operation] of operations()) {
      if (method === 'GET' || operation['x-omh-permission'] === 'none') continue;
      const answer = await raw(
        path.replace(/\{\w+\}/g, 'press'),
        { ...json, ...headers, cookie },
        method,
        method === 'DELETE' ? undefined : '{}',
      );
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(headers)} ${answer.body}`);
      assert.match(answer.body, /API_ORIGIN_REFUSED/);
    }
  }
  // What a form of another site can send is no JSON, and is refused before anything looks at it.
  const before = hub.written.length;
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
    const form = await raw('/api/v1/write', { 'content-type': type, cookie }, 'POST', '{"path":"acme/line1/humidity","value":9}');
    assert.ok(form.status === 415 || form.status === 400, `${type} ${form.status}`);
  }
  assert.equal(hub.written.length, before);
  assert.doesNotMatch((await raw('/api/v1/status', { cookie, origin: 'https://evil.example' })).headers, /access-control-allow/i);
  assert.equal((await raw('/api/v1/status', { cookie })).status, 200, 'and the session was good all the time');
});

test('session fixation: a sign-in never goes on with a session that was known before', async () => {
  const { password } = await hub.access.putPerson(hub.access.byToken(adminToken)!, 'fixed', { grant: { role: 'viewer' } });
  const body = JSON.stringify({ name: 'fixed', password });
  const planted = await raw('/api/v1/login', { ...json, cookie: 'omh_session=planted-by-somebody' }, 'POST', body);
  const first = /omh_session=([\w-]+)/.exec(planted.headers)![1]!;
  assert.notEqual(first, 'planted-by-somebody');
  assert.equal((await raw('/api/v1/me', { cookie: 'omh_session=planted-by-somebody' })).status, 401);
  const again = await raw('/api/v1/login', { ...json, cookie: `omh_session=${first}` }, 'POST', body);
  const second = /omh_session=([\w-]+)/.exec(again.headers)![1]!;
  assert.notEqual(second, first);
  assert.equal((await raw('/api/v1/me', { cookie: `omh_session=${first}` })).status, 401);
  assert.equal((await raw('/api/v1/me', { cookie: `omh_session=${second}` })).status, 200);
  assert.equal((await raw(`/api/v1/me?omh_session=${second}`, {})).status, 401, 'no session comes in an address');
});

test('timing of sign-in: a name that nobody has, a wrong password and a disabled person cost the same work and get the same answer', async () => {
  const house = hub.access.byToken(adminToken)!;
  await hub.access.putPerson(house, 'timed', { grant: { role: 'viewer' } });
  await hub.access.putPerson(house, 'gone', { grant: { role: 'viewer' }, disabled: true });
  const checks = (): number => [...hub.access.metrics()].find(({ name }) => name === 'omh_access_password_checks_total')!.value;
  const answers: string[] = [];
  for (const name of ['timed', 'no-such-person', 'gone']) {
    const before = checks();
    const { status, body } = await raw('/api/v1/login', json, 'POST', JSON.stringify({ name, password: 'a wrong one' }));
    assert.equal(checks() - before, 1, name);
    answers.push(`${status} ${body}`);
  }
  assert.match(answers[0]!, /^401 .*ACCESS_LOGIN_REFUSED/);
  assert.equal(new Set(answers).size, 1);
});

test('DNS rebinding: on loopback no foreign host name is answered, not even with a credential', async () => {
  const { port } = new URL(server.url());
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.',
    '0.0.0.0',
    '[::]',
    '169.254.169.254',
  ]) {
    for (const path of ['/', '/healthz', '/metrics', '/api/v1/status', '/api/v1/openapi.json']) {
      const answer = await raw(path, { ...bearer, host });
      assert.ok(answer.status === 403 || answer.status === 400, `${host} ${path} ${answer.status}`);
      assert.ok(!answer.body.includes('omh_part_up') && !answer.body.includes('"parts"'));
    }
    const forwarded = await raw('/api/v1/status', { ...bearer, 'x-forwarded-host': host, forwarded: `host=${host}` });
    assert.equal(forwarded.status, 200, 'a header that nobody asked for changes nothing');
  }
});

test('oversized requests: bodies, headers, header counts, addresses and nesting beyond their limit are refused, and the hub serves on', async () => {
  const big = await raw('/api/v1/write', bearer, 'POST', `{"path":"${'x'.repeat(1_100_000)}","value":1}`).catch(() => ({ status: 413 }));
  assert.equal(big.status, 413);
  const chunked = await lines([
    `POST /api/v1/write HTTP/1.1`,
    'Host: localhost',
    `Authorization: Bearer ${adminToken}`,
    'Content-Type: application/json',
    'Transfer-Encoding: chunked',
    '',
    'fffffff',
    'x'.repeat(1_200_000),
  ]);
  assert.match(chunked, /^HTTP\/1\.1 413 |^$/);
  assert.match(await lines(['GET / HTTP/1.1', 'Host: localhost', `X-Long: ${'x'.repeat(20_000)}`, '', '']), /^HTTP\/1\.1 4\d\d |^$/);
  assert.match(await lines([`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost', '', '']), /^HTTP\/1\.1 4\d\d |^$/);
  assert.match(
    await lines(['POST /api/v1/write HTTP/1.1', 'Host: localhost', 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', '']),
    /^HTTP\/1\.1 400 /,
  );
  const nested = await raw(
    '/api/v1/write',
    bearer,
    'POST',
    `{"path":"acme/line1/humidity","value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  );
  assert.ok(nested.status < 600);
  for (const body of ['{"__proto__":{"admin":true},"path":"x","value":1}', '{"constructor":{"prototype":{"a":1}},"path":"x","value":1}'])
    assert.equal((await raw('/api/v1/write', bearer, 'POST', body)).status, 400);
  assert.equal((await raw('/healthz')).status, 200);
});

test('slow requests: headers and bodies that do not come in time are answered with 408 or cut off', async () => {
  const slow = new ApiServer({
    hub: asHub(hub),
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: listening,
    limits: { requestMs: 300 },
  });
  await slow.start();
  try {
    const { port } = new URL(slow.url());
    const half = [
      ['GET /healthz HTTP/1.1', 'Host: localhost', 'X-Slow: '],
      ['POST /api/v1/login HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000', '', '{"code":'],
    ];
    const told = await Promise.all(half.map((text) => lines(text, Number(port))));
    for (const answer of told) assert.match(answer, /^HTTP\/1\.1 408 |^$/);
    assert.equal((await fetch(`${slow.url()}/healthz`)).status, 200);
  } finally {
    await slow.stop();
  }
});

test('secrets that go in or come out once are in no other answer, log line, audit record or document', async () => {
  const seen: string[] = [];
  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = bearer): Promise<Answer> => {
    const answer = await raw(path, headers, method, body === undefined ? undefined : JSON.stringify(body));
    seen.push(`${method} ${path.split('?', 1)[0]!} ${answer.headers} ${answer.body}`);
    return answer;
  };
  /** What an answer tells once is meant for its caller; everything else of it counts. */
  const once = async <T>(method: string, path: string, body: object): Promise<{ answer: T; cookie: string }> => {
    const answer = await raw(path, bearer, method, JSON.stringify(body));
    assert.equal(answer.status, 200, answer.body);
    const cookie = /omh_session=([\w-]+)/.exec(answer.headers)?.[1] ?? '';
    return { answer: JSON.parse(answer.body) as T, cookie };
  };
  const handedOut = 'canary-handed-out-1';
  const chosen = 'canary chosen word 2';
  const wrong = 'canary wrong word 3';
  const presented = `omh_${'canary'.repeat(8)}`;
  const canaries = [adminToken, handedOut, chosen, wrong, presented];

  await ask('PUT', '/api/v1/users/carol', { role: 'engineer', password: handedOut });
  const signed = await once<LoginAnswer>('POST', '/api/v1/login', { name: 'carol', password: handedOut });
  const cookie = { ...json, cookie: `omh_session=${signed.cookie}` };
  canaries.push(signed.cookie);
  await ask('POST', '/api/v1/password', { password: wrong, newPassword: chosen }, cookie);
  await ask('POST', '/api/v1/password', { password: handedOut, newPassword: handedOut }, cookie);
  const changed = await raw('/api/v1/password', cookie, 'POST', JSON.stringify({ password: handedOut, newPassword: chosen }));
  assert.equal(changed.status, 200);
  canaries.push(/omh_session=([\w-]+)/.exec(changed.headers)![1]!);
  const dave = await once<UserAnswer>('PUT', '/api/v1/users/dave', { role: 'viewer' });
  const token = await once<NewTokenAnswer>('POST', '/api/v1/tokens', { name: 'canary', permissions: ['values.read'] });
  const device = await once<{ secret: string }>('PUT', '/api/v1/device-credentials/canary', { publish: ['#'] });
  const code = await once<{ code: string }>('POST', '/api/v1/sign-in-codes', {});
  canaries.push(dave.answer.password!, token.answer.secret, device.answer.secret, code.answer.code);

  for (const name of ['carol', 'nobody', wrong]) await ask('POST', '/api/v1/login', { name, password: wrong }, json);
  await ask('POST', '/api/v1/login', { code: wrong }, json);
  await ask('POST', '/api/v1/login', { name: 'carol', password: { nested: wrong } }, json);
  await ask('PUT', '/api/v1/users/eve', { role: 'viewer', password: 'canary' });
  await ask('PUT', '/api/v1/users/Eve', { role: 'viewer', password: chosen });
  await ask('GET', `/api/v1/status?token=${presented}`, undefined, json);
  await ask('GET', '/api/v1/status', undefined, { authorization: `Bearer ${presented}` });
  await ask(
    'POST',
    '/api/v1/write',
    { path: 'acme/line1/humidity', value: 1 },
    { ...json, authorization: `Bearer ${token.answer.secret}` },
  );
  hub.access.documents.put = () => {
    throw new Error('no space left');
  };
  await ask('PUT', '/api/v1/users/frank', { role: 'viewer', password: chosen });
  assert.match(seen.at(-1)!, /API_INTERNAL/);
  Reflect.deleteProperty(hub.access.documents, 'put');
  for (const [method, path] of operations()) if (method === 'GET') await ask('GET', path.replace('{name}', 'carol'));
  await hub.access.stop();

  const places: [string, string][] = [
    ['an answer', seen.join('\n')],
    ['the log', said.join('\n')],
    ['the audit log', hub.access.store.records.map((record) => Buffer.from(record).toString()).join('\n')],
    ['a document', [...hub.access.documents.texts.values()].join('\n')],
  ];
  for (const [place, text] of places) {
    assert.ok(text.length > 500, `${place} was looked at`);
    for (const canary of canaries) {
      const at = text.indexOf(canary);
      assert.equal(at, -1, `${place} holds ${canary}: ${text.slice(Math.max(0, at - 200), at + 50)}`);
    }
  }
});
