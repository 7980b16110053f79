import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Access } from '../access.ts';
import { AuthenticationChain } from './authentication-chain.ts';
import type { AuthenticatorOptions, SignInAnswer } from './authentication-chain.ts';
import type { ClientCertificate, MqttSignIn } from './authenticator.ts';
import { hmacToken, jwtOptions } from './test-support.ts';

const maker: Principal = { kind: 'part', name: 'test', permissions: ['*'] };
const jwtSecret = 'a secret of more than thirty-two bytes';
interface World {
  readonly access: Access;
  readonly clock: VirtualClock;
  readonly chain: AuthenticationChain;
  ask(username?: string, password?: string, more?: Partial<MqttSignIn>): SignInAnswer | Promise<SignInAnswer>;
  readonly checks: () => number;
}
async function world(list?: readonly AuthenticatorOptions[], adminTokens: string[] = []): Promise<World> {
  const clock = new VirtualClock();
  const access = new Access({ clock, adminTokens, passwordCostLog2: 4 });
  const chain = new AuthenticationChain(access, clock, list);
  await chain.start();
  return {
    access,
    clock,
    chain,
    ask: (username, password, more = {}) =>
      chain.check({
        clientId: 'c',
        username,
        password: password === undefined ? undefined : Buffer.from(password),
        peer: '10.0.0.1:50000',
        anonymousAllowed: false,
        ...more,
      }),
    checks: () => [...access.metrics()].find(({ name }) => name === 'omh_access_password_checks_total')!.value,
  };
}
const nameOf = (answer: SignInAnswer): string => (typeof answer === 'object' ? `${answer.kind} ${answer.name}` : String(answer));
async function person(access: Access, name: string, password: string): Promise<void> {
  const { session } = access.redeem(access.createSignInCode())!;
  await access.putPerson(maker, name, { grant: { role: 'engineer' }, password });
  const own = await access.login(name, password, { address: 'x' });
  await access.changePassword(own.session, password, `${password}!`, { address: 'x' });
  access.endSession(session);
}

test('devices, tokens and people, each by what is theirs', async () => {
  const admin = 'an-admin-token-of-enough-length';
  const { access, ask } = await world(undefined, [admin]);
  const { secret } = access.putDeviceCredential(maker, 'press', {});
  await person(access, 'ann', 'correct horse');
  const { secret: token } = access.createToken(maker, { name: 'ci', permissions: ['mqtt.publish'] });
  assert.equal(nameOf(await ask('press', secret)), 'device press');
  assert.equal(nameOf(await ask('ann', 'correct horse!')), 'person ann');
  assert.equal(nameOf(await ask(' ANN ', 'correct horse!')), 'person ann');
  assert.equal(nameOf(await ask('whatever', token)), 'token hub/ci');
  assert.equal(nameOf(await ask(undefined, admin)), 'token admin-token');
  for (const [name, password] of [
    ['press', 'x'],
    ['ann', 'correct horse'],
    ['ann', secret],
    ['nobody', 'x'],
    ['press', undefined],
    [undefined, 'x'],
    ['', ''],
  ])
    assert.equal(await ask(name, password), undefined, `${name} ${password}`);
});

test('who is known and proves it wrongly is refused, though the next one would let it in', async () => {
  const { access, ask } = await world([{ type: 'device-credentials' }, { type: 'certificate', from: 'commonName', sameUsername: false }]);
  access.putDeviceCredential(maker, 'press', {});
  access.putDeviceCredential(maker, 'pump', {});
  const certificate: ClientCertificate = { commonName: 'pump', fingerprint256: '' };
  assert.equal(nameOf(await ask('other', 'x', { certificate })), 'device pump');
  assert.equal(await ask('press', 'wrong', { certificate }), undefined);
});

