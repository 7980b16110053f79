import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Tag } from '@omh/core';
import { driverSuite } from '@omh/core/testing';
import { ModbusPeer } from '../testing/modbus-peer.ts';
import { modbusTcp } from './module.ts';
import { tag } from '../testing/tag.ts';

const tags: readonly Tag[] = [
  tag(1, '1!40001', 'int16'),
  tag(2, '1!40002', 'uint16'),
  tag(3, '1!40003#BL', 'float'),
  tag(4, '1!40101', 'int64'),
  tag(5, '1!40201.6', 'string'),
  tag(6, '1!00003', 'bit'),
];

async function peer(): Promise<ModbusPeer> {
  const made = await ModbusPeer.listen();
  made.holding.set([0xfffe, 65535, 0x0000, 0x3fc0], 0);
  made.holding.set([0xffff, 0xffff, 0xffff, 0xfff0], 100);
  made.holding.set([0x6162, 0x6364, 0x0000], 200);
  made.coils[2] = 1;
  return made;
}

driverSuite('modbus-tcp', {
  module: modbusTcp,
  peer,
  async nobody() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return { host: '127.0.0.1', port };
  },
  tags,
  values: [-2, 65535, 1.5, -16n, 'abcd', true],
  answerBytes: 17,
  writable: { tag: tag(9, '1!40300', 'int32', 'readwrite'), value: -123456 },
  address: (i) => `${1 + (i % 5)}!4${String(1 + i * 3).padStart(5, '0')}`,
});
