import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { readyLine, startDemo } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

/** `omh simulate modbus` in a process of its own. */
async function simulator(t, port = 0) {
  const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), 'simulate', 'modbus', '--port', String(port), '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  t.after(() => child.kill('SIGKILL'));
  const { modbus } = await readyLine(child, exited, 20_000);
  return { child, exited, port: Number(modbus.split(':')[1]) };
}

test('a device in another process that is frozen or killed turns uncertain, then bad, and is good again within five seconds', {
  timeout: 90_000,
}, async (t) => {
  const first = await simulator(t);
  const demo = await startDemo();
  t.after(() => demo.stop());
  const put = await fetch(`${demo.ready.http}/api/v1/devices/away`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      driver: 'modbus-tcp',
      settings: { host: '127.0.0.1', port: first.port },
      groups: { g: { interval: '1s', tags: { temperature: { address: '1!40001', type: 'int16' } } } },
    }),
  });
  assert.equal(put.status, 200, await put.text());
  const value = async () => (await demo.get('/api/v1/values?device=away')).values[0];
  const words = [];
  /** Until the tag has this quality; remembers each one on the way. */
  const becomes = (quality, withinMs) =>
    until(
      quality,
      async () => {
        const now = await value();
        if (now.quality !== words.at(-1)) words.push(now.quality);
        return now.quality === quality && now;
      },
      withinMs,
    );

  await becomes('good', 3000);
  // Before its first value it may have been seen without one.
  words.splice(0, words.length, 'good');
  const read = await value();
  first.child.kill('SIGSTOP');
  const silent = await becomes('bad', 5000);
  assert.deepEqual(words, ['good', 'uncertain', 'bad']);
  assert.match(silent.reason, /does not answer/);
  assert.equal(typeof silent.value, 'number');
  assert.ok(Date.parse(silent.time) <= Date.parse(read.time) + 1500, 'an old value keeps its own time');
  first.child.kill('SIGCONT');
  await becomes('good', 5500);

  words.length = 0;
  words.push('good');
  first.child.kill('SIGKILL');
  await first.exited;
  const lost = await becomes('bad', 5000);
  assert.deepEqual(words, ['good', 'uncertain', 'bad']);
  assert.match(lost.reason, /refuses the connection|closed the connection/);
  await new Promise((resolve) => {
    setTimeout(resolve, 4000);
  });
  await simulator(t, first.port);
  const started = Date.now();
  await becomes('good', 6000);
  assert.ok(Date.now() - started <= 5500, `${Date.now() - started} ms`);
  assert.ok(
    (await demo.get('/api/v1/values?device=demo')).values.every((v) => v.quality === 'good'),
    'the other device was never touched',
  );
});
