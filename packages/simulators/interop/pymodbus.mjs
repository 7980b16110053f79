import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askEverything, ways } from '../../../test/support/pymodbus-client.mjs';
import { pymodbusAbsent, pypiPython } from '../../../test/support/pymodbus-pypi.mjs';

// The present pymodbus of PyPI against the simulator.

const absent = pymodbusAbsent();

for (const way of Object.keys(ways)) {
  void test(`pymodbus of PyPI over ${way}: every function and type`, async (t) => {
    if (absent) return t.skip(absent);
    const version = await askEverything(t, pypiPython, way);
    assert.match(version, /^3\.(?!0)/);
  });
}
