import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { prop, subscribe } from '../packages/broker/dist/conformance/packets.js';
import { World } from '../packages/broker/dist/conformance/world.js';

let child;
let port;
before(async () => {
  const args = [
    at('packages/cli/dist/main.js'),
    'broker',
    '-c',
    at('examples/conformance.yaml'),
    '--port',
    '0',
    '--ws-port',
    '0',
    '--json',
  ];
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of child.stdout) {
    out += chunk;
    if (out.includes('\n')) break;
  }
  port = Number(new URL(JSON.parse(out).mqtt).port);
});
after(async () => {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
});

async function world(version, use) {
  const server = { port, wsUrl: undefined, pass: async () => {}, settled: async () => {}, stop: async () => {} };
  const x = new World({ strict: true }, server, version, 3000);
  try {
    await use(x);
  } finally {
    await x.end();
  }
}

test('examples/conformance.yaml: CONNACK says two bounds, and a keep-alive above 60 seconds is cut', () =>
  world(5, async (x) => {
    const plain = await x.join('plain', { keepAlive: 60 });
    assert.deepEqual(plain.connack.props, [
      [prop.topicAliasMaximum, 10],
      [prop.receiveMaximum, 20],
    ]);
    const long = await x.join('long', { keepAlive: 120, props: [[prop.sessionExpiry, 4_294_967_295]] });
    assert.equal(long.value(long.connack, prop.serverKeepAlive), 60);
    assert.equal(long.value(long.connack, prop.sessionExpiry), undefined);
  }));

for (const version of [4, 5]) {
  test(`examples/conformance.yaml: nobody subscribes to test/nosubscribe (protocol level ${version})`, () =>
    world(version, async (x) => {
      const a = await x.join('a', { keepAlive: 60 });
      a.send(
        subscribe(version, 1, [
          ['test/nosubscribe', 2],
          ['test/other', 2],
          ['#', 1],
        ]),
      );
      await a.got('SUBACK', { id: 1, codes: [0x80, 2, 1] });
    }));
}
