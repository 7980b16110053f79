import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { LastValues } from '@omh/acquisition';
import { createBatch, silentLogger, type GroupCycle, type Tag, type TagValue } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Documents } from '@omh/storage';
import { DeviceState } from './device-state.ts';
import { Expiry } from './expiry.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'omh-state-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

test('what people switched off, static values of every type and what was learnt stand over a restart', async (t) => {
  const at = folder(t);
  const clock = new VirtualClock();
  const first = new DeviceState(new Documents(at), clock, silentLogger);
  const held = { by: 'anna', at: clock.now() };
  const values: Record<string, TagValue> = {
    'd/g/number': 1.5,
    'd/g/wide': 18446744073709551615n,
    'd/g/text': 'line 1',
    'd/g/flag': false,
    'd/g/bytes': Uint8Array.of(0, 255),
    'd/g/list': [1n, 2n],
  };
  first.controls.set('d', { paused: held });
  for (const [key, value] of Object.entries(values)) first.statics.set(key, value);
  first.memory('d').put({ holes: [1] });
  await clock.advance(1500);
  first.memory('e').put('soon');
  first.flush();
  assert.equal(clock.pending, 0);
  const second = new DeviceState(new Documents(at), clock, silentLogger);
  assert.deepEqual(second.controls.get('d'), { paused: held });
  for (const [key, value] of Object.entries(values)) assert.deepEqual(second.statics.get(key), value, key);
  assert.deepEqual([second.memory('d').get(), second.memory('e').get()], [{ holes: [1] }, 'soon']);
  second.controls.set('d', undefined);
  assert.equal(new DeviceState(new Documents(at), clock, silentLogger).controls.get('d'), undefined);
});

test('a device that is gone takes its pauses and what was learnt of it along', (t) => {
  const at = folder(t);
  const clock = new VirtualClock();
  const state = new DeviceState(new Documents(at), clock, silentLogger);
  for (const device of ['gone', 'stays']) {
    state.controls.set(device, { paused: { by: 'anna', at: clock.now() } });
    state.memory(device).put(device);
  }
  state.keepOnly(new Set(['stays']));
  state.flush();
  const next = new DeviceState(new Documents(at), clock, silentLogger);
  assert.deepEqual([next.controls.get('gone'), next.memory('gone').get()], [undefined, undefined]);
  assert.deepEqual([next.controls.get('stays')?.paused?.by, next.memory('stays').get()], ['anna', 'stays']);
});

test('a static value on disk that nobody understands is left out, and the hub starts', (t) => {
  const at = folder(t);
  new Documents(at).put('static-tags', { a: { int64: 'abc' }, b: null, c: { bytes: 'zz' }, d: [1, null], e: { x: 1 }, good: 7 });
  const state = new DeviceState(new Documents(at), new VirtualClock(), silentLogger);
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'good'].map((key) => state.statics.get(key)),
    [undefined, undefined, undefined, undefined, undefined, 7],
  );
});

test('values that become too old are told once a second, and nothing is after the stop', async () => {
  const clock = new VirtualClock();
  const values = new LastValues(clock);
  const tag = {
    id: 1,
    device: 'd',
    group: 'g',
    name: 't',
    path: 'd/t',
    address: '1',
    type: 'int16',
    access: 'read',
    expireMs: 2500,
  } as unknown as Tag;
  values.configure([tag], clock.now());
  const batch = createBatch(1, clock.now());
  batch.ids[0] = 1;
  values.update({ device: 'd', group: 'g', tags: [tag], batch });
  const told: GroupCycle[] = [];
  const expiry = new Expiry(values, clock, (cycle) => told.push(cycle));
  expiry.start();
  await clock.advance(2500);
  assert.equal(told.length, 0);
  await clock.advance(5000);
  assert.deepEqual([told.length, values.get(1)!.quality], [1, 'bad']);
  expiry.stop();
  assert.equal(clock.pending, 0);
});
