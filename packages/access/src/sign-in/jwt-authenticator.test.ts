import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { allows } from '../allows.ts';
import type { Verdict } from './authenticator.ts';
import { clientRules } from './client-rules.ts';
import { JwtAuthenticator } from './jwt-authenticator.ts';
import type { JwtOptions } from './jwt-authenticator.ts';
import { credentials, hmacToken, httpHouse, json, jwtOptions, Signer } from './test-support.ts';
import type { HttpHouse } from './test-support.ts';
import { rulesOf } from './vouched.ts';

const secret = 'a secret of more than thirty-two bytes';
const from = (more: Partial<JwtOptions>, clock = new VirtualClock()): JwtAuthenticator =>
  new JwtAuthenticator(jwtOptions(more), clock, silentLogger);
const principalOf = (verdict: Verdict): Extract<Verdict, { is: 'known' }>['principal'] => {
  assert.ok(verdict.is === 'known', JSON.stringify(verdict));
  return verdict.principal;
};
const now = Date.UTC(2026, 0, 1) / 1000;

test('a token says who the client is, what it may do and until when', async () => {
  const jwt = from({ secret });
  const claims = { sub: 'press-1', exp: now + 60, acl: { pub: ['plant/${clientid}/#'], all: ['chat'] } };
  const principal = principalOf(await jwt.check(credentials({ secret: hmacToken(claims, secret) })));
  assert.deepEqual(
    [principal.kind, principal.name, principal.expires, principal.permissions],
    ['device', 'jwt:press-1', (now + 90) * 1e6, []],
  );
  const may = (action: 'publish' | 'subscribe', topic: string): boolean | undefined =>
    rulesOf(principal)!.decide({ action, topic, clientId: 'client-1', username: undefined, peer: '10.0.0.1:1', qos: 0, retain: false });
  assert.deepEqual(
    [may('publish', 'plant/client-1/x'), may('publish', 'plant/other/x'), may('subscribe', 'plant/client-1/x'), may('subscribe', 'chat')],
    [true, undefined, undefined, true],
  );
});

test('rules as a list decide in their order; where none fits, the grant does', async () => {
  const jwt = from({ secret, grant: { publish: ['own/${name}/#', 'own/${username}/#'], subscribe: ['#'] } });
  const acl = [
    { permission: 'deny', action: 'all', topic: 'a/secret/#' },
    { permission: 'allow', action: 'publish', topic: 'a/#', qos: [0, 1], retain: false },
    { permission: 'allow', action: 'subscribe', topics: ['eq b/+'], qos: 1 },
  ];
  const principal = principalOf(await jwt.check(credentials({ secret: hmacToken({ sub: 'p', acl }, secret) })));
  const decide = (action: 'publish' | 'subscribe', topic: string, qos: 0 | 1 | 2, retain = false): boolean | undefined =>
    rulesOf(principal)!.decide({ action, topic, clientId: 'c', username: undefined, peer: '10.0.0.1:1', qos, retain });
  assert.deepEqual(
    [decide('publish', 'a/secret/x', 0), decide('publish', 'a/x', 1), decide('publish', 'a/x', 2), decide('publish', 'a/x', 0, true)],
    [false, true, undefined, undefined],
  );
  assert.deepEqual([decide('subscribe', 'b/+', 1), decide('subscribe', 'b/c', 1)], [true, undefined]);
  assert.deepEqual(principal.permissions, ['mqtt.publish own/p/#', 'mqtt.subscribe #'], 'a name that is missing grants nothing');
  const hostile = principalOf(await jwt.check(credentials({ secret: hmacToken({ sub: '#' }, secret) })));
  assert.ok(!allows(hostile, 'mqtt.publish', 'own/other/x'), 'a client called # is not all of them');
});

