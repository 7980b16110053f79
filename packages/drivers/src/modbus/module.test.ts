import assert from 'node:assert/strict';
import { test } from 'node:test';
import Schema from 'typebox/schema';
import { modbusSerial, modbusTcp } from './module.ts';

for (const module of [modbusTcp, modbusSerial]) {
  test(`every setting of ${module.id} has a title, a description and an effect`, () => {
    const check = (properties: Record<string, Record<string, unknown>>): void => {
      for (const [name, property] of Object.entries(properties)) {
        for (const key of ['title', 'description']) assert.equal(typeof property[key], 'string', `${name}.${key}`);
        assert.ok(['live', 'reconnect', 'restart'].includes(property['effect'] as string), name);
        if (property['properties'] !== undefined) check(property['properties'] as typeof properties);
      }
    };
    check(module.settings['properties'] as Record<string, Record<string, unknown>>);
    assert.equal(module.settings['additionalProperties'], false);
    assert.doesNotThrow(() => JSON.stringify(module.settings));
  });
}

test('an address is parsed to its one spelling', () => {
  assert.deepEqual(modbusTcp.parseAddress('1!40001', { type: 'int16', access: 'read' }), {
    ok: true,
    value: { canonical: '1!400001', writable: true },
  });
  assert.deepEqual(modbusTcp.parseAddress('1!30001', { type: 'int16', access: 'read' }), {
    ok: true,
    value: { canonical: '1!300001', writable: false },
  });
  assert.equal(modbusTcp.parseAddress('9!x', { type: 'int16', access: 'read' }).ok, false);
});

test('the endpoint says where the device is, and how', () => {
  assert.equal(modbusTcp.endpoint({ host: 'press.example', transport: 'tls' }), 'press.example:802');
  assert.equal(modbusTcp.endpoint({ host: 'a', backup: { host: 'b' } }), 'a:502, backup b:502');
  assert.equal(modbusTcp.endpoint({ listen: { host: '127.0.0.1', port: 1502 } }), 'dials in to 127.0.0.1:1502');
  assert.equal(modbusSerial.endpoint({ port: '/dev/ttyUSB0' }), '/dev/ttyUSB0');
  assert.equal(modbusTcp.endpoint({ host: 'press.example' }), 'press.example:502');
});

test('settings that do not go together are refused', () => {
  const fits = (module: { settings: object }, settings: object): boolean => Schema.Check(module.settings, settings);
  assert.ok(fits(modbusTcp, { host: 'press' }) && !fits(modbusTcp, {}));
  assert.ok(
    fits(modbusTcp, { listen: { port: 1502 }, transport: 'tls' }) && !fits(modbusTcp, { listen: { port: 1502 }, transport: 'udp' }),
  );
  assert.ok(fits(modbusTcp, { host: 'press', transport: 'udp' }));
  const port = '/dev/ttyUSB0';
  assert.ok(fits(modbusSerial, { port, dataBits: 7, framing: 'ascii' }) && fits(modbusSerial, { port, dataBits: 8 }));
  assert.ok(!fits(modbusSerial, { port, dataBits: 7 }) && !fits(modbusSerial, { port, dataBits: 7, framing: 'rtu' }));
});
