import './node-version.mjs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { runTests } from './test-run.mjs';
import { at, filesBelow, shown, workspaces } from './workspace.mjs';

const usage = `Usage: npm test -- [PATTERN …]

Installs, builds and runs every test: packages/*/src/**/*.test.ts (compiled), test/**/*.test.mjs, e2e/**/*.test.mjs.
A PATTERN is a part of a path: \`broker\`, \`packages/core/src/quality.test.ts\`, \`e2e\`. Several run what any of them matches.`;

const patterns = process.argv.slice(2);
if (patterns.includes('--help')) {
  console.log(usage);
  process.exit(0);
}

/** Tests sit beside the code and run compiled: from a source's path to its output's. */
function compiledTests() {
  return workspaces()
    .filter(({ kind }) => kind === 'packages')
    .flatMap(({ dir }) =>
      filesBelow(join(dir, 'src'), (path) => path.endsWith('.test.ts')).map((path) =>
        join(dir, 'dist', path.slice(join(dir, 'src').length)).replace(/\.ts$/, '.js'),
      ),
    );
}
const modules = (folder) => filesBelow(at(folder), (path) => path.endsWith('.test.mjs'));
const normal = (text) => text.replaceAll('\\', '/').replace('/src/', '/dist/').replace(/\.ts$/, '.js').replace(/^\.\//, '');

try {
  await install();
  await build({ check: true });
} catch (problem) {
  console.error(problem.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const all = [...compiledTests(), ...modules('test'), ...modules('e2e')];
const chosen = patterns.length === 0 ? all : all.filter((path) => patterns.some((pattern) => shown(path).includes(normal(pattern))));
process.exitCode = await runTests(chosen);
