import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { OmhError, systemClock } from '@omh/core';
import { modbus } from '@omh/wire';
import { ModbusPeer } from '../../testing/modbus-peer.ts';
import { modbusTcp } from '../module.ts';
import { deviceTemplate } from './device-template.ts';
import { visitDevice } from './device-visit.ts';
import { probe } from './probe.ts';
import { survey } from './spans.ts';

async function device(t: TestContext): Promise<ModbusPeer> {
  const peer = await ModbusPeer.listen();
  t.after(() => peer.close());
  return peer;
}
const options = { clock: systemClock, timeoutMs: 300 };
const code = (wanted: string) => (thrown: unknown) => thrown instanceof OmhError && thrown.code === wanted;

/** Ends when no connection is left; the peer hears of a close a moment later. */
const alone = async (peer: ModbusPeer): Promise<void> => {
  while (peer.connections > 0) await systemClock.sleep(2);
};

/** Holding registers in `ranges` of at most `most` at once; everything else is refused. */
function limited(peer: ModbusPeer, ranges: readonly (readonly [number, number])[], most: number): void {
  peer.respond = (_unit, request) => {
    if (request.kind !== 'read' || request.function !== 3) return 1;
    if (request.count > most) return 3;
    return ranges.some(([from, to]) => request.start >= from && request.start + request.count - 1 <= to) ? 'own' : 2;
  };
}

test('a probe reads only, over one connection, and writes the address as a tag of the device does', async (t) => {
  const peer = await device(t);
  let tick = 0;
  peer.respond = () => {
    const bytes = new Uint8Array(4);
    modbus.encodeValue('float', 229 + 0.3 * Math.sin(tick++ / 3), bytes, 2, { length: 0, layout: 'H' });
    peer.holding[11] = (bytes[0]! << 8) | bytes[1]!;
    peer.holding[12] = (bytes[2]! << 8) | bytes[3]!;
    return 'own';
  };
  const found = await probe(modbusTcp, peer.settings, { address: '40011', hint: { value: 229 }, everyMs: 10 }, options);
  assert.equal(found.candidates[0]!.address, '1!400012#BL');
  assert.equal(found.first, 6);
  assert.deepEqual([found.samples.length, found.samples[0]!.length], [10, 13]);
  await alone(peer);
  const own = await probe(
    modbusTcp,
    { ...peer.settings, byteOrder: 'CDAB', addressing: 'zero', unit: 3 },
    { address: 'hr11', everyMs: 10 },
    options,
  );
  assert.equal(own.candidates[0]!.address, '3!hr11');
  assert.equal(own.unit, 3);
  assert.ok(peer.seen.every((r) => r.function === 3));
  assert.equal(peer.mostConnections, 1);
  await alone(peer);
});

test('bits, addresses that are none, silence and refusal are sentences', async (t) => {
  const peer = await device(t);
  const at = (address: string) => probe(modbusTcp, peer.settings, { address, everyMs: 10 }, options);
  await assert.rejects(async () => at('00001'), code('DRIVERS_PROBE_BITS'));
  await assert.rejects(async () => at('nowhere'), code('DRIVERS_MODBUS_ADDRESS'));
  limited(peer, [], 125);
  await assert.rejects(at('40011'), (thrown) => code('DRIVERS_PROBE_UNREADABLE')(thrown) && /has no such address/.test(String(thrown)));
  peer.seen.length = 0;
  peer.respond = () => undefined;
  await assert.rejects(at('40011'), (thrown) => code('DRIVERS_PROBE_UNREADABLE')(thrown) && /does not answer/.test(String(thrown)));
  assert.ok(peer.seen.length <= 2, 'it does not go on asking');
  await alone(peer);
});

test('a probe ends when it is called off', async (t) => {
  const peer = await device(t);
  const control = new AbortController();
  const running = probe(modbusTcp, peer.settings, { address: '40011', everyMs: 60_000 }, { ...options, signal: control.signal });
  while (peer.seen.length === 0) await systemClock.sleep(2);
  control.abort(new Error('enough'));
  await assert.rejects(running, /enough/);
});

