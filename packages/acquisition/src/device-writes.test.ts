import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OmhError, Tag, WriteGuard } from '@omh/core';
import type { WriteRequest } from './device-writes.ts';
import { bench, type Bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';
import type { WriteBy, WriteRole } from './write-guard.ts';

const writable = (id: number, name: string, guard?: WriteGuard, more: Partial<Tag> = {}): Tag =>
  testTag(id, name, { access: 'readwrite', unit: 'bar', ...(guard === undefined ? {} : { guard }), ...more });

async function running(...tags: readonly Tag[]): Promise<Bench> {
  const b = bench([{ name: 'g', intervalMs: 1000, tags }]);
  await b.device.start();
  await b.clock.advance(10);
  return b;
}
/** The error of one write, `undefined` where it was confirmed. */
async function refusal({ device, clock }: Bench, tag: Tag, value: unknown, by?: WriteBy): Promise<OmhError | undefined> {
  const done = device.write(tag, value, by).then(
    () => undefined,
    (thrown: OmhError) => thrown,
  );
  await clock.advance(20);
  return done;
}
async function many({ device, clock }: Bench, items: readonly WriteRequest[]): Promise<(string | undefined)[]> {
  const done = device.writeMany(items);
  await clock.advance(20);
  return (await done).map((error) => error?.code);
}

test('a limit names tag and bound, and nothing goes over the wire', async () => {
  const tag = writable(1, 'p', { min: 1, max: 5 }, { decimal: 0.1 });
  const b = await running(tag);
  assert.match((await refusal(b, tag, 0.9))!.text, /^demo\/g\/p takes no value below 1 bar; 0.9 was not written/);
  assert.match((await refusal(b, tag, 5.1))!.text, /^demo\/g\/p takes no value above 5 bar; 5.1 was not written/);
  assert.equal(b.fake.writes.length, 0);
  assert.equal(await refusal(b, tag, 5), undefined);
  assert.equal(await refusal(b, tag, 1), undefined);
  await b.device.stop();
});

test('a step is measured from the last good value', async () => {
  const tag = writable(1, 'p', { step: 2 });
  const wide = writable(2, 'w', { step: 2 }, { type: 'int64' });
  const list = writable(3, 'l', { step: 2 }, { count: 2 });
  const b = await running(tag, wide, list);
  b.fake.values.set('p', 10).set('w', 10).set('l', [10, 20]);
  await b.clock.advance(1000);
  for (const t of [tag, wide]) {
    assert.match((await refusal(b, t, 13))!.text, /moves by 2 bar at most in one write; it is 10 now, so 13 was not written/);
    assert.equal(await refusal(b, t, 12), undefined);
  }
  assert.equal((await refusal(b, list, [12, 23]))!.code, 'ACQUISITION_STEP');
  assert.equal(await refusal(b, list, [12, 22]), undefined);
  b.fake.refused.add('p');
  await b.clock.advance(1000);
  assert.equal((await refusal(b, tag, 12))!.code, 'ACQUISITION_STEP_UNKNOWN');
  await b.device.stop();
});

test('a tag that cannot be read moves in steps from what was written last', async () => {
  const tag = writable(1, 'p', { step: 2 }, { access: 'write', decimal: 0.1 });
  const b = await running(tag);
  assert.equal(await refusal(b, tag, 50), undefined);
  assert.equal((await refusal(b, tag, 53))!.code, 'ACQUISITION_STEP');
  assert.equal(await refusal(b, tag, 52), undefined);
  assert.equal(await refusal(b, tag, 54), undefined);
  await b.device.stop();
});

test('a role and a reason are asked for where the tag says so', async () => {
  const tag = writable(1, 'p', { role: 'engineer', reason: true });
  const b = await running(tag);
  const as =
    (...roles: WriteRole[]): WriteBy['mayActAs'] =>
    (role) =>
      roles.includes(role);
  const code = async (by: WriteBy): Promise<string | undefined> => (await refusal(b, tag, 1, by))?.code;
  assert.equal(await code({ mayActAs: as('operator')!, reason: 'test' }), 'ACQUISITION_ROLE');
  assert.equal(await code({ mayActAs: as('operator', 'engineer')! }), 'ACQUISITION_REASON_MISSING');
  assert.equal(await code({ mayActAs: as('operator', 'engineer')!, reason: ' ' }), 'ACQUISITION_REASON_MISSING');
  assert.equal(await code({ mayActAs: as('operator', 'engineer')!, reason: 'shift change' }), undefined);
  assert.equal(await code({ reason: 'a part of the hub' }), undefined);
  await b.device.stop();
});

test('labels are values, however they are capitalized, in lists too', async () => {
  const labels = { 0: 'stopped', 1: 'Running', 2: 'RUNNING' };
  const tag = writable(1, 'p', undefined, { labels });
  const list = writable(2, 'l', undefined, { labels, count: 2 });
  const bit = writable(3, 'b', undefined, { type: 'bool', labels: { 0: 'off', 1: 'on' } });
  const b = await running(tag, list, bit);
  for (const value of ['Stopped', 'Running', 'RUNNING', 'running']) assert.equal(await refusal(b, tag, value), undefined);
  assert.equal(await refusal(b, list, ['running', 'stopped']), undefined);
  assert.equal(await refusal(b, bit, 'ON'), undefined);
  assert.deepEqual(
    b.fake.writes.map(({ value }) => value),
    [0, 1, 2, 1, [1, 0], true],
  );
  assert.equal((await refusal(b, tag, 'walking'))!.code, 'ACQUISITION_WRONG_TYPE');
  await b.device.stop();
});

test('many tags go out in one call; where one is refused before, none is written', async () => {
  const tags = [
    writable(1, 'a', { max: 10 }),
    writable(2, 'b'),
    writable(3, 'kept', undefined, { address: '', source: { kind: 'static', value: 0 } }),
  ];
  const b = await running(...tags);
  const items = (a: number): WriteRequest[] => tags.map((tag, i) => ({ tag, value: i === 0 ? a : 7 }));
  assert.deepEqual(await many(b, items(11)), ['ACQUISITION_ABOVE_LIMIT', 'ACQUISITION_HELD_BACK', 'ACQUISITION_HELD_BACK']);
  assert.deepEqual([b.fake.writeCalls, b.last('kept')], [[], 0]);
  assert.deepEqual(await many(b, items(10)), [undefined, undefined, undefined]);
  assert.deepEqual([b.fake.writeCalls, b.last('kept')], [[2], 7]);
  b.fake.refused.add('b');
  assert.deepEqual(await many(b, items(9)), [undefined, 'ACQUISITION_WRITE_REFUSED', undefined]);
  await b.device.stop();
});

test('while the device is away nothing of a request is written, static tags included', async () => {
  const tags = [writable(1, 'a'), writable(2, 'kept', undefined, { address: '', source: { kind: 'static', value: 0 } })];
  const b = await running(...tags);
  b.fake.reachable = false;
  b.fake.cut();
  const items = tags.map((tag) => ({ tag, value: 7 }));
  assert.deepEqual(
    b.device.refusals(items).map((error) => error?.code),
    ['ACQUISITION_LINK_DOWN', undefined],
  );
  assert.deepEqual(await many(b, items), ['ACQUISITION_LINK_DOWN', 'ACQUISITION_HELD_BACK']);
  assert.equal(b.last('kept'), 0);
  assert.equal(await refusal(b, tags[1]!, 8), undefined);
  await b.device.stop();
});

test('what is read back must be what was written, and one plan reads all of a request', async () => {
  const back: WriteGuard = { readBack: true };
  const tags = [
    writable(1, 'a', back, { decimal: 0.1 }),
    writable(2, 'b', back, { type: 'float' }),
    writable(3, 'c', back, { access: 'write' }),
    writable(4, 'd', back, { type: 'int64' }),
    writable(5, 'e'),
    writable(6, 'f', back, { count: 2 }),
  ];
  const b = await running(...tags);
  const values = [29.1, 0.1, 3, 9007199254740993n, 5, [1, 2]];
  const items = tags.map((tag, i) => ({ tag, value: values[i] }));
  b.fake.sticks.set('b', Math.fround(0.1));
  const plans = b.fake.plans.length;
  assert.deepEqual(
    await many(b, items),
    tags.map(() => undefined),
  );
  assert.deepEqual(b.fake.plans.slice(plans), [['a', 'b', 'c', 'd', 'f']]);
  b.fake.sticks.set('a', 250).set('d', 9007199254740992n);
  assert.deepEqual(await many(b, items), ['ACQUISITION_READ_BACK', undefined, undefined, 'ACQUISITION_READ_BACK', undefined, undefined]);
  assert.match((await refusal(b, tags[0]!, 29.1))!.text, /confirmed the write to demo\/g\/a, but it reads 250 and not 291/);
  await b.device.stop();
});

test('the bound of waiting writes counts items, not requests', async () => {
  const tags = Array.from({ length: 600 }, (_, i) => writable(i + 1, `t${i}`));
  const b = await running(...tags);
  b.fake.delayMs = 100;
  const items = tags.map((tag) => ({ tag, value: 1 }));
  const first = b.device.writeMany(items);
  const second = await b.device.writeMany(items);
  assert.equal(second[0]!.code, 'ACQUISITION_WRITE_BUSY');
  assert.match(second[0]!.text, /600 writes waiting/);
  await b.clock.advance(200);
  assert.equal((await first)[0], undefined);
  const large = b.device.writeMany([...items, ...items]);
  await b.clock.advance(200);
  assert.equal((await large)[1199], undefined);
  await b.device.stop();
});

test('a driver that breaks its contract is a refusal, not a rejection', async () => {
  const tag = writable(1, 'a');
  const b = await running(tag);
  b.device.driver.write = () => Promise.reject(new Error('The fake breaks.'));
  assert.match((await refusal(b, tag, 1))!.text, /did not confirm the write to demo\/g\/a: The fake breaks/);
  await b.device.stop();
});
