import { test } from 'node:test';
import { fuzzBits, fuzzCuts, fuzzSocket } from './fuzzing.ts';

for (const version of [4, 5] as const) {
  test(`${version}: however a valid stream is cut, the answers are the same`, () => {
    fuzzCuts(version, version, 200);
  });
  test(`${version}: flipped bits end a connection at most, and never anything else`, () => {
    fuzzBits(version, 77 + version, 6000);
  });
  test(`${version}: over sockets a broken stream is felt by nobody else`, async () => {
    await fuzzSocket(version, 99 + version, 300);
  });
}
