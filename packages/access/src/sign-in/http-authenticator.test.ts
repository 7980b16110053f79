import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { HttpAuthenticator } from './http-authenticator.ts';
import type { HttpOptions } from './http-authenticator.ts';
import { credentials, httpHouse, json } from './test-support.ts';
import type { HttpHouse } from './test-support.ts';

interface Asked {
  readonly house: HttpHouse;
  readonly clock: VirtualClock;
  readonly http: HttpAuthenticator;
}
async function asked(t: TestContext, answer: HttpHouse['answer'], more: Partial<HttpOptions> = {}): Promise<Asked> {
  const clock = new VirtualClock();
  const house = await httpHouse(t, answer);
  const http = new HttpAuthenticator(
    {
      type: 'http',
      url: `${house.url}/auth`,
      headers: { 'x-key': 'k' },
      body: { clientid: '${clientid}', username: '${username}', password: '${password}', ip: '${peerhost}', fixed: 'plant' },
      format: 'json',
      timeoutMs: 5000,
      connections: 4,
      cacheMs: 30_000,
      ...more,
    },
    clock,
    silentLogger,
  );
  t.after(http.start());
  return { house, clock, http };
}
const ann = credentials({ username: 'ann', secret: 'p"ass&wörd' });

test('the service hears who asks, and its words decide', async (t) => {
  const x = await asked(t, (_, response) =>
    json(response, { result: 'allow', expire_at: Date.UTC(2026, 0, 1) / 1000 + 60, client_attrs: { a: 'b' } }),
  );
  const verdict = await x.http.check(ann);
  assert.ok(verdict.is === 'known');
  assert.deepEqual([verdict.principal.name, verdict.principal.permissions], ['http:ann', []]);
  assert.equal(verdict.principal.expires, (Date.UTC(2026, 0, 1) / 1000 + 60) * 1e6);
  const [request] = x.house.requests;
  assert.deepEqual([request!.method, request!.path, request!.headers['x-key']], ['POST', '/auth', 'k']);
  assert.deepEqual(JSON.parse(request!.body), {
    clientid: 'client-1',
    username: 'ann',
    password: 'p"ass&wörd',
    ip: '10.0.0.1',
    fixed: 'plant',
  });
});

