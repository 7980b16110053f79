import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Tag } from '@omh/core';
import { driverSuite, type DriverDifferences, type DriverHarness } from '@omh/core/testing';
import { ModbusPeer, type PeerOptions } from '../testing/modbus-peer.ts';
import { freePort, hasSocat } from '../testing/peer-way.ts';
import { tag } from '../testing/tag.ts';
import { modbusSerial, modbusTcp } from './module.ts';

const tags: readonly Tag[] = [
  tag(1, '1!40001', 'int16'),
  tag(2, '1!40002', 'uint16'),
  tag(3, '1!40003#BL', 'float'),
  tag(4, '1!40101', 'int64'),
  tag(5, '1!40201.6', 'string'),
  tag(6, '1!00003', 'bit'),
];

const peer = async (options: PeerOptions): Promise<ModbusPeer> => {
  const made = await ModbusPeer.listen(options);
  made.holding.set([0xfffe, 65535, 0x0000, 0x3fc0], 0);
  made.holding.set([0xffff, 0xffff, 0xffff, 0xfff0], 100);
  made.holding.set([0x6162, 0x6364, 0x0000], 200);
  made.coils[2] = 1;
  return made;
};

const base = {
  module: modbusTcp,
  tags,
  values: [-2, 65535, 1.5, -16n, 'abcd', true],
  answerBytes: 17,
  writable: { tag: tag(9, '1!40300', 'int32', 'readwrite'), value: -123456 },
  anyValue: (random) => Math.floor((random() - 0.5) * 2 ** 32),
  address: (i) => `${1 + (i % 5)}!4${String(1 + i * 3).padStart(5, '0')}`,
  nobody: async () => ({ host: '127.0.0.1', port: await freePort() }),
} satisfies Partial<DriverHarness>;

const stream = { resyncs: true, oneAtATime: true } satisfies DriverDifferences;

driverSuite('modbus-tcp', {
  ...base,
  async peer() {
    const made = await peer({});
    made.extra = { window: 4 };
    return made;
  },
});
driverSuite('modbus-tcp, a window that it finds out', { ...base, peer: () => peer({}), differences: { oneAtATime: true } });
driverSuite('modbus-tcp, TLS', {
  ...base,
  async peer() {
    const made = await peer({ way: 'tls' });
    made.extra = { window: 4 };
    return made;
  },
});
driverSuite('modbus-tcp, RTU', { ...base, peer: () => peer({ framing: 'rtu' }), differences: stream });
driverSuite('modbus-tcp, ASCII', { ...base, peer: () => peer({ framing: 'ascii' }), answerBytes: 33, differences: stream });

const { nobody: _, ...quiet } = base;
driverSuite('modbus-tcp, UDP', {
  ...quiet,
  peer: () => peer({ way: 'udp' }),
  // Datagrams are never cut.
  answerBytes: 1,
  differences: { ...stream, noHangUp: true },
});

const taken: Server[] = [];
driverSuite('modbus-tcp, the device dials in', {
  ...base,
  async peer() {
    const made = await peer({ way: 'dial' });
    made.extra = { window: 4 };
    return made;
  },
  async nobody() {
    const server = createServer().listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    taken.push(server);
    return { listen: { host: '127.0.0.1', port: (server.address() as { port: number }).port } };
  },
});

if (hasSocat()) {
  const serial = {
    ...base,
    module: modbusSerial,
    nobody: async () => ({ port: '/dev/omh-no-such-port' }),
    differences: { ...stream, noHangUp: true as const },
  };
  driverSuite('modbus-serial, RTU', { ...serial, peer: () => peer({ way: 'pty', framing: 'rtu' }) });
  driverSuite('modbus-serial, ASCII', { ...serial, peer: () => peer({ way: 'pty', framing: 'ascii' }), answerBytes: 33 });
} else test('driver contract: modbus-serial', (t) => t.skip('socat not found: apt-get install socat'));
