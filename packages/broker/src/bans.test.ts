import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError, silentLogger } from '@omh/core';
import type { Micros } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Bans, fits } from './bans.ts';
import type { BanStore } from './bans.ts';
import { defaultFlapping, Flapping } from './flapping.ts';
import { connect4, eventually, open4, openBroker, RawPeer } from './test-support.ts';

function memory(): BanStore & { puts: number; fails: boolean } {
  const documents = new Map<string, string>();
  return {
    puts: 0,
    fails: false,
    get: (name) => (documents.has(name) ? JSON.parse(documents.get(name)!) : undefined),
    put(name, value) {
      if (this.fails) throw new Error('The disk is full.');
      this.puts++;
      documents.set(name, JSON.stringify(value));
    },
  };
}

test('* stands for any characters, at any place, and costs no more than the text is long', () => {
  for (const [pattern, text, expected] of [
    ['press', 'press', true],
    ['press', 'press1', false],
    ['press*', 'press', true],
    ['*1', 'press-1', true],
    ['p*s*1', 'press-1', true],
    ['a*a', 'a', false],
    ['*', '', true],
    ['a**b', 'ab', true],
    ['*ab*ab*', 'abab', true],
    ['*ab*ab*', 'aba', false],
  ] as const)
    assert.equal(fits(pattern, text), expected, `${pattern} on ${text}`);
  assert.equal(fits(`${'*a'.repeat(400)}*b`, 'a'.repeat(50_000)), false);
});

test('bans by client, user and address keep out whom they name, until they end', () => {
  const clock = new VirtualClock();
  const bans = new Bans(clock);
  const at = (clientId: string, username?: string, address = '10.0.0.1'): string | undefined =>
    bans.find(clientId, username, address)?.value;
  bans.add({ kind: 'client', value: 'press-1' });
  bans.add({ kind: 'client', value: 'test-*' });
  bans.add({ kind: 'user', value: 'mallory' });
  bans.add({ kind: 'user', value: 'bot*' });
  bans.add({ kind: 'address', value: '10.9.0.0/16' });
  bans.add({ kind: 'address', value: '::ffff:10.0.0.66' });
  bans.add({ kind: 'address', value: 'fe80::/10' });
  bans.add({ kind: 'client', value: 'short', until: (clock.now() + 5_000_000) as Micros });
  assert.deepEqual(
    [
      at('press-1'),
      at('press-11'),
      at('test-7'),
      at('x', 'mallory'),
      at('mallory'),
      at('x', 'bot7'),
      at('x', undefined, '10.9.200.1'),
      at('x', undefined, '10.0.0.66'),
      at('x', undefined, 'fe80::1'),
      at('short'),
      at('x'),
    ],
    ['press-1', undefined, 'test-*', 'mallory', undefined, 'bot*', '10.9.0.0/16', '10.0.0.66', 'fe80::/10', 'short', undefined],
  );
  void clock.advance(5001);
  assert.equal(at('short'), undefined);
  assert.equal(bans.list().length, 7);
  assert.equal(bans.remove('client', 'test-*'), true);
  assert.equal(bans.remove('client', 'test-*'), false);
  assert.equal(at('test-7'), undefined);
  assert.equal(bans.remove('address', '10.9.0.0/16'), true);
  assert.equal(at('x', undefined, '10.9.200.1'), undefined);
});

test('what can be no ban is refused, and there are never more than ten thousand', () => {
  const bans = new Bans(new VirtualClock());
  for (const value of ['', 'nowhere', '10.0.0.0/33', '10.0.0.0/8/8', '1.2.3', 'fe80::/129'])
    assert.throws(
      () => bans.add({ kind: 'address', value }),
      (e) => e instanceof OmhError && e.code === 'BROKER_BAN_INVALID',
      value,
    );
  assert.throws(() => bans.add({ kind: 'client', value: 'x'.repeat(1001) }), /1001 characters/);
  for (let i = 0; i < 10_000; i++) bans.addSoon({ kind: 'client', value: `c${i}` });
  assert.throws(
    () => bans.add({ kind: 'client', value: 'one more' }),
    (e) => e instanceof OmhError && e.code === 'BROKER_BANS_FULL',
  );
  assert.equal(bans.add({ kind: 'client', value: 'c1', reason: 'again' }).reason, 'again');
});