test('spans, their borders and the largest request are found within the requests allowed', async (t) => {
  const peer = await device(t);
  limited(
    peer,
    [
      [0, 149],
      [200, 216],
      [512, 515],
    ],
    30,
  );
  const found = await survey(
    modbusTcp,
    peer.settings,
    { unit: 1, areas: ['holding'], pauseMs: 0, near: { area: 'holding', at: 40 } },
    options,
  );
  assert.deepEqual(
    found.spans.map((s) => [s.from, s.to, s.whole]),
    [
      [0, 149, true],
      [200, 216, true],
      [512, 515, true],
    ],
  );
  assert.equal(found.maxRegisters, 30);
  assert.ok(found.requests <= 200 && peer.seen.length === found.requests, String(found.requests));
  assert.ok(peer.seen.every((r) => [3, 17, 43].includes(r.function)));
  const few = await survey(modbusTcp, peer.settings, { unit: 1, requests: 100, pauseMs: 0 }, options);
  assert.ok(few.requests <= 100);
  assert.match(few.remarks.join(' '), /It ended with its 100 requests/);
});

test('coils are looked for with single bits, then read in requests that the device answers', async (t) => {
  const peer = await device(t);
  peer.respond = (_unit, request) => {
    if (request.kind !== 'read' || request.function !== 1) return 1;
    return request.start + request.count > 300 ? 2 : request.count > 64 ? 3 : 'own';
  };
  const found = await survey(modbusTcp, peer.settings, { unit: 1, areas: ['coil'], pauseMs: 0 }, options);
  assert.deepEqual(found.spans, [{ area: 'coil', from: 0, to: 299, whole: true }]);
  assert.ok(found.maxBits! > 31 && found.maxBits! <= 64, String(found.maxBits));
  assert.equal(found.maxRegisters, undefined);
});

test('a unit that stops answering is left after two questions', async (t) => {
  const peer = await device(t);
  peer.respond = () => undefined;
  const found = await survey(modbusTcp, peer.settings, { unit: 9, pauseMs: 0 }, { clock: systemClock, timeoutMs: 30 });
  assert.deepEqual(found.spans, []);
  assert.match(found.remarks.join(' '), /Unit 9 stopped answering/);
  assert.ok(peer.seen.length <= 4, String(peer.seen.length));
});

test('a second device of a template has nothing to find out', async (t) => {
  const peer = await device(t);
  limited(
    peer,
    [
      [0, 9],
      [12, 60],
      [100, 149],
    ],
    30,
  );
  const found = await survey(
    modbusTcp,
    peer.settings,
    { unit: 1, areas: ['holding'], pauseMs: 0, near: { area: 'holding', at: 12 } },
    options,
  );
  const text = deviceTemplate({ driver: 'modbus-tcp', settings: peer.settings, survey: found });
  assert.match(text, /\n {6}maxRegisters: 30\n {6}maxGap: 0\n/);
  assert.doesNotMatch(text, /127\.0\.0\.1/);
  peer.seen.length = 0;
  const tags = found.spans.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ address: `1!4${String(from + i + 1).padStart(4, '0')}`, type: 'uint16' as const })),
  );
  const readings = await visitDevice(modbusTcp, { ...peer.settings, maxRegisters: 30, maxGap: 0 }, options, (visit) => visit.read(tags));
  assert.ok(readings.every((r) => r.value === 0));
  assert.equal(peer.seen.length, 5, 'no request is refused');
});

test('a visit writes, and says what the device says against it', async (t) => {
  const peer = await device(t);
  await visitDevice(modbusTcp, peer.settings, options, (visit) => visit.write({ address: '1!40006', type: 'uint16' }, 77));
  assert.equal(peer.holding[5], 77);
  peer.respond = () => 2;
  await assert.rejects(
    visitDevice(modbusTcp, peer.settings, options, (visit) => visit.write({ address: '1!40006', type: 'uint16' }, 78)),
    code('DRIVERS_PROBE_NO_WRITE'),
  );
  await assert.rejects(
    visitDevice(modbusTcp, peer.settings, options, (visit) => visit.read([{ address: '40006', type: 'uint16' }])),
    /has no unit/,
  );
});
