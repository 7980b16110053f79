import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { folderOf, parseHub } from '@omh/config';
import { silentLogger, systemClock } from '@omh/core';
import { registry } from '@omh/hub';
import { createSimulator } from '@omh/simulators';
import { deviceOf } from './commands/probe-device.ts';
import { start } from './testing/omh-process.ts';

/** Holding 0 to 199 with at most 40 at once, a float in swapped words at 40011 that moves. */
async function plant(t: TestContext): Promise<string> {
  const simulator = createSimulator(
    'plant',
    {
      protocol: 'modbus-tcp',
      host: '127.0.0.1',
      port: 0,
      limits: { maxRegisters: 40 },
      units: {
        1: {
          areas: { holding: ['0-199', '300-349'], input: 20, coil: 50, discrete: 16 },
          order: 'CDAB',
          signals: [{ at: '40011', type: 'float', signal: 'sine', mean: 229, amplitude: 2, period: '3s', noise: 0.05 }],
          identity: { vendor: 'Acme', product: 'P{1}' },
        },
      },
    },
    { clock: systemClock, log: silentLogger },
  );
  t.after(() => simulator.stop());
  await simulator.start();
  return simulator.address()!.replace(/^\w+:\/\//, '');
}
const omh = (t: TestContext, ...args: string[]) => start(t, args).ended;

test('omh probe finds a value, says why, and exports a template that the hub file takes', { timeout: 60_000 }, async (t) => {
  const host = await plant(t);
  const table = await omh(t, 'probe', host, '--address', '40010', '--value', '229', '--every', '40ms', '--samples', '6');
  assert.equal(table.code, 0, table.err);
  assert.match(table.out, /^1!400011#BL +float +CDAB +\+1 /m);
  assert.match(table.out, /Why float CDAB at 1!400011#BL:\n {2}It reads 2\d\d/);
  const json = await omh(t, 'probe', host, '--address', '40010', '--value', '229', '--every', '40ms', '--template', '--json');
  const { candidates, survey, template } = JSON.parse(json.out) as {
    candidates: { address: string }[];
    survey: { spans: unknown[]; maxRegisters: number; requests: number };
    template: string;
  };
  assert.equal(candidates[0]!.address, '1!400011#BL');
  assert.equal(survey.maxRegisters, 40);
  assert.equal(survey.spans.length, 5);
  assert.ok(survey.requests <= 200);
  const hub = `version: 1\nhub: { name: demo }\n${template}devices:\n  second: { template: device, variables: { host: 10.0.0.9, unit: 4 } }\n`;
  const parsed = parseHub('hub.yaml', {
    folder: folderOf(new Map([['hub.yaml', hub]])),
    registry,
    env: () => undefined,
    readFile: () => '',
  });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { second } = parsed.value.config.devices;
  assert.equal(second!.settings['maxRegisters'], 40);
  assert.equal(second!.settings['maxGap'], 0);
  assert.equal(second!.settings['byteOrder'], 'CDAB');
  assert.equal(second!.groups['values']!.tags['value']!.address, '4!400011');
});

test('omh read, write and browse speak with a device once', { timeout: 60_000 }, async (t) => {
  const host = await plant(t);
  for (const more of [[], ['--json']]) {
    const refused = await omh(t, 'write', host, '7', '--address', '1!40101', ...more);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /passes by all limits of the hub; say --yes/);
  }
  const written = await omh(t, 'write', host, '[7,-8]', '--address', '1!40101', '--type', 'int16', '--yes');
  assert.equal(written.code, 0, written.err);
  const read = await omh(t, 'read', host, '--address', '1!40101', '--type', 'int16', '--count', '3', '--json');
  assert.deepEqual(JSON.parse(read.out), { value: [7, -8, 0], quality: 'good' });
  const none = await omh(t, 'read', host, '--address', '1!40251');
  assert.equal(none.code, 1);
  assert.match(none.err, /refuses to read 1!40251: it has no such address/);
  const watch = start(t, ['read', host, '--address', '1!40011#BL', '--type', 'float', '--watch', '--every', '20ms']);
  for (let i = 0; i < 3; i++) assert.ok(Number(await watch.line()) > 200);
  const ended = await watch.end('SIGINT');
  assert.equal(ended.err, '');
  const browsed = await omh(t, 'browse', host, '--pause', '1ms');
  assert.match(browsed.out, /VendorName: Acme/);
  assert.match(browsed.out, /^holding registers +40301 +40350 +50 +300 to 349/m);
});

test('what is wrong with a command about a device is one sentence', { timeout: 60_000 }, async (t) => {
  const flags = { driver: 'modbus-tcp', timeout: 100 };
  for (const [host, more, sentence] of [
    [undefined, {}, /Name the host/],
    ['a', { portPath: '/dev/ttyUSB0' }, /not both/],
    ['a', { set: ['tiemout=1s'] }, /tiemout is not a known key/],
    ['a:70000', {}, /port must be/],
    ['a', { set: ['x'] }, /--set takes key=value/],
    [undefined, { driver: 'modbus-serial' }, /needs --port-path/],
  ] as const)
    assert.throws(() => deviceOf(host, { ...flags, ...more }), sentence);
  assert.deepEqual(deviceOf('[::1]:1502', { ...flags, set: ['window=2', 'framing=rtu'] }).settings, {
    host: '::1',
    port: 1502,
    unit: 1,
    window: 2,
    framing: 'rtu',
  });
  const cases = [
    [['read', '127.0.0.1:1', '--address', '1!40001'], 1, /127\.0\.0\.1:1 refuses the connection/],
    [['browse', '--port-path', '/dev/no-such-port', '--unit', '3'], 1, /There is no serial port \/dev\/no-such-port/],
    [['write', '127.0.0.1:1', 'abc', '--address', '1!40001', '--yes'], 2, /abc is no value of the type uint16/],
  ] as const;
  await Promise.all(
    cases.map(async ([args, code, sentence]) => {
      const ended = await omh(t, ...args);
      assert.equal(ended.code, code, `${args.join(' ')}: ${ended.err}`);
      assert.match(ended.err, sentence);
      assert.doesNotMatch(ended.err, /\n {4}at /);
    }),
  );
});
