import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@omh/core';
import { modbus } from '@omh/wire';
import { allGood, make, peerOf, settingsOf, signal, spread } from '../testing/link-stage.ts';
import { tag } from '../testing/tag.ts';

test('the window grows where the device answers many at once', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  peer.delayMs = 5;
  const plan = driver.compile(spread(64));
  for (let i = 0; i < 12; i++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 1000 })).quality));
  assert.ok(driver.stats().window! >= 8, `${driver.stats().window}`);
});

test('the window settles at one where the device answers one after the other', async (t) => {
  const peer = await peerOf(t);
  let busyUntil = 0;
  peer.delayMs = 1;
  peer.respond = () => {
    // A processor that is busy with one request holds the others up.
    const now = performance.now();
    busyUntil = Math.max(now, busyUntil) + 8;
    peer.delayMs = busyUntil - now;
    return 'own';
  };
  const sizes: (number | undefined)[] = [];
  // Round trips of a machine that stands still in between say nothing: then it is tried on another connection.
  for (let i = 0; i < 4 && !sizes.includes(1); i++) {
    const { driver } = make(t, settingsOf(peer));
    await driver.open(signal);
    const plan = driver.compile(spread(16));
    for (let n = 0; n < 4; n++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 2000 })).quality));
    sizes.push(driver.stats().window);
    await driver.close();
  }
  assert.ok(sizes.includes(1), sizes.join());
});

test('a device that drops what overlaps loses no read: the request is repeated alone and the window goes back', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  let open = 0;
  peer.delayMs = 3;
  peer.respond = () => {
    if (open > 0) return undefined;
    open++;
    setTimeout(() => {
      open--;
    }, 2);
    return 'own';
  };
  const plan = driver.compile(spread(12));
  for (let i = 0; i < 4; i++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 60 })).quality), `cycle ${i}`);
  assert.equal(driver.stats().window, 1);
  assert.ok(driver.stats().timeouts >= 1);
});

test('a fixed window stays, and round trips and faults are counted', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer, { window: 3 }));
  assert.equal(driver.stats().rttP50Ms, undefined);
  await driver.open(signal);
  peer.respond = (_unit, request) => ('start' in request && request.start === 0 ? 4 : 'own');
  await driver.read(driver.compile(spread(8)), { timeoutMs: 1000 });
  peer.behave({ kind: 'silent' });
  await driver.read(driver.compile([tag(90, '1!40901')]), { timeoutMs: 15 });
  const stats = driver.stats();
  assert.equal(stats.window, 3);
  assert.ok(stats.rttP50Ms! > 0 && stats.rttP99Ms! >= stats.rttP50Ms!);
  assert.deepEqual(stats.faults, { DRIVERS_MODBUS_REFUSES: 1, DRIVERS_MODBUS_NO_ANSWER: 1 });
});

test('a device that hangs up when asked for two things at once is asked for one at a time', async (t) => {
  const peer = await peerOf(t);
  const { driver, lost } = make(t, settingsOf(peer));
  let busyUntil = 0;
  peer.delayMs = 6;
  peer.respond = () => {
    if (performance.now() < busyUntil) {
      busyUntil = 0;
      peer.hangUp();
    } else busyUntil = performance.now() + 4;
    return 'own';
  };
  const plan = driver.compile(spread(12));
  let good = 0;
  for (let i = 0; i < 40 && good < 5; i++) {
    if (i === 0 || lost.length >= driver.stats().connects) await driver.open(signal);
    good = allGood((await driver.read(plan, { timeoutMs: 500 })).quality) ? good + 1 : 0;
  }
  assert.equal(good, 5);
  assert.ok(lost.length >= 1 && lost.length <= 2, `lost ${lost.length} times`);
  assert.equal(driver.stats().window, 1);
});

test('a stall in which everything under way is late costs the window one step, whatever comes afterwards', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  peer.delayMs = 4;
  const plan = driver.compile(spread(64));
  for (let i = 0; i < 20; i++) await driver.read(plan, { timeoutMs: 1000 });
  const before = driver.stats().window!;
  assert.ok(before >= 8);
  peer.behave({ kind: 'hold' });
  const reading = driver.read(plan, { timeoutMs: 100 });
  while (driver.stats().timeouts === 0) await systemClock.sleep(1);
  peer.behave({ kind: 'answer' });
  peer.release();
  const { quality } = await reading;
  assert.ok(allGood(quality), 'what was late is asked for again');
  while (driver.stats().strays < before) await systemClock.sleep(1);
  assert.equal(driver.stats().window, before / 2);
});

test('a device that says it is busy with the others under way is asked again alone', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  let open = 0;
  peer.delayMs = 3;
  peer.respond = () => {
    if (open > 0) return modbus.ExceptionCode.serverDeviceBusy;
    open++;
    setTimeout(() => open--, 2);
    return 'own';
  };
  const plan = driver.compile(spread(12));
  for (let i = 0; i < 10; i++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 500 })).quality), `cycle ${i}`);
  assert.equal(driver.stats().window, 1);
});
