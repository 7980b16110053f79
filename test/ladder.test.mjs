import assert from 'node:assert/strict';
import { test } from 'node:test';
import { root } from '../scripts/workspace.mjs';
import { ladderFaults } from './gates/ladder.mjs';
import { importsOf } from './gates/source.mjs';
import { checkoutOf } from './support/checkout.mjs';

const workspace = (
  folder,
  { imports = '', dependencies = [], references = dependencies, files = {}, exports = { '.': './dist/index.js' } } = {},
) => ({
  [`packages/${folder}/package.json`]: {
    name: `@omh/${folder}`,
    exports,
    dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
  },
  [`packages/${folder}/tsconfig.json`]: {
    references: references.filter((name) => name.startsWith('@omh/')).map((name) => ({ path: `../${name.slice(5)}` })),
  },
  [`packages/${folder}/src/index.ts`]: imports,
  ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/${folder}/src/${path}`, text])),
});
const solution = (...folders) => ({
  'tsconfig.json': { references: folders.map((folder) => ({ path: `packages/${folder}` })) },
  'package.json': {},
});

test('every import in this repository goes down the ladder', () => {
  assert.deepEqual(ladderFaults(root), []);
});

test('a small house in order has no faults', (t) => {
  const dir = checkoutOf(t, {
    ...solution('core', 'storage', 'broker'),
    ...workspace('core', {
      imports: "export * from './a.ts';",
      files: {
        'a.ts': "import type { B } from './b.ts'; export type A = B;",
        'b.ts': "import { x } from './c.ts'; export type B = typeof x;",
        'c.ts': 'export const x = 1;',
        'a.test.ts': "import fs from 'node:fs';",
      },
    }),
    ...workspace('storage', { imports: "import fs from 'node:fs'; import { x } from '@omh/core';", dependencies: ['@omh/core'] }),
    ...workspace('broker', {
      imports: "import { x } from '@omh/core'; import ws from 'ws'; // import { y } from '@omh/api'",
      dependencies: ['@omh/core', 'ws'],
    }),
  });
  assert.deepEqual(ladderFaults(dir), []);
});

const broken = {
  upwards: [
    { ...workspace('core', { imports: "import { a } from '@omh/storage';", dependencies: ['@omh/storage'] }), ...workspace('storage') },
    /imports upwards: core \(level 0\) from storage/,
  ],
  sideways: [
    { ...workspace('wire', { imports: "export { a } from '@omh/expr';", dependencies: ['@omh/expr'] }), ...workspace('expr') },
    /imports sideways: wire and expr/,
  ],
  'past the exports': [
    {
      ...workspace('wire', { imports: "import { a } from '@omh/core/src/secret.ts';", dependencies: ['@omh/core'] }),
      ...workspace('core'),
    },
    /past the exports of @omh\/core/,
  ],
  'into another folder': [
    { ...workspace('wire', { imports: "import { a } from '../../core/src/index.ts';" }), ...workspace('core') },
    /reaches out of its package/,
  ],
  'node in a pure package': [
    workspace('expr', { imports: "import { readFileSync } from 'node:fs';" }),
    /imports node:fs, but expr runs in browsers too/,
  ],
  'node without its prefix': [workspace('core', { imports: "import fs from 'fs';" }), /imports fs, but core runs in browsers too/],
  'in a circle': [
    workspace('core', { imports: "import './a.ts';", files: { 'a.ts': "import { b } from './b.ts';", 'b.ts': "export * from './a.ts';" } }),
    /imports in a circle: packages\/core\/src\/a\.ts → packages\/core\/src\/b\.ts/,
  ],
  undeclared: [workspace('broker', { imports: "import ws from 'ws';" }), /ws is imported but not a dependency/],
  'declared for nothing': [workspace('broker', { dependencies: ['ws'] }), /ws is a dependency but nothing imports it/],
  'without a reference': [
    {
      ...workspace('storage', { imports: "import { a } from '@omh/core';", dependencies: ['@omh/core'], references: [] }),
      ...workspace('core'),
    },
    /storage\/tsconfig\.json lacks a reference to @omh\/core/,
  ],
  'an unknown room': [workspace('utils'), /packages\/utils has no level/],
  'the console behind the API': [
    {
      ...workspace('api'),
      'apps/console/package.json': { name: '@omh/console', devDependencies: { '@omh/api': '*' } },
      'apps/console/src/main.tsx': "import { startApi } from '@omh/api';",
    },
    /main\.tsx:1 imports @omh\/api: the console imports pure packages/,
  ],
};
for (const [what, [files, sentence]] of Object.entries(broken)) {
  test(`the gate sees an import ${what}`, (t) => {
    const folders = [
      ...new Set(
        Object.keys(files)
          .filter((path) => path.startsWith('packages/'))
          .map((path) => path.split('/')[1]),
      ),
    ];
    const faults = ladderFaults(checkoutOf(t, { ...solution(...folders), ...files }));
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0], sentence);
  });
}

test('the gate sees a package that the build leaves out', (t) => {
  assert.deepEqual(ladderFaults(checkoutOf(t, { ...solution('core'), ...workspace('core'), ...workspace('wire') })), [
    'tsconfig.json lacks a reference to packages/wire',
  ]);
});

test('imports are told from text that looks like one', () => {
  const text = [
    "import a, { b } from 'one'; // import z from 'no'",
    '/* import z from "no" */ const s = "import z from \'no\'";',
    "const r = /['\"`]\\/import/; import 'two';",
    "const t = `import z from 'no' ${await import('three')} export * from 'no'`;",
    'import type {\n  C,\n} from "four";',
    "export * as five from 'five'; export { x }; export const y = import.meta.url;",
    "let q: typeof import('six') = a / b; const u = c / 'no'.length;",
  ].join('\n');
  assert.deepEqual(
    importsOf(text).map(({ from, typeOnly, line }) => [from, typeOnly, line]),
    [
      ['one', false, 1],
      ['two', false, 3],
      ['three', false, 4],
      ['four', true, 5],
      ['five', false, 8],
      ['six', true, 9],
    ],
  );
});
