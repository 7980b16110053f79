import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

test('a statement turns red for each line of the broker that is broken on purpose', async () => {
  const runner = fileURLToPath(new URL('../../conformance/mutants.mjs', import.meta.url));
  const child = spawn(process.execPath, [runner], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  assert.equal(code, 0, out);
  const [, killed, all] = /(\d+) of (\d+) mutants are killed/.exec(out)!;
  assert.equal(killed, all);
  assert.ok(Number(all) >= 30);
});
