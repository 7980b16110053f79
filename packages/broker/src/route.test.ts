import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketIds } from './packet-ids.ts';
import { RouteTable } from './route.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { Timed } from './timer-wheel.ts';

const find = (table: RouteTable, topic: string): ReturnType<RouteTable['find']> => {
  const bytes = Buffer.from(`..${topic}..`);
  return table.find(bytes, 2, bytes.length - 2);
};

test('a topic keeps its route while it is used and the table stays bounded', () => {
  const table = new RouteTable(128);
  const kept = find(table, 'kept/ü');
  assert.equal(kept?.topic, 'kept/ü');
  for (let i = 0; i < 200_000; i++) {
    find(table, `t/${i}`);
    if (i % 10_000 === 0) assert.equal(find(table, 'kept/ü'), kept);
  }
  assert.ok(table.size <= 65_536, String(table.size));
});

test('what is no topic name has no route', () => {
  const table = new RouteTable(4);
  for (const bad of ['', 'a/+', '#', 'a\0b', 'a/b/c/d/e']) assert.equal(find(table, bad), undefined, JSON.stringify(bad));
  assert.equal(table.find(Buffer.from([0xff, 0xfe]), 0, 2), undefined);
  assert.equal(find(table, 'a/b/c/d')?.topic, 'a/b/c/d');
  assert.equal(find(table, '$SYS/x')?.system, true);
  assert.equal(find(table, '$SYSTEM')?.system, false);
});

test('packet ids run through all values, skip used ones and are released once', () => {
  const ids = new PacketIds();
  assert.equal(ids.take(), 1);
  for (let want = 2; want <= 65_535; want++) {
    assert.equal(ids.take(), want);
    assert.equal(ids.release(want), true);
  }
  assert.equal(ids.take(), 2);
  assert.equal(ids.release(2), true);
  assert.equal(ids.release(2), false);
  assert.equal(ids.size, 1);
  for (let i = 0; i < 65_534; i++) assert.notEqual(ids.take(), 0);
  assert.equal(ids.take(), 0);
});

test('the wheel fires at its second, also beyond one turn, and not what was cancelled or moved', () => {
  const wheel = new TimerWheel();
  const fired: [string, number][] = [];
  const item = (name: string): Timed => ({
    dueTick: 0,
    slot: -1,
    onDue: (tick) => {
      fired.push([name, tick]);
    },
  });
  const [a, b, c, d] = [item('a'), item('b'), item('c'), item('d')];
  wheel.set(a, 3);
  wheel.set(b, 700);
  wheel.set(c, 3);
  wheel.cancel(c);
  wheel.set(d, 3);
  wheel.set(d, 0);
  for (let i = 0; i < 1000; i++) wheel.advance();
  assert.deepEqual(fired, [
    ['d', 1],
    ['a', 3],
    ['b', 700],
  ]);
});