test('rules that are not understood let nobody in', async () => {
  const jwt = from({ secret });
  const wrong: unknown[] = [
    'x',
    5,
    true,
    { pub: 'a' },
    { pub: [5] },
    { publish: ['a'] },
    { pub: ['a/#/b'] },
    { __proto__: null, toString: ['a'] },
    ['x'],
    [{}],
    [{ permission: 'allow', action: 'publish' }],
    [{ permission: 'yes', action: 'publish', topic: 'a' }],
    [{ permission: 'allow', action: 'read', topic: 'a' }],
    [{ permission: 'allow', action: 'all', topic: 'a', qos: [3] }],
    [{ permission: 'allow', action: 'all', topic: 'a', retain: 'no' }],
    [{ permission: 'allow', action: 'all', topic: 'a', ipaddr: '10.0.0.0/8' }],
  ];
  for (const acl of wrong) {
    const verdict = await jwt.check(credentials({ secret: hmacToken({ acl }, secret) }));
    assert.equal(verdict.is, 'refused', JSON.stringify(acl));
  }
  assert.equal((await jwt.check(credentials({ secret: hmacToken({ acl: null }, secret) }))).is, 'refused');
  const many = Array.from({ length: 1001 }, () => ({ permission: 'allow', action: 'all', topic: 'a' }));
  assert.match(String(clientRules(many)), /more than 1000/);
});

test('who signed it decides: another secret is nobody known, wrong claims are a refusal', async () => {
  const jwt = from({ secret, claims: { clientid: '${clientid}', user: '${username}', cn: '${cert_common_name}' }, audience: ['omh'] });
  const right = { clientid: 'client-1', user: 'ann', cn: 'press', aud: 'omh' };
  const check = async (claims: object, key = secret): Promise<string> =>
    (
      await jwt.check(
        credentials({ username: 'ann', secret: hmacToken(claims, key), certificate: { commonName: 'press', fingerprint256: '' } }),
      )
    ).is;
  assert.equal(await check(right), 'known');
  assert.equal(await check(right, `${secret}!`), 'unknown');
  for (const other of [{ clientid: 'client-2' }, { user: 'bob' }, { cn: 'x' }, { aud: 'emqx' }, { exp: now - 31 }, { nbf: now + 31 }])
    assert.equal(await check({ ...right, ...other }), 'refused', JSON.stringify(other));
  assert.equal((await jwt.check(credentials())).is, 'unknown');
  assert.equal((await jwt.check(credentials({ secret: 'no token' }))).is, 'unknown');
  const narrow = from({ secret, algorithms: ['HS512'] });
  assert.equal((await narrow.check(credentials({ secret: hmacToken({}, secret) }))).is, 'unknown');
});

test('a token may be the user name; it is kept out of sight then', async () => {
  const jwt = from({ secret, from: 'username' });
  const principal = principalOf(await jwt.check(credentials({ username: hmacToken({}, secret) })));
  assert.deepEqual([principal.name, (principal as { secretUsername?: true }).secretUsername], ['jwt:client-1', true]);
});

test('an expiry that nobody waits for is none', async () => {
  const claims = { sub: 'p', exp: now + 60 };
  const principal = principalOf(
    await from({ secret, disconnectAfterExpiry: false }).check(credentials({ secret: hmacToken(claims, secret) })),
  );
  assert.equal(principal.expires, undefined);
  assert.equal(principalOf(await from({ secret }).check(credentials({ secret: hmacToken({ exp: 1e300 }, secret) }))).expires, undefined);
});

interface Published {
  readonly house: HttpHouse;
  readonly clock: VirtualClock;
  readonly jwt: JwtAuthenticator;
  keys: readonly Signer[];
}
async function published(t: TestContext, ...keys: Signer[]): Promise<Published> {
  const clock = new VirtualClock();
  const house = await httpHouse(t, (_, response) => json(response, { keys: out.keys.map(({ jwk }) => jwk) }));
  const jwt = from({ jwksUrl: `${house.url}/keys` }, clock);
  const out: Published = { house, clock, jwt, keys };
  t.after(jwt.start());
  return out;
}
const sub = async (jwt: JwtAuthenticator, token: string): Promise<string> => (await jwt.check(credentials({ secret: token }))).is;

