import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { silentLogger, systemClock, type OmhError } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import ModbusRTU from 'modbus-serial';
import { createSimulator, simulatorSchemas } from '../registry.ts';
import { started } from '../testing/raw-client.ts';

async function client(t: TestContext, port: number, unit = 1): Promise<ModbusRTU.default> {
  const made = new ModbusRTU.default();
  await made.connectTCP('127.0.0.1', { port });
  made.setID(unit);
  made.setTimeout(2000);
  t.after(() => new Promise<void>((resolve) => made.close(() => resolve())));
  return made;
}
async function socketTo(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}
const exceptionOf = async (call: Promise<unknown>): Promise<number | undefined> => {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { modbusCode?: number }).modbusCode;
  }
};

test("an independent client reads the blueprint's temperature and humidity, new each second", async (t) => {
  const clock = new VirtualClock();
  const { sim, port } = await started(t, { preset: 'blueprint' }, clock);
  const master = await client(t, port);
  const temperatures = new Set<number>();
  const humidities = new Set<number>();
  for (let i = 0; i < 30; i++) {
    const { data } = await master.readHoldingRegisters(0, 2);
    assert.ok(data[0]! >= 280 && data[0]! <= 309, `${data[0]}`);
    assert.ok(data[1]! >= 700 && data[1]! <= 729, `${data[1]}`);
    assert.deepEqual((await master.readHoldingRegisters(0, 2)).data, data, 'they stay for the second');
    temperatures.add(data[0]!);
    humidities.add(data[1]!);
    await clock.advance(1000);
  }
  assert.ok(temperatures.size >= 2 && humidities.size >= 2);
  const shown = sim.registers().filter((r) => r.area === 'holding');
  assert.deepEqual(
    shown.map((r) => [r.unit, r.address, r.label]),
    [
      [1, 0, 'temperature'],
      [1, 1, 'humidity'],
    ],
  );
  assert.equal(shown[0]!.signal, 'A new random whole number from 280 to 309 every second.');
});

test('an independent client writes and reads back every area that can be written', async (t) => {
  const { port } = await started(t);
  const master = await client(t, port);
  await master.writeRegister(5, 1234);
  await master.writeRegisters(6, [1, 65535]);
  assert.deepEqual((await master.readHoldingRegisters(5, 3)).data, [1234, 1, 65535]);
  await master.maskWriteRegister(5, 0x00f2, 0x0025);
  assert.deepEqual((await master.readHoldingRegisters(5, 1)).data, [(1234 & 0xf2) | (0x25 & ~0xf2)]);
  await master.writeCoil(3, true);
  await master.writeCoils(4, [true, false, true]);
  assert.deepEqual((await master.readCoils(2, 5)).data.slice(0, 5), [false, true, true, false, true]);
  assert.deepEqual((await master.readDiscreteInputs(0, 3)).data.slice(0, 3), [false, false, false]);
  assert.deepEqual((await master.readInputRegisters(998, 2)).data, [0, 0]);
});

test('it says who it is', async (t) => {
  const { port } = await started(t, { preset: 'blueprint' });
  const { data } = await (await client(t, port)).readDeviceIdentification(2, 0);
  assert.deepEqual(Object.values(data as unknown as Record<string, string>).slice(0, 3), ['Open Manufacturing Hub', 'OMH-SIM', '1.5']);
});

test('an address past the end, an unknown unit and an unknown function are refused', async (t) => {
  const { sim, port } = await started(t, { preset: 'blueprint' });
  const master = await client(t, port);
  assert.equal(await exceptionOf(master.readHoldingRegisters(0, 3)), 2);
  assert.equal(await exceptionOf(master.writeRegister(2, 1)), 2);
  master.setID(2);
  assert.equal(await exceptionOf(master.readHoldingRegisters(0, 2)), 0x0b);
  const socket = await socketTo(t, port);
  socket.write(modbus.frameOf(77, 1, Uint8Array.of(0x41)));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.equal(answer.toString('hex'), '004d0000000301c101');
  assert.equal(sim.stats().exceptions, 4);
  assert.deepEqual(
    sim
      .requests()
      .map((r) => r.outcome)
      .at(-1),
    'refused: illegal function (exception 1)',
  );
});

test('the newest 500 requests are kept with what was asked', async (t) => {
  const { sim, port } = await started(t);
  const socket = await socketTo(t, port);
  const request = modbus.frameOf(1, 1, modbus.encodeRead(3, 7, 2));
  socket.write(Buffer.concat(Array.from({ length: 600 }, () => request)));
  let received = 0;
  for await (const chunk of socket) if ((received += (chunk as Buffer).length) >= 600 * 13) break;
  const log = sim.requests();
  assert.deepEqual([log.length, log[0]!.seq, log.at(-1)!.seq], [500, 101, 600]);
  const { peer, at, ...rest } = log[0]!;
  assert.match(peer, /^127\.0\.0\.1:\d+$/);
  assert.ok(at > 0);
  assert.deepEqual(rest, {
    seq: 101,
    unit: 1,
    function: 3,
    functionName: 'read holding registers',
    address: 7,
    count: 2,
    outcome: 'answered',
  });
  assert.deepEqual(
    sim.requests(598).map((r) => r.seq),
    [599, 600],
  );
  assert.deepEqual(sim.requests(600), []);
  assert.deepEqual(sim.stats().requests, 600);
});

