import './node-version.mjs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { runTests } from './test-run.mjs';
import { filesBelow, shown, workspaces } from './workspace.mjs';

// Runs against peers from other registries (PyPI, Go, Maven, crates): node:test files in packages/*/interop.
const patterns = process.argv.slice(2);
const runs = workspaces().flatMap(({ dir }) => filesBelow(join(dir, 'interop'), (path) => path.endsWith('.mjs')));
const chosen = patterns.length === 0 ? runs : runs.filter((path) => patterns.some((pattern) => shown(path).includes(pattern)));

try {
  await install();
  await build();
} catch (problem) {
  console.error(problem.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
if (runs.length === 0) console.log('No package has an interop run.');
process.exitCode = await runTests(chosen, { concurrency: 1, timeoutMs: 10 * 60_000 });
