/**
 * The fuzz tests for longer, each round of them with a new seed: OMH_FUZZ_SEED repeats one, OMH_FUZZ_MINUTES says how long (5).
 */
import { test } from 'node:test';
import { fuzzBits, fuzzCuts, fuzzSocket } from '../dist/fuzzing.js';

const minutes = Number(process.env.OMH_FUZZ_MINUTES ?? 5);
const given = process.env.OMH_FUZZ_SEED;

void test(`changed streams for ${minutes} minutes`, async (t) => {
  const until = Date.now() + minutes * 60_000;
  let seed = given === undefined ? Date.now() % 1_000_000_000 : Number(given);
  let seeds = 0;
  do {
    for (const version of [4, 5]) {
      try {
        fuzzCuts(version, seed, 100);
        fuzzBits(version, seed, 20_000);
        await fuzzSocket(version, seed, 300);
      } catch (thrown) {
        t.diagnostic(`version ${version}: repeat with OMH_FUZZ_SEED=${seed}`);
        throw thrown;
      }
    }
    seed++;
    seeds++;
  } while (given === undefined && Date.now() < until);
  t.diagnostic(`${seeds} seeds up to ${seed - 1}`);
});