test('garbage ends that connection only', async (t) => {
  const { port } = await started(t, { preset: 'blueprint' });
  const master = await client(t, port);
  const socket = await socketTo(t, port);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  assert.equal((await master.readHoldingRegisters(0, 2)).data.length, 2);
});

test('more clients than it takes are turned away, and a place that is free again is given', async (t) => {
  const { sim, port } = await started(t);
  const sockets = await Promise.all(Array.from({ length: 64 }, () => socketTo(t, port)));
  const late = connect(port, '127.0.0.1');
  late.on('error', () => {});
  late.resume();
  await once(late, 'close');
  assert.equal(sim.stats().connections, 64);
  sockets[0]!.destroy();
  await once(sockets[0]!, 'close');
  while (sim.stats().connections === 64) await systemClock.sleep(1);
  const master = await client(t, port);
  assert.deepEqual((await master.readHoldingRegisters(0, 1)).data, [0]);
});

test('stop ends its clients and start listens on the same port again', async (t) => {
  const { sim, port } = await started(t, { preset: 'blueprint' });
  for (let i = 0; i < 3; i++) {
    const socket = await socketTo(t, port);
    socket.resume();
    const closed = once(socket, 'close');
    await sim.stop();
    await closed;
    assert.deepEqual([sim.address(), sim.lastAddress()], [undefined, `127.0.0.1:${port}`]);
    assert.equal(sim.health().state, 'stopped');
    await sim.stop();
    await sim.start();
    await sim.start();
    assert.equal(sim.address(), `127.0.0.1:${port}`);
    assert.equal(sim.health().state, 'running');
  }
  assert.deepEqual((await (await client(t, port)).readHoldingRegisters(0, 1)).data.length, 1);
});

test('no timer is left after stop', async (t) => {
  const clock = new VirtualClock();
  const signals = [{ at: 40001, signal: 'tank', capacity: 10, inflow: 1 }] as const;
  const faults = [{ fault: 'half-open', at: '1h', for: '1s' }] as const;
  const { sim } = await started(t, { units: { 1: { signals } }, faults }, clock);
  assert.equal(clock.pending, 2);
  await sim.stop();
  assert.equal(clock.pending, 0);
});

test('a taken port is an error that names it, and start works when it is free', async (t) => {
  const { sim: first, port } = await started(t);
  const second = createSimulator('second', { protocol: 'modbus-tcp', port }, { clock: systemClock, log: silentLogger });
  t.after(() => second.stop());
  await assert.rejects(second.start(), (error: OmhError) => {
    assert.equal(error.code, 'SIMULATORS_PORT_TAKEN');
    assert.equal(error.message, `Port ${port} on 127.0.0.1 is taken by another program, so the simulator second cannot start.`);
    return true;
  });
  assert.equal(second.health().state, 'failed');
  assert.equal(second.address(), undefined);
  await first.stop();
  await second.start();
  assert.equal(second.health().state, 'running');
});

test('a client that asks without reading does not fill the memory', async (t) => {
  const { sim, port } = await started(t);
  const socket = await socketTo(t, port);
  socket.pause();
  const requests = Buffer.concat(Array.from({ length: 5000 }, () => modbus.frameOf(1, 1, modbus.encodeRead(3, 0, 125))));
  for (let i = 0; i < 40; i++) socket.write(requests);
  let before = -1;
  while (before !== sim.stats().requests) {
    before = sim.stats().requests;
    await systemClock.sleep(30);
  }
  assert.ok(before > 0 && before < 40 * 5000, `${before} requests are answered, the others wait in the client`);
  const master = await client(t, port);
  assert.deepEqual((await master.readHoldingRegisters(0, 1)).data, [0], 'others are served');
});

test('every setting of the schema says what it is and what a change of it does', () => {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly additionalProperties?: Node | false;
    readonly items?: Node;
    readonly allOf?: readonly { readonly then: Node }[];
    readonly [key: string]: unknown;
  }
  let seen = 0;
  const look = (node: Node, path: string): void => {
    for (const [key, property] of Object.entries(node.properties ?? {})) {
      seen++;
      assert.ok(typeof property['title'] === 'string' && typeof property['description'] === 'string', `${path}.${key}`);
      assert.equal(property['effect'], 'restart', `${path}.${key}`);
      look(property, `${path}.${key}`);
    }
    if (typeof node.additionalProperties === 'object') look(node.additionalProperties, `${path}.*`);
    if (node.items !== undefined) look(node.items, `${path}[]`);
    for (const { then } of node.allOf ?? []) look(then, `${path}?`);
  };
  look(simulatorSchemas.get('modbus-tcp') as unknown as Node, '');
  assert.ok(seen > 200);
});
