import './node-version.mjs';
import { existsSync } from 'node:fs';
import { build } from './build.mjs';
import { runNode } from './child.mjs';
import { install } from './install.mjs';
import { at } from './workspace.mjs';

try {
  await install();
  // Rules that know types read the packages' compiled declarations.
  await build();
} catch (problem) {
  console.error(problem.message);
  process.exit(1);
}

const folders = ['packages', 'apps', 'scripts', 'test', 'e2e'].filter((folder) => existsSync(at(folder)));
const steps = [
  { what: 'oxlint', args: [at('node_modules/oxlint/bin/oxlint'), '--type-aware', ...folders] },
  {
    what: 'biome format',
    args: [at('node_modules/@biomejs/biome/bin/biome'), 'format', '.'],
    help: 'Run `npm run format` to write the format.',
  },
];
let failed = false;
for (const { what, args, help } of steps) {
  console.error(`${what}:`);
  if ((await runNode(args)) === 0) continue;
  failed = true;
  if (help) console.error(help);
}
process.exit(failed ? 1 : 0);
