import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PositionSet } from './position-set.ts';

const random = (seed: number) => () => {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed / 2 ** 31;
};

test('a set of positions says what a plain set says, whatever is added in whatever order', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = random(seed);
    const set = new PositionSet();
    const plain = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const from = Math.floor(next() * 120);
      const to = from + Math.floor(next() * 12);
      let fresh = 0;
      for (let at = from; at < to; at++) if (!plain.has(at)) fresh++;
      for (let at = from; at < to; at++) plain.add(at);
      assert.equal(set.add(from, to), fresh);
      if (next() < 0.05) {
        const end = Math.floor(next() * 130);
        set.cut(end);
        for (const at of [...plain]) if (at >= end) plain.delete(at);
      }
      const floor = Array.from({ length: 140 }, (_, at) => at).find((at) => !plain.has(at))!;
      assert.equal(set.floor, floor);
      assert.equal(set.count, plain.size);
      for (let at = 0; at < 140; at++) assert.equal(set.has(at), plain.has(at), `seed ${seed}: ${at}`);
    }
    const again = PositionSet.decode(set.encode())!;
    assert.deepEqual([again.floor, again.count, again.end, again.ranges], [set.floor, set.count, set.end, set.ranges]);
  }
});

test('bytes that are no set of positions are none', () => {
  const bytes = new PositionSet().encode();
  for (const wrong of [new Uint8Array(0), bytes.subarray(0, 12), new Uint8Array(24)]) assert.equal(PositionSet.decode(wrong), undefined);
});
