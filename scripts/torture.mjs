import './node-version.mjs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { runTests } from './test-run.mjs';
import { filesBelow, shown, workspaces } from './workspace.mjs';

// Kill, soak and fuzz runs: node:test files in packages/*/torture, one at a time because each wants the whole machine.
const patterns = process.argv.slice(2);
const runs = workspaces().flatMap(({ dir }) => filesBelow(join(dir, 'torture'), (path) => path.endsWith('.mjs')));
const chosen = patterns.length === 0 ? runs : runs.filter((path) => patterns.some((pattern) => shown(path).includes(pattern)));

try {
  await install();
  await build();
} catch (problem) {
  console.error(problem.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
if (runs.length === 0) console.log('No package has a torture run.');
process.exitCode = await runTests(chosen, { concurrency: 1, timeoutMs: 60 * 60_000, tellAll: true });