test('anonymous is only whom nobody knows, and only where the listener lets such clients in', async () => {
  const { access, ask, checks } = await world();
  access.putDeviceCredential(maker, 'press', {});
  await person(access, 'ann', 'correct horse');
  const before = checks();
  const open = { anonymousAllowed: true };
  assert.equal(nameOf(await ask(undefined, undefined, open)), 'anonymous anonymous');
  assert.equal(nameOf(await ask('x', 'y', open)), 'anonymous x');
  assert.equal(checks(), before, "strangers' passwords cost no hash there");
  assert.equal(await ask('press', 'wrong', open), undefined);
  assert.equal(await ask('ann', 'wrong', open), undefined);
  assert.equal(await ask(), undefined);
});

test('ten thousand clients of one person cost one hash, and a new password is asked for anew', async () => {
  const { access, ask, checks, clock } = await world();
  await person(access, 'ann', 'correct horse');
  const before = checks();
  const answers = await Promise.all(Array.from({ length: 10_000 }, async () => ask('ann', 'correct horse!')));
  assert.ok(answers.every((answer) => nameOf(answer) === 'person ann'));
  assert.equal(checks() - before, 1);
  assert.ok(!(ask('ann', 'correct horse!') instanceof Promise), 'known at once');
  await access.putPerson(maker, 'ann', { password: 'another horse' });
  assert.equal(await ask('ann', 'correct horse!'), undefined);
  await person(access, 'bob', 'battery staple');
  await ask('bob', 'battery staple!');
  const asked = checks();
  await clock.advance(11 * 60_000);
  assert.equal(nameOf(await ask('bob', 'battery staple!')), 'person bob');
  assert.equal(checks() - asked, 1, 'for a while only');
  await access.putPerson(maker, 'bob', { disabled: true });
  assert.equal(await ask('bob', 'battery staple!'), undefined);
});

test('different wrong passwords lock a person out, the same one again does not; the console stays open', async () => {
  const { access, ask, clock } = await world();
  await person(access, 'ann', 'correct horse');
  for (let i = 0; i < 100; i++) assert.equal(await ask('ann', 'wrong'), undefined);
  assert.equal(nameOf(await ask('ann', 'correct horse!')), 'person ann');
  for (let i = 0; i < 5; i++) assert.equal(await ask('ann', `guess ${i}`), undefined);
  assert.equal(await ask('ann', 'guess 6'), 'busy');
  assert.equal(nameOf(await ask('ann', 'correct horse!')), 'person ann', 'who was right a moment ago stays so');
  await access.login('ann', 'correct horse!', { address: '10.0.0.1' });
  for (let i = 0; i < 5; i++) assert.equal(await ask('nobody', `guess ${i}`), undefined);
  assert.equal(await ask('nobody', 'guess 6'), 'busy', 'a stranger is answered as a person is');
  await clock.advance(10_000);
  assert.equal(await ask('ann', 'guess 7'), undefined);
});

test('more passwords than can be hashed are told to come back', async () => {
  const { access, ask } = await world();
  for (let i = 0; i < 3; i++) await person(access, `p${i}`, 'correct horse');
  const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => ask(`nobody${i}`, 'x', { peer: `10.0.${i}.1:1` })));
  assert.deepEqual(
    [answers.filter((answer) => answer === undefined).length, answers.filter((answer) => answer === 'busy').length],
    [22, 38],
  );
});

test('a handed-out password lets nobody in before it is changed', async () => {
  const { access, ask } = await world();
  const { password } = await access.putPerson(maker, 'new', { grant: { role: 'admin' } });
  assert.equal(await ask('new', password), undefined);
});

