import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import type { FaultConfig } from '../faults/config.ts';
import { readHolding } from '../testing/raw-client.ts';
import { Device } from './device.ts';
import { Session } from './session.ts';

/** A session on a wire that takes what it is given and may say that it is full. */
function onWire({ delayMs = 0, faults = [] as readonly FaultConfig[] } = {}) {
  const clock = new VirtualClock();
  const device = new Device('plant', { port: 0, units: { 1: {} }, faults }, { clock, folder: '.' });
  const seen = { bytes: 0, full: false, paused: false, outcomes: [] as string[] };
  const session = new Session(
    {
      peer: 'test',
      write: (bytes) => {
        seen.bytes += bytes.length;
        return !seen.full;
      },
      pause: () => {
        seen.paused = true;
      },
      resume: () => {
        seen.paused = false;
      },
      destroy: () => {},
    },
    {
      device,
      clock,
      log: silentLogger,
      framing: modbus.framings.mbap,
      delayMs,
      jitterMs: 0,
      atOnce: Number.POSITIVE_INFINITY,
      chance: () => 0,
      logged: (_peer, _asked, outcome) => void seen.outcomes.push(outcome),
    },
  );
  return { clock, session, seen };
}
const request = modbus.frameOf(1, 1, readHolding(0, 1));
const many = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => request));

test('a client that asks too fast waits until answers are out, and one that does not read waits until it does', async () => {
  const { clock, session, seen } = onWire({ delayMs: 20 });
  session.receive(many(1500));
  assert.equal(seen.paused, true, 'too many answers wait');
  seen.full = true;
  await clock.advance(100);
  assert.equal(seen.bytes, 1500 * 11);
  assert.equal(seen.paused, true, 'they are out, but nobody reads them');
  session.drained();
  assert.equal(seen.paused, false);
  seen.full = false;
  session.receive(many(1500));
  assert.equal(seen.paused, true);
  await clock.advance(100);
  assert.equal(seen.paused, false, 'they are out and read');
  session.end();
  assert.equal(clock.pending, 0);
});

test('a session that ends while its client waits leaves no timer', () => {
  for (const end of ['end', 'freeze'] as const) {
    const { clock, session } = onWire({ delayMs: 20 });
    session.receive(many(1500));
    session[end]();
    assert.equal(clock.pending, 0, end);
  }
});

test('datagrams that come while too many answers wait are lost', async () => {
  const { clock, session, seen } = onWire({ delayMs: 20 });
  for (let i = 0; i < 3000; i++) session.receiveDatagram(request);
  assert.equal(seen.outcomes.length, 1000);
  await clock.advance(20);
  session.receiveDatagram(request);
  assert.equal(seen.outcomes.length, 1001);
  session.end();
});

test('the log says what became of an answer on its way out', () => {
  const { session, seen } = onWire({
    faults: [{ fault: 'slow', delay: '1s' }, { fault: 'wrong-unit' }, { fault: 'busy', function: 4 }, { fault: 'stuck' }],
  });
  session.receive(request);
  session.receive(Buffer.from(modbus.frameOf(1, 1, modbus.encodeRead(4, 0, 1))));
  assert.deepEqual(seen.outcomes, [
    'answered (slow, wrong-unit)',
    `refused: ${modbus.exceptionMeaning(6).name} (exception 6) (slow, wrong-unit)`,
  ]);
  session.end();
});
