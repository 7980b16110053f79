import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Broker, ExternalBroker } from '@omh/broker';
import { OmhError, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { brokerAdmin } from './broker-admin.ts';
import type { Rooms } from './rooms.ts';

const clock = new VirtualClock();
const roomsWith = (broker: Rooms['broker']): Rooms => ({ broker }) as Rooms;

test('the broker inside is looked after here', () => {
  const broker = new Broker({ listeners: {}, clock, log: silentLogger, authenticate: () => undefined, authorize: () => true });
  assert.equal(brokerAdmin(roomsWith(broker)), broker);
});

test('a broker elsewhere looks after itself: its address is named, its password is not', () => {
  const memory = { load: () => [], save: () => {} };
  const broker = new ExternalBroker({ url: 'mqtt://omh:secret@broker.example:1883', clientId: 'omh', memory, clock, log: silentLogger });
  assert.throws(
    () => brokerAdmin(roomsWith(broker)),
    (thrown) =>
      thrown instanceof OmhError &&
      thrown.code === 'HUB_BROKER_ELSEWHERE' &&
      thrown.message.includes('broker.example') &&
      !thrown.message.includes('secret'),
  );
});