test('a certificate is the device of its name, or what the file grants', async () => {
  const grant = { publish: ['plant/${name}/#'] };
  const { access, ask } = await world([{ type: 'certificate', from: 'commonName', sameUsername: true, grant }]);
  access.putDeviceCredential(maker, 'press-1', { publish: ['a'] });
  access.putDeviceCredential(maker, 'off', { enabled: false });
  const by = (commonName: string | undefined, username?: string): SignInAnswer | Promise<SignInAnswer> =>
    ask(username, undefined, { certificate: { ...(commonName === undefined ? {} : { commonName }), fingerprint256: 'AB:CD' } });
  assert.equal(nameOf(await by('Press-1')), 'device press-1');
  assert.equal(await by('off'), undefined);
  assert.equal(await by(undefined), undefined);
  assert.equal(await by('Press-1', 'other'), undefined);
  assert.equal(nameOf(await by('Press-1', 'Press-1')), 'device press-1');
  const other = (await by('pump')) as Principal;
  assert.deepEqual([other.name, other.permissions], ['certificate:pump', ['mqtt.publish plant/pump/#']]);
  assert.deepEqual(((await by('a/#')) as Principal).permissions, [], 'a name that would be several levels grants nothing');
  assert.equal(access.current(other), other);
});

test('a certificate by its other names or its fingerprint', async () => {
  const names = await world([{ type: 'certificate', from: 'alternativeName', sameUsername: true }]);
  names.access.putDeviceCredential(maker, 'press.acme', {});
  const certificate = { alternativeNames: ['x.acme', 'press.acme'], fingerprint256: 'AB:CD' };
  assert.equal(nameOf(await names.ask(undefined, undefined, { certificate })), 'device press.acme');
  assert.equal(await names.ask(undefined, undefined, { certificate: { commonName: 'press.acme', fingerprint256: '' } }), undefined);
  const prints = await world([{ type: 'certificate', from: 'fingerprint', sameUsername: true }]);
  const fingerprint256 = new Array(32).fill('AB').join(':');
  prints.access.putDeviceCredential(maker, 'ab'.repeat(32), {});
  assert.equal(nameOf(await prints.ask(undefined, undefined, { certificate: { fingerprint256 } })), `device ${'ab'.repeat(32)}`);
});

test('an authenticator that cannot say does not refuse: the next is asked, and else the client comes back', async () => {
  const down: AuthenticatorOptions = {
    type: 'http',
    url: 'http://127.0.0.1:1/',
    headers: {},
    body: { u: '${username}' },
    format: 'json',
    timeoutMs: 1000,
    connections: 2,
    cacheMs: 0,
  };
  const { access, ask, chain } = await world([down, { type: 'device-credentials' }]);
  const { secret } = access.putDeviceCredential(maker, 'press', {});
  assert.equal(nameOf(await ask('press', secret)), 'device press');
  assert.equal(await ask('press', 'wrong'), undefined);
  assert.equal(await ask('nobody', 'x'), 'unavailable');
  assert.equal(await ask('nobody', 'x', { anonymousAllowed: true }), 'unavailable');
  assert.equal(chain.health().state, 'degraded');
  const counts = [...chain.metrics()]
    .filter(({ value }) => value > 0)
    .map(({ value, labels }) => [labels!['authenticator'], labels!['result'], value]);
  assert.deepEqual(counts, [
    ['http', 'unavailable', 4],
    ['device-credentials', 'known', 1],
    ['device-credentials', 'refused', 1],
    ['device-credentials', 'unknown', 2],
  ]);
  await chain.stop();
});

test('a token by JWT goes before people, and names of its own do not take those of the house', async () => {
  const { access, ask, checks } = await world([{ type: 'device-credentials' }, jwtOptions({ secret: jwtSecret }), { type: 'people' }]);
  access.putDeviceCredential(maker, 'press', {});
  const before = checks();
  assert.equal(nameOf(await ask('other', hmacToken({ sub: 'press' }, jwtSecret))), 'device jwt:press');
  assert.equal(await ask('other', hmacToken({ sub: 'press', exp: 1 }, jwtSecret)), undefined);
  assert.equal(checks(), before);
});

test('an empty chain lets nobody in', async () => {
  const { ask, chain } = await world([]);
  assert.equal(await ask('a', 'b'), undefined);
  assert.equal(chain.scram, undefined);
});
