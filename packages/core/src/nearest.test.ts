import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './nearest.ts';

test('the nearest name is found, a far one is not guessed', () => {
  assert.equal(nearest('temprature', ['humidity', 'temperature']), 'temperature');
  assert.equal(nearest('itnerval', ['interval', 'retention']), 'interval');
  assert.equal(nearest('TEMPERATURE', ['temperature']), 'temperature');
  assert.equal(nearest('zzz', ['humidity', 'temperature']), undefined);
  assert.equal(
    nearest(
      'x',
      (function* () {
        for (;;) yield 'something else entirely';
      })(),
      5000,
    ),
    undefined,
  );
});
