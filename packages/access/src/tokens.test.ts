import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339, type Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Access } from './access.ts';
import { MemoryDocuments } from './testing/memory-stores.ts';

const root: Principal = { kind: 'token', name: 'admin-token', permissions: ['*'] };
const day = 86_400_000;
const house = (documents = new MemoryDocuments(), clock = new VirtualClock()) => ({
  access: new Access({ clock, adminTokens: [], documents, passwordCostLog2: 4 }),
  documents,
  clock,
});

test("a token made with the hub's own keys belongs to the hub and may do what it was given", () => {
  const { access } = house();
  const { info, secret } = access.createToken(root, { name: 'ci', permissions: ['config.read', 'config.read'] });
  assert.match(secret, /^omh_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(info, { id: info.id, name: 'ci', owner: 'hub', permissions: ['config.read'], created: '2026-01-01T00:00:00.000Z' });
  assert.deepEqual(access.byToken(secret), { kind: 'token', name: 'hub/ci', permissions: ['config.read'] });
  assert.equal(access.byToken(`${secret}x`), undefined);
  assert.equal(access.byToken(info.id), undefined);
  access.deleteToken(info.id);
  assert.equal(access.byToken(secret), undefined);
  assert.throws(() => access.deleteToken(info.id), { code: 'ACCESS_UNKNOWN', status: 404 });
});

test('a token ends at its expiry by the wall clock, also while somebody is connected with it', async () => {
  const { access, clock } = house();
  const expires = rfc3339(clock.now() + day * 1000);
  const { secret } = access.createToken(root, { name: 't', permissions: [], expires });
  const principal = access.byToken(secret)!;
  await clock.advance(day - 1);
  assert.ok(access.byToken(secret));
  await clock.advance(1);
  assert.equal(access.byToken(secret), undefined);
  assert.equal(access.current(principal), undefined);
  for (const wrong of ['yesterday', expires, '']) {
    assert.throws(() => access.createToken(root, { name: 'u', permissions: [], expires: wrong }), { code: 'ACCESS_EXPIRY_INVALID' }, wrong);
  }
});

test('a token makes no token that is wider, lives longer or belongs to another', () => {
  const { access, clock } = house();
  const at = (days: number): string => rfc3339(clock.now() + days * day * 1000);
  const { secret } = access.createToken(root, { name: 'maker', permissions: ['tokens.write', 'values.read'], expires: at(10) });
  const maker = access.byToken(secret)!;
  const make = (more: { permissions?: string[]; expires?: string }) => () =>
    access.createToken(maker, { name: 'made', permissions: ['values.read'], expires: at(9), ...more });
  assert.throws(make({ permissions: ['*'] }), { code: 'ACCESS_GRANT_TOO_WIDE' });
  assert.throws(make({ expires: at(11) }), { code: 'ACCESS_TOKEN_OUTLIVES' });
  assert.throws(() => access.createToken(maker, { name: 'made', permissions: [] }), { code: 'ACCESS_TOKEN_OUTLIVES' });
  assert.equal(make({})().info.owner, 'hub');
  assert.throws(make({}), { code: 'ACCESS_NAME_TAKEN', status: 409 });
});

test('the day of the last use is seen at once and written now and then', async () => {
  const { access, documents, clock } = house();
  await access.start();
  const { info, secret } = access.createToken(root, { name: 't', permissions: [] });
  const puts = documents.puts;
  for (let i = 0; i < 1000; i++) access.byToken(secret);
  assert.equal(access.tokens.get(info.id)!.lastUsed, '2026-01-01');
  assert.equal(documents.puts, puts, 'a use writes nothing');
  await clock.advance(10 * 60_000);
  assert.equal(documents.puts, puts + 1);
  await clock.advance(60 * 60_000);
  assert.equal(documents.puts, puts + 1, 'unused, nothing is written');
  await clock.advance(day);
  access.byToken(secret);
  await access.stop();
  assert.equal(house(documents).access.tokens.get(info.id)!.lastUsed, '2026-01-02');
  assert.equal(clock.pending, 0);
});

test('there is an end to the number of tokens', () => {
  const { access } = house();
  for (let i = 0; i < 1000; i++) access.createToken(root, { name: `t${i}`, permissions: [] });
  assert.throws(() => access.createToken(root, { name: 'one-more', permissions: [] }), { code: 'ACCESS_FULL', status: 409 });
});

test('a device credential may do what it was told, from the moment it was told', () => {
  const { access } = house();
  const { info, secret } = access.putDeviceCredential(root, 'press-1', { description: 'Hall 2' });
  assert.ok(Buffer.from(secret!, 'base64url').length >= 16);
  assert.deepEqual([info.publish, info.subscribe, info.enabled], [[], [], true]);
  const before = access.byDevice('press-1', secret!)!;
  assert.deepEqual(before, { kind: 'device', name: 'press-1', permissions: [] });
  const changed = access.putDeviceCredential(root, 'press-1', { publish: ['acme/press-1/#'], subscribe: ['acme/press-1/set'] });
  assert.equal(changed.secret, undefined);
  assert.deepEqual(access.current(before)?.permissions, ['mqtt.publish acme/press-1/#', 'mqtt.subscribe acme/press-1/set']);
  for (const [name, password] of [
    ['press-1', ''],
    ['press-1', `${secret!}x`],
    ['press-2', secret!],
    ['', secret!],
    ['press-2', ''],
    ['__proto__', ''],
  ] as const)
    assert.equal(access.byDevice(name, password), undefined, name);
});

test('a disabled, renewed or removed device credential ends', () => {
  const { access } = house();
  const { secret } = access.putDeviceCredential(root, 'd', {});
  const principal = access.byDevice('d', secret!)!;
  access.putDeviceCredential(root, 'd', { enabled: false });
  assert.equal(access.byDevice('d', secret!), undefined);
  assert.equal(access.current(principal), undefined);
  const renewed = access.putDeviceCredential(root, 'd', { enabled: true, newSecret: true });
  assert.equal(access.byDevice('d', secret!), undefined);
  assert.ok(access.byDevice('d', renewed.secret!));
  access.deleteDeviceCredential('d');
  assert.equal(access.byDevice('d', renewed.secret!), undefined);
  assert.throws(() => access.deleteDeviceCredential('d'), { code: 'ACCESS_UNKNOWN' });
  assert.throws(() => access.putDeviceCredential(root, 'd', { publish: ['a/#/b'] }), { code: 'ACCESS_FILTER_INVALID' });
});
