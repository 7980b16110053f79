import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { ConfigFile } from './config-file.ts';
import { compareWithDisk, DriftWatch } from './drift.ts';

const periodMs = 3000;
const main = 'version: 1\nhub: { name: plant } # ours\ninclude: devices/*.yaml\n';
const device = (name: string): string =>
  `devices:\n  ${name}:\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1 }\n    groups: {}\n`;

function plant(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'omh-drift-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'devices'));
  const at = (name: string): string => join(dir, name);
  writeFileSync(at('hub.yaml'), main);
  writeFileSync(at('devices/a.yaml'), device('a'));
  const file = new ConfigFile(at('hub.yaml'));
  assert.ok(file.load().ok);
  const clock = new VirtualClock();
  const told: boolean[] = [];
  let busy = false;
  const watch = new DriftWatch(
    file,
    clock,
    (drifted) => told.push(drifted),
    () => busy,
  );
  watch.start();
  t.after(() => watch.stop());
  return { at, file, clock, told, watch, setBusy: (now: boolean) => void (busy = now) };
}

test('a hand edit shows within its period, with its diff, until it is taken over', async (t) => {
  const { at, file, clock, told, watch } = plant(t);
  await clock.advance(2 * periodMs);
  assert.deepEqual(told, []);
  writeFileSync(at('hub.yaml'), main.replace('plant', 'works'));
  await clock.advance(periodMs);
  assert.deepEqual([told, watch.drifted], [[true], true]);
  const [changed] = compareWithDisk(file)!.files;
  assert.deepEqual([changed!.file, changed!.kind], ['hub.yaml', 'changed']);
  assert.match(changed!.diff, /\n-hub: \{ name: plant \} # ours\n\+hub: \{ name: works \} # ours\n/);
  await clock.advance(3 * periodMs);
  assert.deepEqual(told, [true]);
  const taken = file.parse(file.disk);
  assert.ok(taken.ok);
  file.accept(taken.value);
  await clock.advance(periodMs);
  assert.deepEqual([told, compareWithDisk(file)], [[true, false], undefined]);
});

test('an edit that is taken back by hand is no drift any more', async (t) => {
  const { at, clock, told } = plant(t);
  writeFileSync(at('devices/a.yaml'), `${device('a')}# later\n`);
  await clock.advance(periodMs);
  writeFileSync(at('devices/a.yaml'), device('a'));
  await clock.advance(periodMs);
  assert.deepEqual(told, [true, false]);
});

test('a file that is touched or saved again as it was is no drift', async (t) => {
  const { at, clock, told } = plant(t);
  utimesSync(at('hub.yaml'), new Date(), new Date(Date.now() + 60_000));
  await clock.advance(periodMs);
  writeFileSync(at('devices/new'), readFileSync(at('devices/a.yaml')));
  renameSync(at('devices/new'), at('devices/a.yaml'));
  await clock.advance(periodMs);
  assert.deepEqual(told, []);
});

test('a file that goes, one that comes, and a main file that is gone are drift', async (t) => {
  const { at, file, clock, told } = plant(t);
  const kinds = (): [string, string][] => (compareWithDisk(file)?.files ?? []).map((f) => [f.file, f.kind]);
  writeFileSync(at('devices/b.yaml'), device('b'));
  await clock.advance(periodMs);
  assert.deepEqual([told, kinds()], [[true], [['devices/b.yaml', 'added']]]);
  rmSync(at('devices/b.yaml'));
  await clock.advance(periodMs);
  rmSync(at('devices/a.yaml'));
  await clock.advance(periodMs);
  assert.deepEqual([told, kinds()], [[true, false, true], [['devices/a.yaml', 'removed']]]);
  writeFileSync(at('devices/a.yaml'), device('a'));
  rmSync(at('hub.yaml'));
  await clock.advance(periodMs);
  assert.deepEqual(kinds(), [['hub.yaml', 'removed']]);
  assert.match(compareWithDisk(file)!.files[0]!.diff, /^--- a\/hub\.yaml\n\+\+\+ \/dev\/null\n/);
});

test('what the hub itself writes while it applies is no drift', async (t) => {
  const { at, file, clock, told, setBusy } = plant(t);
  setBusy(true);
  writeFileSync(at('devices/a.yaml'), `${device('a')}# by the hub\n`);
  await clock.advance(2 * periodMs);
  const applied = file.parse(file.disk);
  assert.ok(applied.ok);
  file.accept(applied.value);
  setBusy(false);
  await clock.advance(periodMs);
  assert.deepEqual(told, []);
});
