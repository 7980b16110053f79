import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { systemClock } from '@omh/core';
import jsmodbus from 'jsmodbus';
import ModbusRTU from 'modbus-serial';
import type { SimulatorConfig } from '../registry.ts';
import { started } from '../testing/raw-client.ts';

const config: Partial<SimulatorConfig> = {
  units: {
    1: {
      identity: { vendor: 'Norden', product: 'HP-250', revision: '2.1', url: 'https://example.test', model: 'Press' },
      areas: { coil: 2000, discrete: 2000, input: 200, holding: 200 },
      registers: { 40001: [1, 0xffff, 3], 30001: [10, 20, 30], '00001': [true, false, true, true], '10001': [false, true] },
      signals: [
        { at: 40011, type: 'float', signal: 'constant', value: -273.15 },
        { at: 40013, type: 'double', signal: 'constant', value: 1e300 },
        { at: 40017, type: 'int64', signal: 'constant', value: '-9007199254740993' },
        { at: 40021, type: 'int32', signal: 'constant', value: -123_456_789 },
        { at: 40023, type: 'uint32', signal: 'constant', value: 4_000_000_000 },
        { at: 40025, type: 'int16', signal: 'constant', value: -5 },
        { at: '40026.12', type: 'string', signal: 'constant', value: 'Ofen 7' },
      ],
    },
  },
};
/** What stands from register 11 on, read by the client's own bytes. */
function checkTypes(bytes: Buffer): void {
  assert.equal(Math.fround(-273.15), bytes.readFloatBE(0));
  assert.equal(bytes.readDoubleBE(4), 1e300);
  assert.equal(bytes.readBigInt64BE(12), -9007199254740993n);
  assert.equal(bytes.readInt32BE(20), -123_456_789);
  assert.equal(bytes.readUInt32BE(24), 4_000_000_000);
  assert.equal(bytes.readInt16BE(28), -5);
  assert.equal(bytes.toString('utf8', 30, 42).replace(/\0+$/, ''), 'Ofen 7');
}
const codeOf = async (call: Promise<unknown>): Promise<number | undefined> =>
  call.then(
    () => undefined,
    (error: { modbusCode?: number; response?: { body?: { code?: number } } }) => error.modbusCode ?? error.response?.body?.code,
  );

type Connect = (client: ModbusRTU.default, port: number) => Promise<unknown>;
const ways: readonly (readonly [name: string, more: Partial<SimulatorConfig>, connect: Connect])[] = [
  ['TCP', {}, (client, port) => client.connectTCP('127.0.0.1', { port })],
  ['UDP', { transport: 'udp' }, (client, port) => client.connectUDP('127.0.0.1', { port })],
  ['RTU over TCP', { framing: 'rtu' }, (client, port) => client.connectTelnet('127.0.0.1', { port })],
];
for (const [name, more, connectTo] of ways) {
  test(`modbus-serial over ${name}: every function and type`, async (t: TestContext) => {
    const { port } = await started(t, { ...config, ...more });
    const client = new ModbusRTU.default();
    t.after(() => new Promise<void>((resolve) => (client.isOpen ? client.close(() => resolve()) : resolve())));
    await connectTo(client, port);
    // Its UDP port says that it is open before it is.
    while (!client.isOpen) await systemClock.sleep(1);
    client.setID(1);
    client.setTimeout(2000);
    assert.deepEqual((await client.readHoldingRegisters(0, 3)).data, [1, 0xffff, 3]);
    assert.deepEqual((await client.readInputRegisters(0, 3)).data, [10, 20, 30]);
    assert.deepEqual((await client.readCoils(0, 4)).data.slice(0, 4), [true, false, true, true]);
    assert.deepEqual((await client.readDiscreteInputs(0, 2)).data.slice(0, 2), [false, true]);
    assert.equal((await client.readCoils(0, 2000)).data.length, 2000);
    assert.equal((await client.readHoldingRegisters(0, 125)).data.length, 125);
    checkTypes((await client.readHoldingRegisters(10, 26)).buffer);
    await client.writeRegister(100, 1234);
    await client.writeRegisters(101, [5, 6, 7]);
    assert.deepEqual((await client.readHoldingRegisters(100, 4)).data, [1234, 5, 6, 7]);
    await client.writeCoil(50, true);
    await client.writeCoils(51, [true, false, true]);
    assert.deepEqual((await client.readCoils(50, 4)).data.slice(0, 4), [true, true, false, true]);
    assert.equal(await codeOf(client.readHoldingRegisters(199, 2)), 2);
    assert.equal(await codeOf(client.writeCoils(1999, [true, true])), 2);
    // Its raw port cannot tell how long the answers to these are.
    if (name === 'RTU over TCP') return;
    await client.maskWriteRegister(100, 0xff00, 0x00ab);
    assert.deepEqual((await client.readHoldingRegisters(100, 1)).data, [(1234 & 0xff00) | 0xab]);
    const { data } = await client.readDeviceIdentification(2, 0);
    assert.deepEqual(Object.values(data as unknown as Record<string, string>), [
      'Norden',
      'HP-250',
      '2.1',
      'https://example.test',
      'Modbus TCP simulator',
      'Press',
    ]);
  });
}

const jsClients = [
  ['TCP', 'mbap', jsmodbus.ModbusTCPClient],
  ['RTU over TCP', 'rtu', jsmodbus.ModbusRTUClient],
] as const;
for (const [name, framing, Client] of jsClients) {
  test(`jsmodbus over ${name}: every function and type`, async (t: TestContext) => {
    const { port } = await started(t, { ...config, framing });
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    const client = new Client(socket as never, 1, 2000);
    await once(socket, 'connect');
    // Its RTU client takes any duplex stream for a serial port, which says when it is open.
    if (framing === 'rtu') socket.emit('open');
    const { response } = await client.readHoldingRegisters(0, 3);
    assert.deepEqual([...response.body.valuesAsArray], [1, 0xffff, 3]);
    assert.deepEqual([...(await client.readInputRegisters(0, 3)).response.body.valuesAsArray], [10, 20, 30]);
    assert.deepEqual([...(await client.readCoils(0, 4)).response.body.valuesAsArray].slice(0, 4), [1, 0, 1, 1]);
    assert.deepEqual([...(await client.readDiscreteInputs(0, 2)).response.body.valuesAsArray].slice(0, 2), [0, 1]);
    checkTypes((await client.readHoldingRegisters(10, 26)).response.body.valuesAsBuffer);
    await client.writeSingleRegister(100, 77);
    await client.writeMultipleRegisters(101, [5, 6, 7]);
    assert.deepEqual([...(await client.readHoldingRegisters(100, 4)).response.body.valuesAsArray], [77, 5, 6, 7]);
    await client.writeSingleCoil(50, true);
    await client.writeMultipleCoils(51, [true, false, true]);
    assert.deepEqual([...(await client.readCoils(50, 4)).response.body.valuesAsArray].slice(0, 4), [1, 1, 0, 1]);
    assert.equal(await codeOf(client.readHoldingRegisters(199, 2)), 2);
    if (framing === 'mbap') {
      const identity = (await client.readDeviceIdentification()).response.body as unknown as { objects: { value: string | Buffer }[] };
      assert.equal(identity.objects[0]!.value.toString(), 'Norden');
    }
  });
}
