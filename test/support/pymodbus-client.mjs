import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '../../packages/core/dist/index.js';
import { createSimulator } from '../../packages/simulators/dist/index.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('pymodbus_client.py', import.meta.url));

/** One unit with every area and type. */
export const everything = {
  1: {
    identity: { vendor: 'Norden', product: 'HP-250', revision: '2.1', url: 'https://example.test', productName: 'Press', model: 'P1' },
    areas: { coil: 200, discrete: 200, input: 200, holding: 200 },
    registers: {
      40001: [1, 0xffff, 3],
      30001: [10, 20, 30],
      '00001': [true, false, true, true],
      10001: [false, true],
      40121: [3, 100, 200, 300],
    },
    signals: [
      { at: 40011, type: 'float', signal: 'constant', value: -1.5 },
      { at: 40013, type: 'double', signal: 'constant', value: 1e300 },
      { at: 40017, type: 'int64', signal: 'constant', value: '-9007199254740993' },
      { at: 40021, type: 'int32', signal: 'constant', value: -123456789 },
      { at: 40023, type: 'uint32', signal: 'constant', value: 4000000000 },
      { at: 40025, type: 'int16', signal: 'constant', value: -5 },
      { at: '40026.12', type: 'string', signal: 'constant', value: 'Ofen 7' },
    ],
  },
};

/** How a pymodbus client reaches a simulator. */
export const ways = { tcp: {}, udp: { transport: 'udp' }, rtu: { framing: 'rtu' }, ascii: { framing: 'ascii' } };

/** Lets the pymodbus of this Python ask a simulator everything over one way; returns its version. */
export async function askEverything(t, python, way) {
  const sim = createSimulator(
    'plant',
    { protocol: 'modbus-tcp', port: 0, units: everything, ...ways[way] },
    { clock: systemClock, log: silentLogger },
  );
  t.after(() => sim.stop());
  await sim.start();
  const { stdout } = await run(python, [script, sim.address().split(':')[1], way], { timeout: 30_000 });
  const { version, loopback, serverId, identity, outside, fifo, ...heard } = JSON.parse(stdout);
  assert.deepEqual(heard, {
    holding: [1, 65535, 3],
    input: [10, 20, 30],
    coils: [true, false, true, true],
    discrete: [false, true],
    many: 125,
    writtenCoils: [true, true, false, true],
    readWrite: [(1234 & 0xff00) | 0xab, 5],
    types: [-1.5, 1e300, '-9007199254740993', -123456789, 4000000000, -5, 'Ofen 7'],
    written: [(1234 & 0xff00) | 0xab, 5, 6, 7],
    readWritten: [9, 8],
  });
  // 3.0 loses the values of a queue while it decodes them, so only the present one is asked.
  if (fifo !== undefined) assert.deepEqual(fifo, [100, 200, 300]);
  assert.equal(outside.exception, 2);
  assert.match(JSON.stringify(loopback), /4779|18,171/);
  assert.ok(serverId.startsWith('HP-250'), serverId);
  assert.deepEqual(Object.values(identity), ['Norden', 'HP-250', '2.1', 'https://example.test', 'Press', 'P1']);
  return version;
}
