import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { systemClock } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { RawClient, readHolding, started } from '../testing/raw-client.ts';
import type { FaultConfig } from './config.ts';
import { faultOfText } from './parse.ts';
import { isOver, nextChange, scheduleOf, since } from './schedule.ts';

const registers = { 40001: [0x1111, 0x2222, 0x3333, 0x4444] };
async function withFaults(t: TestContext, faults: readonly FaultConfig[], more: Parameters<typeof started>[1] = {}) {
  const { sim, port } = await started(t, { units: { 1: { registers }, 2: {} }, faults, ...more });
  return { sim, port, client: await RawClient.to(t, port) };
}
const good = '00010000000701030411112222';
const refusal = (answer: Buffer): number => (answer[7]! & 0x80 ? answer[8]! : 0);

test('a refused range is refused by its rule and code, and nothing else is', async (t) => {
  const at = { fault: 'refuse', area: 'holding', from: 10, to: 11 } as const;
  const ask = async (client: RawClient, start: number, count: number): Promise<number> =>
    refusal(await client.ask(readHolding(start, count)));
  const codes = async (fault: FaultConfig): Promise<number[]> => {
    const { client } = await withFaults(t, [fault]);
    const out: number[] = [];
    for (const [start, count] of [
      [0, 10],
      [10, 2],
      [9, 4],
      [10, 1],
      [9, 2],
      [12, 3],
    ] as const)
      out.push(await ask(client, start, count));
    return out;
  };
  assert.deepEqual(await codes(at), [0, 2, 2, 2, 2, 0]);
  assert.deepEqual(await codes({ ...at, rule: 'all', code: 4 }), [0, 4, 0, 4, 0, 0]);
  assert.deepEqual(await codes({ ...at, rule: 'straddle', code: 3 }), [0, 0, 0, 3, 3, 0]);
  const both = await withFaults(t, [at]);
  const readWrite = (read: number, written: number): Uint8Array => Uint8Array.of(23, 0, read, 0, 1, 0, written, 0, 1, 2, 0, 7);
  assert.equal(refusal(await both.client.ask(readWrite(0, 11))), 2, 'what is written counts as what is read');
  assert.equal(refusal(await both.client.ask(readWrite(0, 12))), 0);
  const { sim, client } = await withFaults(t, [], { holes: [{ from: 10 }, { from: 0, area: 'input', unit: 2 }] });
  assert.deepEqual([sim.faults(), sim.clearFaults()], [[], 0], 'a hole is part of the device');
  assert.throws(() => sim.removeFault(0), { code: 'SIMULATORS_NO_FAULT' });
  assert.equal(await ask(client, 10, 1), 2);
  assert.equal(refusal(await client.ask(modbus.encodeRead(4, 0, 1), 1, 1)), 0);
  assert.equal(refusal(await client.ask(modbus.encodeRead(4, 0, 1), 1, 2)), 2);
});

test('busy, gateway and any other exception, for one unit or one function', async (t) => {
  const { client } = await withFaults(t, [
    { fault: 'busy', unit: 2, function: 3 },
    { fault: 'gateway', unit: 2, function: 4 },
    { fault: 'gateway', unit: 2, function: 1, code: 10 },
    { fault: 'refuse', unit: 2, function: 6, code: 129 },
  ]);
  const code = async (pdu: Uint8Array, unit: number): Promise<number> => refusal(await client.ask(pdu, 1, unit));
  assert.equal(await code(readHolding(0, 1), 1), 0);
  assert.equal(await code(readHolding(0, 1), 2), 6);
  assert.equal(await code(modbus.encodeRead(4, 0, 1), 2), 11);
  assert.equal(await code(modbus.encodeRead(1, 0, 1), 2), 10);
  assert.equal(await code(modbus.encodeWriteRegister(0, Uint8Array.of(0, 1)), 2), 129);
});

test('silence answers nothing and keeps the connection; the log says so', async (t) => {
  const { sim, client } = await withFaults(t, [{ fault: 'silent', unit: 1 }]);
  client.send(readHolding(0, 2));
  assert.equal((await client.ask(readHolding(0, 1), 2, 2)).readUInt16BE(0), 2);
  assert.equal(client.closed, 'no');
  assert.deepEqual(
    sim.requests().map(({ outcome }) => outcome),
    ['not answered', 'answered'],
  );
  assert.equal(sim.faults()[0]!.hits, 1);
  sim.removeFault(1);
  assert.equal((await client.ask(readHolding(0, 2))).toString('hex'), good);
  assert.throws(() => sim.removeFault(1), { message: 'The simulator plant has no fault 1.' });
});

