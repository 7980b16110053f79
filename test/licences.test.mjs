import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson, root, at } from '../scripts/workspace.mjs';
import { allows, licenceFaults, runtimePaths } from './gates/licences.mjs';
import { checkoutOf } from './support/checkout.mjs';

/** Packages outside the list of licences, each with the reason why it may stay. */
const exceptions = [
  {
    name: /^lightningcss(?:-.*)?$/,
    licence: 'MPL-2.0',
    because: "Vite minifies the console's CSS with it while building; its files are used unchanged and no part of it is shipped.",
  },
];

test('every npm package has a licence this project may use, and none compiles when the hub is installed', () => {
  assert.deepEqual(licenceFaults(root, exceptions), []);
});

test("the hub's own runtime dependencies are found", () => {
  const reached = runtimePaths(readJson(at('package-lock.json')).packages, 'packages/cli');
  for (const path of ['packages/core', 'node_modules/fastify', 'node_modules/@duckdb/node-api', 'node_modules/ws'])
    assert.ok(reached.has(path), path);
  for (const path of ['node_modules/vite', 'node_modules/playwright-core', 'node_modules/typescript']) assert.ok(!reached.has(path), path);
});

test('a licence expression is allowed when each of its parts is', () => {
  for (const good of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', '(MIT OR CC0-1.0)']) assert.ok(allows(good), good);
  for (const bad of ['GPL-3.0', 'MIT AND GPL-3.0', 'UNLICENSED', 'SEE LICENSE IN x', 'no licence']) assert.ok(!allows(bad), bad);
});

const checkout = (t, entries) =>
  checkoutOf(t, {
    'package-lock.json': {
      packages: {
        'packages/cli': { dependencies: { good: '1', '@omh/core': '*' } },
        'node_modules/@omh/core': { resolved: 'packages/core', link: true },
        'packages/core': { dependencies: { deep: '1' } },
        'node_modules/good': { version: '1.0.0', license: 'MIT', dependencies: { inner: '1' } },
        'node_modules/good/node_modules/inner': { version: '1.0.0', license: 'ISC' },
        'node_modules/deep': { version: '1.0.0', license: 'ISC' },
        'node_modules/tool': { version: '1.0.0', license: 'MIT', dev: true, hasInstallScript: true },
        ...entries,
      },
    },
  });
test('a checkout in order has no faults', (t) => {
  assert.deepEqual(licenceFaults(checkout(t, {}), []), []);
});
const broken = {
  'a copyleft licence': [{ 'node_modules/x': { license: 'AGPL-3.0' } }, [], /node_modules\/x: AGPL-3\.0 is not on the list/],
  'a missing licence': [{ 'node_modules/x': {} }, [], /node_modules\/x: no licence is not on the list/],
  'an exception used at run time': [
    { 'node_modules/deep': { license: 'MPL-2.0' } },
    [{ name: /^deep$/, licence: 'MPL-2.0' }],
    /for development only, but the hub loads it/,
  ],
  'an exception nobody needs': [{}, [{ name: /^gone$/, licence: 'MPL-2.0' }], /the exception for .*gone.* is not needed/],
  'an install script behind a nested dependency': [
    { 'node_modules/good/node_modules/inner': { license: 'ISC', hasInstallScript: true } },
    [],
    /inner: a runtime dependency has an install script/,
  ],
  'a lock tied to a host': [
    { 'node_modules/x': { license: 'MIT', resolved: 'https://registry.example/x/-/x-1.0.0.tgz' } },
    [],
    /the lock file names a host/,
  ],
};
for (const [what, [entries, rows, sentence]] of Object.entries(broken)) {
  test(`the gate sees ${what}`, (t) => {
    const faults = licenceFaults(checkout(t, entries), rows);
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0], sentence);
  });
}

test('the manifest on disk decides over the lock', (t) => {
  const dir = checkoutOf(t, {
    'package-lock.json': { packages: { 'node_modules/x': { license: 'MIT' } } },
    'node_modules/x/package.json': { licenses: [{ type: 'GPL-2.0' }] },
  });
  assert.match(licenceFaults(dir, []).join(), /node_modules\/x: GPL-2\.0 is not on the list/);
});
