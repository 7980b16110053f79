import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modbusTcp } from './module.ts';

test('every setting has a title, a description and an effect', () => {
  const properties = modbusTcp.settings['properties'] as Record<string, Record<string, unknown>>;
  assert.ok(Object.keys(properties).length >= 11);
  for (const [name, property] of Object.entries(properties)) {
    for (const key of ['title', 'description']) assert.equal(typeof property[key], 'string', `${name}.${key}`);
    assert.ok(['live', 'reconnect', 'restart'].includes(property['effect'] as string), name);
  }
  assert.deepEqual(modbusTcp.settings['required'], ['host']);
  assert.equal(modbusTcp.settings['additionalProperties'], false);
  assert.doesNotThrow(() => JSON.stringify(modbusTcp.settings));
});

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

test('the endpoint names the default port', () => {
  assert.equal(modbusTcp.endpoint({ host: 'press.example' }), 'press.example:502');
});