test('a reset ends the connection with a TCP reset; the next one is served until the next request', async (t) => {
  const { sim, port, client } = await withFaults(t, [{ fault: 'reset' }]);
  client.send(readHolding(0, 2));
  await client.until(() => client.closed === 'reset');
  assert.equal(client.bytes.length, 0);
  assert.equal(sim.clearFaults(), 1);
  assert.equal((await (await RawClient.to(t, port)).ask(readHolding(0, 2))).toString('hex'), good);
});

test('half open: nothing is read, answered or closed; when it is over old connections are reset and new ones served', async (t) => {
  const { sim, port, client } = await withFaults(t, []);
  await client.ask(readHolding(0, 2));
  client.pieces.length = 0;
  const { id } = sim.addFault({ fault: 'half-open' });
  const late = await RawClient.to(t, port);
  for (const each of [client, late]) each.send(readHolding(0, 2));
  client.socket.end();
  await systemClock.sleep(60);
  assert.deepEqual([client.closed, late.closed, client.bytes.length, late.bytes.length], ['no', 'no', 0, 0]);
  assert.equal(sim.stats().requests, 1);
  sim.removeFault(id);
  for (const each of [client, late]) await each.until(() => each.closed === 'reset');
  assert.equal((await (await RawClient.to(t, port)).ask(readHolding(0, 2))).toString('hex'), good);
});

test('refused connections are refused, those that stand go on, and it listens again on its port', async (t) => {
  const { sim, port, client: standing } = await withFaults(t, []);
  sim.addFault({ fault: 'refuse-connections', for: '100ms' });
  const refused = connect(port, '127.0.0.1');
  const [error] = await new Promise<[NodeJS.ErrnoException]>((resolve) => refused.on('error', (cause) => resolve([cause])));
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal((await standing.ask(readHolding(0, 2))).toString('hex'), good);
  for (;;) {
    const again = await RawClient.to(t, port).catch(() => undefined);
    if (again === undefined) continue;
    assert.equal((await again.ask(readHolding(0, 2))).toString('hex'), good);
    break;
  }
});

test('wrong transaction, unit and byte count stand in the frame, which is else as it should be', async (t) => {
  const answer = async (fault: FaultConfig): Promise<string> =>
    (await (await withFaults(t, [fault])).client.ask(readHolding(0, 2))).toString('hex');
  assert.equal(await answer({ fault: 'wrong-transaction' }), good.replace(/^0001/, '03e9'));
  assert.equal(await answer({ fault: 'wrong-unit' }), good.replace('0701', '0702'));
  assert.equal(await answer({ fault: 'wrong-count' }), good.replace('010304', '010306'));
});

test('a truncated answer lacks its end, and garbage stands instead, before or after', async (t) => {
  const answer = async (fault: FaultConfig, length: number): Promise<string> => {
    const { client } = await withFaults(t, [fault]);
    client.send(readHolding(0, 2));
    await client.until(() => client.bytes.length >= length);
    assert.equal(client.bytes.length, length);
    return client.bytes.toString('hex');
  };
  assert.equal(await answer({ fault: 'truncate', bytes: 4 }, 9), good.slice(0, -8));
  const noise = await answer({ fault: 'garbage', bytes: 9 }, 9);
  assert.equal(await answer({ fault: 'garbage', bytes: 9 }, 9), noise, 'the same seed brings the same garbage');
  assert.equal(await answer({ fault: 'garbage', bytes: 9, mode: 'before' }, 22), noise + good);
  assert.equal(await answer({ fault: 'garbage', bytes: 9, mode: 'after' }, 22), good + noise);
});

test('an answer comes in pieces of the size that was asked for', async (t) => {
  const { client } = await withFaults(t, [{ fault: 'split', bytes: 5, pause: '15ms' }]);
  const answer = await client.ask(readHolding(0, 2));
  assert.equal(answer.toString('hex'), good);
  assert.deepEqual(
    client.pieces.map(({ length }) => length),
    [5, 5, 3],
  );
});

