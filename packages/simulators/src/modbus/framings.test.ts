import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { constants, createReadStream, createWriteStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { parseFault } from '../faults/parse.ts';
import { faultKinds } from '../faults/schema.ts';
import { createSimulator } from '../registry.ts';
import { chance } from '../signals/chance.ts';
import { RawClient, readHolding, started } from '../testing/raw-client.ts';
import { Device } from './device.ts';
import { Session, type SessionContext, type Wire } from './session.ts';

const units = { 1: { registers: { 40001: [7, 8] } }, 2: { registers: { 40001: 9 } } };
const framed = (name: modbus.FramingName, unit: number, pdu: Uint8Array): Uint8Array => {
  const framing = modbus.framings[name];
  const out = new Uint8Array(framing.frameLength(pdu.length));
  framing.put(out, 0, 0, unit, pdu, 0, pdu.length);
  return out;
};

for (const framing of ['rtu', 'ascii'] as const) {
  test(`${framing} over TCP: its units answer, others are silent, unit 0 is for all and nobody answers`, async (t) => {
    const { sim, port } = await started(t, { framing, units });
    const client = await RawClient.to(t, port);
    const ask = async (unit: number, pdu: Uint8Array, answer: Uint8Array): Promise<void> => {
      client.pieces.length = 0;
      client.socket.write(framed(framing, unit, pdu));
      await client.until(() => client.bytes.length >= answer.length);
      assert.equal(client.bytes.toString('hex'), Buffer.from(answer).toString('hex'));
    };
    await ask(1, readHolding(0, 2), framed(framing, 1, Uint8Array.of(3, 4, 0, 7, 0, 8)));
    client.socket.write(framed(framing, 0, modbus.encodeWriteRegister(0, Uint8Array.of(0, 42))));
    client.socket.write(framed(framing, 9, readHolding(0, 1)));
    client.socket.write('what is this?');
    await ask(2, readHolding(0, 1), framed(framing, 2, Uint8Array.of(3, 2, 0, 42)));
    await ask(1, readHolding(0, 1), framed(framing, 1, Uint8Array.of(3, 2, 0, 42)));
    assert.deepEqual(
      sim.requests().map(({ outcome }) => outcome),
      ['answered', 'broadcast', 'no such unit', 'answered', 'answered'],
    );
  });
}

test('UDP: a datagram holds a request, its answer goes back to who asked', async (t) => {
  const { sim, port } = await started(t, { transport: 'udp', units });
  const sockets = await Promise.all(
    [0, 1].map(async () => {
      const socket = createSocket('udp4');
      t.after(() => socket.close());
      socket.connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  for (const [i, socket] of sockets.entries()) {
    socket.send('garbage that is no request');
    socket.send(modbus.frameOf(i + 5, i + 1, readHolding(0, 1)));
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.deepEqual([answer.readUInt16BE(0), answer[6], answer.readUInt16BE(9)], [i + 5, i + 1, i === 0 ? 7 : 9]);
  }
  assert.equal(sim.stats().connections, 2);
  const address = sim.address();
  sim.addFault({ fault: 'refuse-connections' });
  await sim.stop();
  sim.clearFaults();
  await sim.start();
  assert.equal(sim.address(), address);
  const [socket] = sockets;
  socket!.send(modbus.frameOf(9, 1, readHolding(0, 1)));
  const [answer] = (await once(socket!, 'message')) as [Buffer];
  assert.equal(answer.readUInt16BE(0), 9, 'it refuses nobody any more');
});

test('a hundred thousand random requests, cut anywhere, are answered, spoiled by some fault or dropped, and never thrown', () => {
  const clock = new VirtualClock();
  for (const name of modbus.framingNames) {
    // Each kind hits some of the requests to unit 2.
    const faults = faultKinds.map((fault) =>
      parseFault({
        fault,
        ...(/slow|late/.test(fault) ? { delay: '1ms' } : {}),
        ...(/half-open|refuse-connections|stuck|clock/.test(fault) ? {} : { unit: 2, share: 0.05 }),
      }),
    );
    const device = new Device('plant', { port: 0, units: { 1: {}, 2: {} }, faults }, { clock, folder: '.' });
    let written = 0;
    let closed = false;
    const wire: Wire = {
      peer: 'fuzz',
      write: (bytes) => (written += bytes.length) > 0,
      pause: () => {},
      resume: () => {},
      destroy: () => {
        closed = true;
      },
    };
    const context: SessionContext = {
      device,
      clock,
      log: silentLogger,
      framing: modbus.framings[name],
      delayMs: 0,
      jitterMs: 0,
      atOnce: Number.POSITIVE_INFINITY,
      chance: () => 0,
      logged: () => {},
    };
    let session = new Session(wire, context);
    let drawn = 0;
    const below = (n: number): number => Math.floor(chance(7, drawn++) * n);
    for (let i = 0; i < 34_000; i++) {
      const pdu = Uint8Array.from({ length: 1 + below(below(8) === 0 ? 253 : 12) }, () => below(256));
      if (below(3) > 0) pdu[0] = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 17, 22, 23, 24, 43][below(16)]!;
      const frame = below(20) === 0 ? pdu : framed(name, below(4), pdu);
      const cut = below(frame.length + 1);
      session.receive(frame.subarray(0, cut));
      session.receive(frame.subarray(cut));
      if (!closed) continue;
      closed = false;
      session = new Session(wire, context);
    }
    assert.ok(written > 1000, `${name}: ${written} bytes are answered`);
    session.end();
  }
  assert.equal(clock.pending, 0);
});

const terminals = `
import os, pty, sys, tty
ends = [pty.openpty(), pty.openpty()]
for main, other in ends: tty.setraw(main); tty.setraw(other)
print(os.ttyname(ends[0][1]), os.ttyname(ends[1][1]), flush=True)
import select
while True:
  for ready in select.select([ends[0][0], ends[1][0], 0], [], [])[0]:
    if ready == 0: sys.exit()
    os.write(ends[1][0] if ready == ends[0][0] else ends[0][0], os.read(ready, 4096))
`;

test('a serial line: RTU frames come and go, and a line that is not there is a sentence', async (t) => {
  const missing = createSimulator(
    'plant',
    { protocol: 'modbus-tcp', port: 0, transport: 'serial', path: '/dev/omh-none' },
    { clock: systemClock, log: silentLogger },
  );
  await assert.rejects(missing.start(), { message: 'The simulator plant cannot open the serial line /dev/omh-none: it does not exist.' });
  if (spawnSync('python3', ['-c', 'import pty'], { stdio: 'ignore' }).status !== 0)
    return t.skip('python3 not found: apt-get install python3');
  const child = spawn('python3', ['-c', terminals], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [ours, theirs] = line.split(' ') as [string, string];
  const sim = createSimulator(
    'plant',
    { protocol: 'modbus-tcp', port: 0, transport: 'serial', path: ours, units },
    { clock: systemClock, log: silentLogger },
  );
  t.after(() => sim.stop());
  await sim.start();
  assert.equal(sim.address(), ours);
  // As the terminal of this process its end would end the process too.
  const opened = (how: number): number => openSync(theirs, how | constants.O_NOCTTY);
  const input = createReadStream('', { fd: opened(constants.O_RDONLY) });
  const output = createWriteStream('', { fd: opened(constants.O_WRONLY) });
  // What is still being read when the terminals go is no answer.
  input.on('error', () => {});
  output.on('error', () => {});
  for (let i = 0; i < 3; i++) {
    output.write(framed('rtu', 2, readHolding(0, 1)));
    const [answer] = (await once(input, 'data')) as [Buffer];
    assert.equal(answer.toString('hex'), Buffer.from(framed('rtu', 2, Uint8Array.of(3, 2, 0, 9))).toString('hex'));
  }
  for (const fault of ['reset', 'half-open'] as const) {
    const { id } = sim.addFault({ fault });
    output.write(framed('rtu', 2, readHolding(0, 1)));
    if (fault === 'reset') while (sim.faults()[0]!.hits === 0) await systemClock.sleep(2);
    sim.removeFault(id);
    output.write(framed('rtu', 2, readHolding(0, 1)));
    const [answer] = (await once(input, 'data')) as [Buffer];
    assert.equal(answer[0], 2, `the line is alive after ${fault}`);
    input.read();
    await systemClock.sleep(20);
  }
  output.destroy();
  input.destroy();
  await sim.stop();
  assert.equal(sim.address(), undefined);
});
