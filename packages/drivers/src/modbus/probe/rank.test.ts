import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modbus } from '@omh/wire';
import { hitRates } from './hit-rates.ts';
import { rank, type Candidate, type Observation } from './rank.ts';

/** Seeds that were looked at while the ranking was made begin at 1. */
const heldOut = 5_000_000;

/** Rows of thirteen registers, the named one fifth; `put` fills a row for sample t. */
function observed(count: number, put: (row: (number | undefined)[], t: number) => void): Observation {
  const samples = Array.from({ length: count }, (_, t) => {
    const row = new Array<number | undefined>(13).fill(0);
    put(row, t);
    return row;
  });
  return { samples, at: 4 };
}
function place(row: (number | undefined)[], at: number, type: 'float' | 'int32' | 'double', mask: number, value: number): void {
  const bytes = new Uint8Array(type === 'double' ? 8 : 4);
  assert.equal(modbus.encodeValue(type, value, bytes, mask, { length: 0, layout: 'H' }), undefined);
  for (let i = 0; i < bytes.length / 2; i++) row[at + i] = (bytes[2 * i]! << 8) | bytes[2 * i + 1]!;
}
const named = (c: Candidate | undefined): string => (c === undefined ? 'none' : `${c.type} ${c.order} ${c.offset}`);

test('with a known value at least 95 of 100 readings are right, or read the same numbers', () => {
  for (const samples of [10, 1]) {
    const { numbers, group } = hitRates(heldOut, 150, { hint: true, samples });
    assert.ok(numbers >= 0.95, `${samples} samples: ${numbers}`);
    assert.ok(group >= numbers);
  }
});

test('with ten samples and nothing known at least 80 of 100 have type and order right, and shares may be believed', () => {
  const { exact, kind, claimed } = hitRates(heldOut, 150, { hint: false, samples: 10 });
  assert.ok(kind >= 0.8, String(kind));
  assert.ok(Math.abs(claimed - exact) < 0.12, `claims ${claimed}, is right in ${exact}`);
});

test('a float with swapped words one register on is found by its movement, and the reasons say so', () => {
  const seen = observed(10, (row, t) => place(row, 5, 'float', 2, 229 + 0.011 * t * t));
  const { candidates } = rank(seen);
  assert.equal(named(candidates[0]), 'float CDAB 1');
  assert.ok(candidates[0]!.share > 0.9);
  assert.match(candidates[0]!.why.join(' '), /it moves by .* % at most\..*The (high word never moves|low word moves more often)/);
});

test('values cut in halves are not taken for values: the neighbours say where each begins', () => {
  const seen = observed(10, (row, t) => {
    for (const [i, base] of [10.5, 80.25, 3.75, 512.5, 47.125].entries()) place(row, 1 + 2 * i, 'float', 0, base + Math.sin(t + i) * 0.3);
  });
  const { candidates, remarks } = rank(seen);
  assert.ok(candidates.slice(0, 2).every((c) => c.type === 'float' && c.order === 'ABCD' && c.offset !== 0));
  assert.equal(candidates[1]!.alike, 'place');
  assert.match(remarks.join(' '), /Values of the same kind stand beside it; a known value tells/);
  assert.equal(named(rank(seen, { value: 80.2 }).candidates[0]), 'float ABCD -1');
  assert.equal(named(rank(seen, { value: 3.7 }).candidates[0]), 'float ABCD 1');
});

test('a hint in the unit of a display finds the factor of an integer', () => {
  const seen = observed(10, (row, t) => {
    row[4] = 2290 + (t % 4);
  });
  const [best] = rank(seen, { value: 22.9 }).candidates;
  assert.equal(best!.decimal, 0.01);
  assert.equal(best!.offset, 0);
  assert.match(best!.why[0]!, /with decimal 0\.01/);
});

test('what cannot be told apart is said: zeros, signs, words above that are zero', () => {
  assert.match(rank(observed(5, () => {})).remarks.join(' '), /All registers are zero/);
  const still = rank(observed(5, (row) => row.fill(7)));
  assert.match(still.remarks.join(' '), /Nothing moved/);
  const small = rank(
    observed(10, (row, t) => {
      row[4] = 1200 + 3 * t;
    }),
    { value: 1210 },
  );
  assert.match(small.remarks.join(' '), /With or without a sign it reads the same numbers/);
  assert.ok(small.candidates.some((c) => c.type === 'int16' && c.alike === 'numbers'));
  assert.ok(small.candidates.some((c) => c.type === 'uint32' && c.alike === 'numbers'));
});

test('a hint that nothing fits is said, and an integer of 64 bits stays exact', () => {
  const seen = observed(10, (row, t) => place(row, 4, 'int32', 0, -70_000 - t));
  assert.match(rank(seen, { value: 5e6 }).remarks.join(' '), /Nothing here reads about 5000000/);
  const wide = observed(10, (row, t) => {
    row.splice(4, 4, 0x0123, 0x4567, 0x89ab, 0xcde0 + t);
  });
  const found = rank(wide, { value: 0x0123456789abcde0 });
  assert.equal(found.candidates[0]!.values[3], 0x0123456789abcde3n);
});

test('registers that are refused end values; rows without any and no rows at all give no candidate', () => {
  const seen = observed(10, (row, t) => {
    place(row, 4, 'double', 0, 20.5 + Math.sin(t) / 7);
    row[3] = undefined;
    row.fill(undefined, 8);
  });
  assert.equal(named(rank(seen).candidates[0]), 'double ABCDEFGH 0');
  const none = rank(observed(3, (row) => row.fill(undefined)));
  assert.deepEqual(none.candidates, []);
  assert.match(none.remarks[0]!, /reads none/);
  assert.deepEqual(rank({ samples: [], at: 0 }).candidates, []);
});

test('shares of all candidates make one, and no noise makes the ranking fail', () => {
  for (let seed = 1; seed <= 40; seed++) {
    let state = seed * 2654435761;
    const seen = observed(6, (row) => {
      for (let i = 0; i < row.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        row[i] = state % 17 === 0 ? undefined : state >>> 16;
      }
    });
    const { candidates } = rank(seen, seed % 2 === 0 ? { value: seed } : undefined);
    const sum = candidates.reduce((total, c) => total + c.share, 0);
    assert.ok(candidates.length === 0 || (sum > 0.9 && sum < 1.000001), String(sum));
  }
});
