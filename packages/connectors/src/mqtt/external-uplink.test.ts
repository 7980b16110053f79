import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import { silentLogger, systemClock } from '@omh/core';
import { ExternalUplink } from './external-uplink.ts';
import type { Outgoing, UplinkState } from './uplink.ts';

interface Broker {
  readonly port: number;
  /** First bytes of each PUBLISH since the last acknowledgement. */
  readonly unacknowledged: number[];
  most: number;
  acknowledge(code?: number): void;
  end(): void;
}

/** Accepts MQTT 5.0 with a receive maximum of 2 and acknowledges when it is told to. */
async function strictBroker(t: TestContext): Promise<Broker> {
  let socket: Socket | undefined;
  const broker = {
    port: 0,
    unacknowledged: [] as number[],
    most: 0,
    acknowledge(code = 0) {
      const id = broker.unacknowledged.shift()!;
      socket!.write(Uint8Array.of(0x40, 4, id >> 8, id & 255, code, 0));
    },
    end: () => socket!.destroy(),
  };
  const server = createServer((opened) => {
    socket = opened;
    t.after(() => opened.destroy());
    opened.on('error', () => {});
    let rest = Buffer.alloc(0);
    opened.on('data', (piece) => {
      rest = Buffer.concat([rest, piece]);
      // Every packet of these tests is shorter than 128 bytes.
      while (rest.length >= 2 && rest.length >= 2 + rest[1]!) {
        const packet = rest.subarray(0, 2 + rest[1]!);
        rest = rest.subarray(packet.length);
        if (packet[0]! >> 4 === 1) opened.write(Uint8Array.of(0x20, 6, 0, 0, 3, 0x21, 0, 2));
        if (packet[0]! >> 4 === 3) {
          broker.unacknowledged.push(packet.readUInt16BE(4 + packet.readUInt16BE(2)));
          broker.most = Math.max(broker.most, broker.unacknowledged.length);
        }
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  broker.port = (server.address() as AddressInfo).port;
  return broker;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  assert.ok(condition(), 'did not come true within 5 s');
}
async function connected(t: TestContext, broker: Broker): Promise<ExternalUplink> {
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const uplink = new ExternalUplink({ url, clientId: 'c', protocol: '5.0', clock: systemClock, log: silentLogger });
  t.after(() => uplink.stop());
  const states: UplinkState[] = [];
  uplink.start((state) => states.push(state));
  await until(() => states.at(-1)?.up === true);
  return uplink;
}
const message = (topic: string): Outgoing => ({ topic, payload: 'x', qos: 1 });

test('a broker gets no more messages at once than it takes, and all of them in their order', async (t) => {
  const broker = await strictBroker(t);
  const uplink = await connected(t, broker);
  const done: number[] = [];
  const all = Array.from({ length: 7 }, (_, i) => uplink.publish(message(`t${i}`)).then(() => done.push(i)));
  for (let i = 0; i < 7; i++) {
    await until(() => broker.unacknowledged.length > 0);
    broker.acknowledge();
    await until(() => done.length === i + 1);
  }
  await Promise.all(all);
  assert.deepEqual([done, broker.most], [[0, 1, 2, 3, 4, 5, 6], 2]);
});

test('what was not acknowledged is told as not handed over when the connection ends, what waited too', async (t) => {
  const broker = await strictBroker(t);
  const uplink = await connected(t, broker);
  const all = Promise.allSettled([0, 1, 2, 3].map((i) => uplink.publish(message(`t${i}`))));
  await until(() => broker.unacknowledged.length === 2);
  broker.acknowledge();
  await until(() => broker.unacknowledged.length === 2);
  broker.end();
  assert.deepEqual(
    (await all).map((result) => (result.status === 'fulfilled' ? 'done' : (result.reason as { code: string }).code)),
    ['done', 'APP_CONNECTION_ENDED', 'APP_CONNECTION_ENDED', 'APP_BROKER_UNREACHABLE'],
  );
});

test("a broker's refusal comes with its code", async (t) => {
  const broker = await strictBroker(t);
  const uplink = await connected(t, broker);
  const sent = uplink.publish(message('t'));
  await until(() => broker.unacknowledged.length === 1);
  broker.acknowledge(0x87);
  await assert.rejects(sent, { code: 0x87 });
});

test('a broker that asks for a certificate gets it; one that is not vouched for is told as that', async (t) => {
  const pem = (name: string): string => readFileSync(new URL(`../../../broker/fixtures/tls/${name}`, import.meta.url), 'utf8');
  const aedes = await Aedes.createBroker();
  const asked = { cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem'), requestCert: true };
  const server = createTlsServer(asked, aedes.handle);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    aedes.close(() => server.close());
  });
  const states: UplinkState[] = [];
  const open = (more: object): void => {
    const url = `mqtts://localhost:${(server.address() as AddressInfo).port}`;
    const uplink = new ExternalUplink({ url, clientId: 'c', protocol: '3.1.1', clock: systemClock, log: silentLogger, ...more });
    t.after(() => uplink.stop());
    uplink.start((state) => states.push(state));
  };
  open({ ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') });
  await until(() => states.some(({ up }) => up));
  states.length = 0;
  open({});
  await until(() => states.some(({ up }) => !up));
  assert.match(states[0]!.reason.text, /certificate/);
});
