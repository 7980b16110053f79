import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageBusSuite } from '@omh/core/testing';
import { openBroker, tcpPort } from '../test-support.ts';
import { mosquittoFound, mosquittoMissing, openExternal, openMosquitto } from './test-support.ts';

const capabilities = { events: false, clients: false, retained: true, stages: false, batch: false, cursors: true };

for (const { name, run } of messageBusSuite(async () => {
  const broker = await openBroker();
  const bus = await openExternal(tcpPort(broker));
  return {
    bus,
    close: async () => {
      await bus.stop();
      await broker.stop();
    },
  };
}, capabilities))
  test(`bus over our broker: ${name}`, run);

for (const { name, run } of messageBusSuite(async () => {
  const broker = await openMosquitto();
  const bus = await openExternal(broker.port);
  return {
    bus,
    close: async () => {
      await bus.stop();
      await broker.stop();
    },
  };
}, capabilities))
  test(`bus over mosquitto: ${name}`, async (t) => {
    if (mosquittoFound) await run();
    else t.skip(mosquittoMissing);
  });

test('an external bus says what it can do', async () => {
  const bus = await openExternal(1);
  assert.deepEqual(bus.capabilities, capabilities);
  await bus.stop();
});
