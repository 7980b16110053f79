import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { startDemo } from './support/demo.mjs';

/** The `npx omh …` lines of a page's `sh` blocks, split as a shell would for what stands there: words, and words in single quotes. */
function commandsOf(text) {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block]) =>
      block
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    )
    .map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare));
}

const commands = commandsOf(readFileSync(at('README.md'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'omh-readme-'));
let demo;
before(async () => {
  demo = await startDemo();
  const until = performance.now() + 30_000;
  for (let rows = 0; rows === 0; ) {
    assert.ok(performance.now() < until, 'the demo stores no row within 30 s');
    const answer = await fetch(`${demo.ready.http}/api/v1/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT count(*) FROM conditions' }),
      signal: AbortSignal.timeout(10_000),
    });
    rows = answer.ok ? Number((await answer.json()).rows[0][0]) : 0;
    if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
after(async () => {
  await demo?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the README shows commands', () => {
  assert.ok(commands.length >= 5);
  for (const words of commands) assert.deepEqual(words.slice(0, 2), ['npx', 'omh'], words.join(' '));
});

for (const words of commands) {
  test(`README: ${words.join(' ')}`, async () => {
    const [, , ...args] = words;
    const port = new URL(demo.ready.mqtt).port;
    const child = spawn(
      process.execPath,
      [at('packages/cli/dist/main.js'), ...args, ...(args[0] === 'sub' || args[0] === 'pub' ? ['-p', port] : [])],
      {
        cwd: folder,
        env: { ...process.env, OMH_URL: demo.ready.http, OMH_TOKEN: demo.token },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        out += text;
      });
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, out);
    assert.notEqual(out.trim(), '');
  });
}
