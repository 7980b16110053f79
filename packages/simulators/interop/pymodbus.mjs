import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { askEverything, ways } from '../../../test/support/pymodbus-client.mjs';

// The present pymodbus of PyPI against the simulator, in an environment of its own.

const folder = fileURLToPath(new URL('../../../node_modules/.cache/omh-pymodbus', import.meta.url));
const python = join(folder, 'bin/python');
const done = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 120_000 }).status === 0;
const isThere = () => existsSync(python) && done(python, ['-c', 'import pymodbus']);
const absent =
  isThere() || (done('python3', ['-m', 'venv', folder]) && done(python, ['-m', 'pip', 'install', '-q', 'pymodbus']) && isThere())
    ? false
    : 'pymodbus not found: python3 -m venv and pip install pymodbus do not work here';

for (const way of Object.keys(ways)) {
  void test(`pymodbus of PyPI over ${way}: every function and type`, async (t) => {
    if (absent) return t.skip(absent);
    const version = await askEverything(t, python, way);
    assert.match(version, /^3\.(?!0)/);
  });
}
