import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { LockOut, neighbourhood } from './lock-out.ts';

const options = { free: 5, firstMs: 10_000, maxMs: 900_000, forgetMs: 3_600_000, capacity: 100 };

test('after the fifth wrong attempt each one waits twice as long, to a limit, and an hour of peace forgets all', async () => {
  const clock = new VirtualClock();
  const lock = new LockOut(clock, options);
  const waits: number[] = [];
  for (let i = 0; i < 14; i++) {
    await clock.advance(lock.waitMs('a'));
    lock.begin('a');
    waits.push(lock.waitMs('a') / 1000);
  }
  assert.deepEqual(waits, [0, 0, 0, 0, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
  assert.equal(lock.waitMs('b'), 0);
  await clock.advance(3_600_001);
  lock.begin('a');
  assert.equal(lock.waitMs('a'), 0);
});

test('in an hour of trying without a pause there are fewer than twenty attempts', async () => {
  const clock = new VirtualClock();
  const lock = new LockOut(clock, options);
  let attempts = 0;
  while (clock.monotonicMs() < 3_600_000) {
    lock.begin('a');
    attempts++;
    await clock.advance(Math.max(1, lock.waitMs('a')));
  }
  assert.ok(attempts < 20, String(attempts));
});

test('a right attempt does not count, what was wrong before it does', async () => {
  const clock = new VirtualClock();
  const lock = new LockOut(clock, options);
  for (let i = 0; i < 5; i++) lock.begin('a');
  await clock.advance(10_000);
  lock.begin('a');
  lock.takeBack('a');
  assert.equal(lock.waitMs('a'), 0);
  lock.begin('a');
  assert.equal(lock.waitMs('a'), 20_000);
});

test('memory is bounded: the key longest without an attempt goes', () => {
  const lock = new LockOut(new VirtualClock(), { ...options, free: 1 });
  for (let i = 0; i < 101; i++) lock.begin(`k${i}`);
  assert.equal(lock.waitMs('k0'), 0);
  assert.equal(lock.waitMs('k1'), 10_000);
});

test('addresses of one machine are one', () => {
  assert.equal(neighbourhood('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(neighbourhood('10.0.0.1'), '10.0.0.1');
  assert.equal(neighbourhood('2001:db8:0:1::5'), neighbourhood('2001:0db8::0001:ffff:0:0:9'));
  assert.notEqual(neighbourhood('2001:db8:0:1::5'), neighbourhood('2001:db8:0:2::5'));
  assert.equal(neighbourhood('fe80::1%eth0'), 'fe80:0:0:0');
  assert.equal(neighbourhood('::1'), '0:0:0:0');
  assert.equal(neighbourhood(''), '');
});