test('keys come from an address; a new one is found when a token names it, and not looked for again and again', async (t) => {
  const [first, second, stranger] = [new Signer('1'), new Signer('2'), new Signer('3')];
  const x = await published(t, first);
  assert.equal(await sub(x.jwt, first.token({})), 'known', 'waits for the first reading');
  assert.equal(x.house.requests.length, 1);
  x.keys = [first, second];
  assert.equal(await sub(x.jwt, second.token({})), 'unknown', 'just read');
  await x.clock.advance(30_000);
  const storm = await Promise.all(Array.from({ length: 200 }, () => sub(x.jwt, second.token({}))));
  assert.ok(storm.every((is) => is === 'known'));
  assert.equal(x.house.requests.length, 2);
  for (let i = 0; i < 100; i++) assert.equal(await sub(x.jwt, stranger.token({}, `kid-${i}`)), 'unknown');
  assert.equal(x.house.requests.length, 2);
  assert.equal(await sub(x.jwt, stranger.token({}, '1')), 'unknown', 'another key under a known name');
  assert.equal(await sub(x.jwt, second.token({}, undefined)), 'known', 'a token that names no key');
});

test('a key that is taken out of the set is no longer taken after the next reading', async (t) => {
  const [old, next] = [new Signer('old'), new Signer('new')];
  const x = await published(t, old);
  assert.equal(await sub(x.jwt, old.token({})), 'known');
  x.keys = [next];
  await x.clock.advance(300_000);
  for (let i = 0; i < 500 && x.house.requests.length < 2; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await sub(x.jwt, next.token({})), 'known');
  assert.equal(await sub(x.jwt, old.token({})), 'unknown');
});

test('while the keys cannot be read the last good ones hold, and somebody is told', async (t) => {
  const signer = new Signer('1');
  const x = await published(t, signer);
  assert.equal(await sub(x.jwt, signer.token({})), 'known');
  const faults: HttpHouse['answer'][] = [
    (_, response) => json(response, 'gone', 500),
    (_, response) => json(response, 'no json'),
    (_, response) => json(response, { keys: [] }),
    (_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:9/' });
      response.end();
    },
    (_, response) => json(response, JSON.stringify({ keys: [], fill: 'x'.repeat(300_000) })),
    (request) => request.socket.destroy(),
  ];
  for (const answer of faults) {
    x.house.answer = answer;
    await x.clock.advance(30_000);
    assert.equal(await sub(x.jwt, new Signer('2').token({})), 'unknown');
    assert.match(x.jwt.trouble()!.text, /cannot be read from http:\/\/127\.0\.0\.1/);
    assert.equal(await sub(x.jwt, signer.token({})), 'known');
  }
  x.house.answer = (_, response) => json(response, { keys: [signer.jwk] });
  await x.clock.advance(30_000);
  assert.equal(await sub(x.jwt, new Signer('2').token({})), 'unknown');
  assert.equal(x.jwt.trouble(), undefined);
});

test('without any keys a token cannot be judged, which is no refusal', async (t) => {
  const x = await published(t);
  assert.equal(await sub(x.jwt, new Signer('1').token({})), 'unavailable');
  assert.equal(await sub(x.jwt, 'not a token'), 'unknown');
});

test('keys may stand in a file that changes', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'omh-jwks-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [first, second] = [new Signer('1'), new Signer('2')];
  const jwksFile = join(folder, 'keys.json');
  const clock = new VirtualClock();
  const jwt = from({ jwksFile }, clock);
  t.after(jwt.start());
  assert.equal(await sub(jwt, first.token({})), 'unavailable');
  assert.match(jwt.trouble()!.text, /the file cannot be read/);
  writeFileSync(jwksFile, JSON.stringify({ keys: [first.jwk] }));
  await clock.advance(30_000);
  assert.equal(await sub(jwt, first.token({})), 'known');
  writeFileSync(jwksFile, JSON.stringify({ keys: [second.jwk] }));
  await clock.advance(30_000);
  assert.equal(await sub(jwt, second.token({})), 'known');
});
