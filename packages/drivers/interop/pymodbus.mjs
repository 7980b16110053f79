import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { pymodbusAbsent, pypiPython } from '../../../test/support/pymodbus-pypi.mjs';
import { refuseStrangers, serialWays, serverWays, useEverything } from '../../../test/support/pymodbus-server.mjs';

// The driver against the present pymodbus of PyPI, in an environment of its own.

const absent = pymodbusAbsent();
const noSocat = spawnSync('socat', ['-V'], { stdio: 'ignore' }).status === 0 ? false : 'socat not found: apt-get install socat';

for (const way of [...Object.keys(serverWays), ...Object.keys(serialWays)]) {
  void test(`the driver and pymodbus of PyPI over ${way}: every area and type`, { timeout: 60_000 }, async (t) => {
    const missing = absent || (way in serialWays && noSocat);
    if (missing) return t.skip(missing);
    const version = await useEverything(t, pypiPython, way);
    assert.match(version, /^3\.(?!0)/);
  });
}

void test('pymodbus of PyPI over TLS: certificates that do not fit are refused on both sides', { timeout: 60_000 }, async (t) => {
  if (absent) return t.skip(absent);
  await refuseStrangers(t, pypiPython);
});
