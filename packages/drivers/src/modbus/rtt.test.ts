import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance } from './probe/probe-case.ts';
import { RoundTrips } from './rtt.ts';

test('quantiles of the newest 512 round trips are right within 3 %, from microseconds to a minute', () => {
  const random = chance(5);
  for (const scale of [0.05, 1, 40, 8000]) {
    const trips = new RoundTrips();
    assert.equal(trips.quantiles(), undefined);
    const all: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const ms = scale * (0.5 + random() * 2);
      trips.add(ms);
      all.push(ms);
      if (i % 97 !== 0) continue;
      const newest = all.slice(-512).sort((a, b) => a - b);
      const { rttP50Ms, rttP99Ms } = trips.quantiles()!;
      const exact = (share: number): number => newest[Math.ceil(share * newest.length) - 1]!;
      assert.ok(Math.abs(rttP50Ms / exact(0.5) - 1) < 0.03, `${rttP50Ms} is ${exact(0.5)}`);
      assert.ok(Math.abs(rttP99Ms / exact(0.99) - 1) < 0.03, `${rttP99Ms} is ${exact(0.99)}`);
      assert.equal(trips.last, ms);
    }
  }
});

test('round trips beyond what is told apart count as the smallest and the largest', () => {
  const trips = new RoundTrips();
  trips.add(0);
  assert.deepEqual(trips.quantiles(), { rttP50Ms: 0.01, rttP99Ms: 0.01 });
  for (let i = 0; i < 512; i++) trips.add(1e9);
  assert.ok(trips.quantiles()!.rttP50Ms > 20_000);
});