test('bans outlive the process; those that are kept later are, once the disk takes them', () => {
  const clock = new VirtualClock();
  const store = memory();
  const bans = new Bans(clock, store);
  bans.add({ kind: 'user', value: 'mallory', reason: 'fired', by: 'anna' });
  bans.addSoon({ kind: 'client', value: 'a' });
  assert.equal(store.puts, 1);
  store.fails = true;
  assert.throws(() => bans.tick(), /disk is full/);
  store.fails = false;
  bans.tick();
  bans.tick();
  assert.equal(store.puts, 2);
  const again = new Bans(clock, store);
  again.load();
  assert.deepEqual(again.list(), bans.list());
  assert.equal(again.find('x', 'mallory', '1.1.1.1')!.reason, 'fired');
});

test('a client that comes and goes fifteen times within a minute is banned for five minutes, a slower one is not', async () => {
  const clock = new VirtualClock();
  const bans = new Bans(clock);
  const flapping = new Flapping(defaultFlapping, bans, clock, silentLogger);
  for (let i = 0; i < 14; i++) flapping.disconnected('fast');
  assert.equal(bans.size, 0);
  flapping.disconnected('fast');
  assert.deepEqual(
    bans.list().map(({ kind, value, by, reason }) => [kind, value, by, reason]),
    [['client', 'fast', 'flapping', '15 disconnections within 60 s.']],
  );
  for (let i = 0; i < 30; i++) {
    flapping.disconnected('slow');
    await clock.advance(5000);
  }
  assert.equal(bans.find('slow', undefined, '1.1.1.1'), undefined);
  assert.ok(bans.find('fast', undefined, '1.1.1.1'));
  await clock.advance(151_000);
  assert.equal(bans.find('fast', undefined, '1.1.1.1'), undefined);
  for (let i = 0; i < 20_000; i++) flapping.disconnected(`c${i}`);
  assert.equal(bans.size, 0);
});

test('a banned client is sent away with 0x98 and hears 0x8A, or 5 in 3.1.1, when it comes again', async () => {
  const broker = await openBroker();
  const five = await RawPeer.open(broker);
  const connect5 = "10 0e 0004'MQTT'05 02 003c 00 0001'a'";
  five.send(connect5);
  await five.take(16);
  const other = await open4(broker, 'other');
  const ban = broker.ban({ kind: 'client', value: 'a', reason: 'too loud', by: 'anna' });
  assert.equal(ban.by, 'anna');
  assert.equal(await five.take(4), 'e0029800');
  await five.untilClosed();
  const again = await RawPeer.open(broker);
  again.send(connect5);
  assert.equal(await again.take(5), '2003008a00');
  await again.untilClosed();
  const four = await RawPeer.open(broker);
  four.send(connect4('a'));
  assert.equal(await four.take(4), '20020005');
  await four.untilClosed();
  assert.equal(broker.stats().connectionsBanned, 2);
  other.send('c000');
  assert.equal(await other.take(2), 'd000');

  broker.ban({ kind: 'address', value: '127.0.0.0/8' });
  await other.untilClosed();
  const unheard = await RawPeer.open(broker);
  await unheard.untilClosed();
  assert.deepEqual([broker.stats().connectionsBanned, unheard.received.length], [3, 0]);
  broker.bans.remove('address', '127.0.0.0/8');
  broker.bans.remove('client', 'a');
  const back = await open4(broker, 'a');
  back.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('two clients that take one id from each other are banned as flapping', async () => {
  const clock = new VirtualClock();
  const store = memory();
  const broker = await openBroker({ clock, banStore: store, flapping: { disconnects: 4, windowMs: 60_000, banMs: 300_000 } });
  for (let i = 0; i < 5; i++) await open4(broker, 'same');
  const late = await RawPeer.open(broker);
  late.send(connect4('same'));
  assert.equal(await late.take(4), '20020005');
  await clock.advance(1000);
  assert.equal(store.puts, 1);
  await clock.advance(300_000);
  const free = await open4(broker, 'same');
  free.close();
  await broker.stop();
});