test('two answers come in one piece, and a lonely one after a while', async (t) => {
  const { client } = await withFaults(t, [{ fault: 'glue', wait: '40ms' }]);
  client.send(readHolding(0, 2), 1);
  await systemClock.sleep(5);
  assert.equal(client.bytes.length, 0);
  client.send(readHolding(0, 2), 2);
  await client.until(() => client.bytes.length === 26);
  assert.equal(client.pieces.length, 1);
  assert.equal((await client.ask(readHolding(0, 2))).toString('hex'), good);
});

test('a slow answer holds those behind it, a late one lets them pass', async (t) => {
  const order = async (fault: FaultConfig): Promise<number[]> => {
    const { client } = await withFaults(t, [{ ...fault, from: 0, area: 'holding' }]);
    client.send(readHolding(0, 2), 1);
    client.send(readHolding(2, 2), 2);
    await client.until(() => client.bytes.length === 26);
    return [client.bytes.readUInt16BE(0), client.bytes.readUInt16BE(13)];
  };
  const begin = performance.now();
  assert.deepEqual(await order({ fault: 'slow', delay: '30ms', jitter: '5ms' }), [1, 2]);
  assert.ok(performance.now() - begin >= 29);
  assert.deepEqual(await order({ fault: 'late', delay: '30ms' }), [2, 1]);
});