test('a body may be a form', async (t) => {
  const x = await asked(t, (_, response) => json(response, { result: 'deny' }), { format: 'form' });
  assert.equal((await x.http.check(ann)).is, 'refused');
  assert.equal(x.house.requests[0]!.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.equal(new URLSearchParams(x.house.requests[0]!.body).get('password'), 'p"ass&wörd');
});

const answers: readonly (readonly [string, string, HttpHouse['answer']])[] = [
  ['allow', 'known', (_, r) => json(r, { result: 'allow' })],
  ['204', 'known', (_, r) => r.writeHead(204).end()],
  ['deny', 'refused', (_, r) => json(r, { result: 'deny' })],
  ['ignore', 'unknown', (_, r) => json(r, { result: 'ignore' })],
  ['no result', 'unknown', (_, r) => json(r, {})],
  ['another result', 'unknown', (_, r) => json(r, { result: 'ALLOW' })],
  ['403', 'unknown', (_, r) => json(r, { result: 'allow' }, 403)],
  ['what is over', 'refused', (_, r) => json(r, { result: 'allow', expire_at: 1 })],
  ['rules that are not understood', 'refused', (_, r) => json(r, { result: 'allow', acl: [{ permission: 'allow' }] })],
  ['500', 'unavailable', (_, r) => json(r, { result: 'allow' }, 500)],
  ['a redirect', 'unavailable', (_, r) => r.writeHead(302, { location: '/auth2' }).end()],
  ['text', 'unavailable', (_, r) => json(r, { result: 'allow' }, 200, 'text/plain')],
  ['no JSON', 'unavailable', (_, r) => json(r, 'allow')],
  ['a list', 'unavailable', (_, r) => json(r, ['allow'])],
  ['an expiry that is no number', 'unavailable', (_, r) => json(r, { result: 'allow', expire_at: 'never' })],
  ['too much', 'unavailable', (_, r) => json(r, { result: 'allow', fill: 'x'.repeat(100_000) })],
  [
    'an end in the middle',
    'unavailable',
    (_, r) => {
      r.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      r.write('{"result":');
      setImmediate(() => r.destroy());
    },
  ],
  ['nothing', 'unavailable', (request) => request.socket.destroy()],
];
for (const [what, is, answer] of answers) {
  test(`the service answers ${what}: ${is}`, async (t) => {
    const x = await asked(t, answer);
    assert.equal((await x.http.check(ann)).is, is);
    assert.equal(x.http.trouble() !== undefined, is === 'unavailable');
    assert.ok(x.house.requests.length <= 2 && x.house.requests.every(({ path }) => path === '/auth'), 'no redirect is followed');
  });
}

test('rules and superusers', async (t) => {
  const x = await asked(t, (_, response, body) =>
    json(response, body.includes('root') ? { result: 'allow', is_superuser: true } : { result: 'allow', acl: { sub: ['a/#'] } }),
  );
  const root = await x.http.check(credentials({ username: 'root', secret: 'x' }));
  assert.deepEqual(root.is === 'known' && root.principal.permissions, ['mqtt.publish', 'mqtt.subscribe']);
  const other = await x.http.check(ann);
  assert.ok(other.is === 'known' && 'rules' in other.principal);
});

test('a service that does not answer in time is unavailable, and after many nobody waits for it', async (t) => {
  const x = await asked(t, () => {}, { connections: 8 });
  const checks = Array.from({ length: 8 }, (_, i) => Promise.resolve(x.http.check(credentials({ username: `u${i}`, secret: 'x' }))));
  while (x.house.requests.length < 8) await new Promise((resolve) => setImmediate(resolve));
  await x.clock.advance(5000);
  for (const verdict of await Promise.all(checks)) assert.equal(verdict.is, 'unavailable');
  assert.match(x.http.trouble()!.text, /does not answer within 5 s/);
  const late = x.http.check(ann);
  assert.ok(!(late instanceof Promise), 'told at once');
  x.house.answer = (_, response) => json(response, { result: 'allow' });
  await x.clock.advance(2000);
  assert.equal((await x.http.check(ann)).is, 'known');
  assert.equal(x.http.trouble(), undefined);
});

test('an answer is remembered for a while, for exactly these credentials; equal questions are asked once', async (t) => {
  const x = await asked(t, (_, response, body) => json(response, { result: body.includes('right') ? 'allow' : 'deny' }));
  const right = credentials({ username: 'ann', secret: 'right' });
  const many = await Promise.all(Array.from({ length: 100 }, () => Promise.resolve(x.http.check(right))));
  assert.ok(many.every(({ is }) => is === 'known'));
  assert.equal(x.house.requests.length, 1);
  assert.equal((await x.http.check(credentials({ username: 'ann', secret: 'wrong' }))).is, 'refused');
  assert.equal((await x.http.check(credentials({ username: 'ann', secret: 'wrong' }))).is, 'refused');
  assert.equal(x.house.requests.length, 2);
  await x.clock.advance(30_000);
  await x.http.check(right);
  assert.equal(x.house.requests.length, 3);
  await x.http.check({ ...right, clientId: 'client-2' });
  assert.equal(x.house.requests.length, 4);
});

test('few requests run at once, and only so many wait', async (t) => {
  const open: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const x = await asked(t, (_, response) => {
    most = Math.max(most, ++running);
    open.push(() => {
      running--;
      json(response, { result: 'allow' });
    });
  });
  const checks = Array.from({ length: 1010 }, (_, i) => Promise.resolve(x.http.check(credentials({ username: `u${i}`, secret: 'x' }))));
  const verdicts = Promise.all(checks);
  let over = false;
  void verdicts.then(() => {
    over = true;
  });
  while (!over) {
    if (open.length === 4) open.splice(0).forEach((answer) => answer());
    await new Promise((resolve) => setImmediate(resolve));
  }
  const found = (await verdicts).map(({ is }) => is);
  assert.deepEqual([found.filter((is) => is === 'known').length, found.filter((is) => is === 'busy').length], [1004, 6]);
  assert.equal(most, 4);
});

test('a service that is not there is said in plain words', async (t) => {
  const x = await asked(t, () => {}, { url: 'http://127.0.0.1:1/' });
  assert.equal((await x.http.check(ann)).is, 'unavailable');
  assert.match(x.http.trouble()!.text, /nothing listens there/);
});