test('stuck values stay while everything else moves, and move again', async (t) => {
  const clock = new VirtualClock();
  const signals = [40001, 40002].map((at) => ({ at, signal: 'counter' as const, every: '1s' }));
  const { sim, port } = await started(
    t,
    { units: { 1: { signals } }, faults: [{ fault: 'stuck', area: 'holding', from: 0, at: '3s', for: '5s' }] },
    clock,
  );
  const client = await RawClient.to(t, port);
  const seen: number[][] = [];
  for (let second = 0; second < 10; second++) {
    const pdu = await client.pdu(readHolding(0, 2));
    seen.push([pdu.readUInt16BE(2), pdu.readUInt16BE(4)]);
    await clock.advance(1000);
  }
  assert.deepEqual(
    seen.map(([stuck]) => stuck),
    [0, 1, 2, 3, 3, 3, 3, 3, 8, 9],
  );
  assert.deepEqual(
    seen.map(([, moving]) => moving),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.equal(sim.faults()[0]!.active, false);
});

test('a stuck value is that of the moment it got stuck, however often it was read, also of physics and their alarms', async (t) => {
  const signals = [
    { name: 'count', at: 40001, signal: 'counter' as const, every: '100ms' },
    { name: 'level', at: 40003, type: 'float' as const, signal: 'tank' as const, capacity: 100, inflow: 1, high: 4, highAlarm: '10001' },
  ];
  const faults: FaultConfig[] = [{ fault: 'stuck', at: '3250ms', for: '5s' }];
  const run = async (everyMs: number): Promise<string[]> => {
    const clock = new VirtualClock();
    const { sim } = await started(t, { units: { 1: { signals } }, faults }, clock);
    const alarm = (): number => sim.registers().find(({ area, address }) => area === 'discrete' && address === 0)!.value;
    const out: string[] = [];
    for (let ms = 0; ms <= 9000; ms += everyMs) {
      const row = `${sim
        .signals()
        .map(({ value }) => Number(value).toFixed(3))
        .join(' ')} ${alarm()}`;
      if (ms === 6000 || ms === 9000) out.push(row);
      await clock.advance(everyMs);
    }
    return out;
  };
  const seldom = await run(3000);
  assert.deepEqual(seldom, ['32.000 3.200 0', '90.000 9.000 1']);
  assert.deepEqual(await run(50), seldom);
});

test('a wrong clock stands still or is off', async (t) => {
  const clock = new VirtualClock();
  const signals = [{ name: 'clock', at: 40001, type: 'uint32', signal: 'clock' } as const];
  const faults: FaultConfig[] = [
    { fault: 'clock', at: '10s', for: '10s' },
    { fault: 'clock', mode: 'jump', by: '-1h', at: '30s', for: '10s' },
  ];
  const { sim } = await started(t, { units: { 1: { signals } }, faults }, clock);
  const begin = clock.now() / 1e6;
  const seen: number[] = [];
  for (let i = 0; i < 9; i++) {
    seen.push(Number(sim.signals()[0]!.value) - begin);
    await clock.advance(5000);
  }
  assert.deepEqual(seen, [0, 5, 10, 10, 20, 25, -3570, -3565, 40]);
});

test('a fault comes and goes by its time-table', () => {
  const schedule = scheduleOf({ at: '30s', for: '10s', every: '2min' }, 0);
  const seconds = [29.9, 30, 39.9, 40, 149.9, 150, 159.9, 160].map((s) => since(schedule, s * 1000));
  assert.deepEqual(seconds, [undefined, 30_000, 30_000, undefined, undefined, 150_000, 150_000, undefined]);
  assert.deepEqual(
    [0, 30_000, 35_000, 40_000, 150_000].map((ms) => nextChange(schedule, ms)),
    [30_000, 40_000, 40_000, 150_000, 160_000],
  );
  const once = scheduleOf({ for: '5s' }, 7000);
  assert.deepEqual([since(once, 7000), since(once, 12_000), isOver(once, 11_999), isOver(once, 12_000)], [7000, undefined, false, true]);
  const always = scheduleOf({}, 50);
  assert.deepEqual([since(always, 1e9), nextChange(always, 1e9), isOver(always, 1e9)], [50, undefined, false]);
  assert.equal(nextChange(scheduleOf({ at: '0s', for: '5s', every: '1s' }, 0), 100), undefined);
});

test('a share of the requests is hit, the same ones each time', async (t) => {
  const run = async (): Promise<string> => {
    const { client } = await withFaults(t, [{ fault: 'busy', share: 0.3 }]);
    let out = '';
    for (let i = 0; i < 100; i++) out += refusal(await client.ask(readHolding(0, 1))) === 6 ? 'x' : '.';
    return out;
  };
  const first = await run();
  assert.equal(await run(), first);
  const hits = first.split('x').length - 1;
  assert.ok(hits > 15 && hits < 45, first);
});

test('faults are switched on with a time from now, and wrong ones are refused with a sentence', async (t) => {
  const clock = new VirtualClock();
  const { sim } = await started(t, { units: { 1: {} } }, clock);
  await clock.advance(60_000);
  const view = sim.addFault({ fault: 'slow', delay: '10ms', for: '10s' });
  assert.deepEqual(view, {
    id: 1,
    fault: 'slow',
    text: 'It takes 10 ms longer for an answer.',
    settings: { fault: 'slow', delay: '10ms', for: '10s' },
    active: true,
    heldForMs: 0,
    changesInMs: 10_000,
    hits: 0,
  });
  await clock.advance(10_000);
  assert.equal(sim.faults()[0]!.active, false);
  sim.addFault(faultOfText('refuse,code=4,from=10,to=12,area=holding'));
  assert.deepEqual(
    sim.faults().map(({ settings }) => settings),
    [{ fault: 'refuse', code: 4, from: 10, to: 12, area: 'holding' }],
  );
  for (const [wrong, says] of [
    [{ fault: 'sielnt' }, /fault must be one of .* Did you mean "silent"\?/],
    [{ fault: 'slow' }, /delay is missing|needs .*delay|delay/],
    [{ fault: 'silent', for: 10 }, /for must be/],
    [{ fault: 'busy', delay: '1s' }, /delay is not a known key/],
    [undefined, /must be/],
    ['silent', /must be/],
    [{ fault: 'busy', from: 9, to: 3 }, /to is 3 and from is 9/],
    [{ fault: 'busy', to: 3 }, /from is missing/],
    [{ fault: 'half-open', unit: 1 }, /unit is not a known key/],
    [{ fault: 'clock', area: 'holding' }, /area is not a known key/],
  ] as const)
    assert.throws(
      () => sim.addFault(wrong),
      (error: { code: string; message: string }) => error.code === 'SIMULATORS_FAULT_SETTINGS' && says.test(error.message),
      JSON.stringify(wrong),
    );
  const later = sim.addFault({ fault: 'busy', at: '10s', for: '1s' });
  assert.deepEqual([later.active, later.changesInMs], [false, 10_000], 'what is switched on later counts from then');
  await clock.advance(11_000);
  for (let i = 1; i < 1000; i++) sim.addFault({ fault: 'busy' });
  assert.throws(() => sim.addFault({ fault: 'busy' }), { code: 'SIMULATORS_TOO_MANY_FAULTS' });
});
