import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { OmhError } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import mqtt from 'mqtt';
import type { Broker } from '../broker.ts';
import type { SignIn } from '../broker-context.ts';
import { connect4, eventually, hex, openBroker } from '../test-support.ts';
import type { BrokerListener } from './listener-options.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
const pem = (name: string): Buffer => readFileSync(fixture(name));
const ca = pem('ca.pem');
const secure: BrokerListener = { host: '127.0.0.1', port: 0, anonymous: true, cert: fixture('server.pem'), key: fixture('server.key') };
const mutual: BrokerListener = { ...secure, ca: fixture('ca.pem'), clientCertificate: 'require' };
const client = { cert: pem('client.pem'), key: pem('client.key') };
const stranger = { cert: pem('stranger.pem'), key: pem('stranger.key') };

const portOf = (broker: Broker, name: string): number => Number(new URL(broker.addresses()[name]!).port);

/** Resolves with the socket once it is secure; rejects with what the handshake or the server says. */
function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options }, () => resolve(socket));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}
/** What a peer hears after CONNECT: CONNACK as hex, or the reason it heard none. */
async function answer(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    const socket = await dial(port, options);
    const said = new Promise<string>((resolve) => {
      socket.on('data', (chunk: Buffer) => resolve(chunk.toString('hex')));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve('closed'));
    });
    socket.write(hex(connect4('c')));
    const out = await said;
    socket.destroy();
    return out;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).message;
  }
}

for (const [name, listener] of [
  ['tls', secure],
  ['wss', secure],
] as const) {
  for (const protocolVersion of [4, 5] as const) {
    test(`MQTT.js speaks ${protocolVersion} over ${name}, in both directions and with large payloads`, async () => {
      const broker = await openBroker({ listeners: { [name]: listener } });
      const url = broker.addresses()[name]!;
      assert.match(url, name === 'tls' ? /^mqtts:\/\/127/ : /^wss:\/\/127.*\/mqtt$/);
      const c = await mqtt.connectAsync(url, { protocolVersion, ca, servername: 'localhost', reconnectPeriod: 0 });
      const got: string[] = [];
      c.on('message', (topic, payload) => got.push(`${topic} ${payload.length}`));
      await c.subscribeAsync('t/#', { qos: 2 });
      const big = Buffer.alloc(300_000, 1);
      for (const qos of [0, 1, 2] as const) await c.publishAsync(`t/${qos}`, big, { qos });
      await eventually(() => got.length === 3, 'the messages');
      assert.deepEqual(got, ['t/0 300000', 't/1 300000', 't/2 300000']);
      assert.equal(broker.clients()[0]!.listener, name);
      await c.endAsync();
      await eventually(() => broker.stats().connections === 0, 'the end');
      await broker.stop();
    });
  }
}

test('mosquitto_pub and mosquitto_sub talk through TLS with a client certificate', async (t) => {
  if (spawnSync('mosquitto_sub', ['--help']).error) {
    t.skip('mosquitto_sub not found: apt-get install mosquitto-clients');
    return;
  }
  const broker = await openBroker({ listeners: { tls: mutual } });
  const common = ['-h', 'localhost', '-p', String(portOf(broker, 'tls')), '--cafile', fixture('ca.pem')];
  const own = ['--cert', fixture('client.pem'), '--key', fixture('client.key')];
  const sub = spawn('mosquitto_sub', [...common, ...own, '-i', 'sub', '-t', 't', '-C', '1', '-W', '5']);
  let out = '';
  sub.stdout.on('data', (chunk: Buffer) => {
    out += String(chunk);
  });
  const ended = new Promise((resolve) => {
    sub.on('close', resolve);
  });
  await eventually(() => broker.stats().subscriptions === 1, 'the subscription');
  const publish = (...more: string[]): Promise<number | null> =>
    new Promise((resolve) => {
      spawn('mosquitto_pub', [...common, ...more, '-t', 't', '-m', 'hello', '-q', '1']).on('close', resolve);
    });
  assert.notEqual(await publish(), 0);
  assert.equal(await publish(...own), 0);
  await ended;
  assert.equal(out, 'hello\n');
  await broker.stop();
});

test('required client certificates: a good one tells who it is, none and a strange one end the handshake', async () => {
  const seen: SignIn[] = [];
  const broker = await openBroker({
    listeners: { tls: mutual, wss: mutual },
    authenticate: (signIn) => {
      seen.push(signIn);
      return { kind: 'anonymous', name: 'x', permissions: [] };
    },
  });
  const port = portOf(broker, 'tls');
  assert.equal(await answer(port, client), '20020000');
  const { certificate, listener } = seen[0]!;
  assert.equal(listener, 'tls');
  assert.deepEqual(
    [certificate!.subject, certificate!.commonName, certificate!.alternativeNames, certificate!.issuer],
    ['O=Test plant, CN=press-1', 'press-1', ['press-1.plant', 'urn:press:1'], 'O=Test plant, CN=Test CA'],
  );
  assert.match(certificate!.fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.notEqual(await answer(port), '20020000');
  assert.notEqual(await answer(port, stranger), '20020000');
  const ws = await mqtt.connectAsync(broker.addresses()['wss']!, {
    ca,
    servername: 'localhost',
    reconnectPeriod: 0,
    wsOptions: { ca, ...client },
  });
  await ws.endAsync();
  assert.equal(seen[1]!.certificate!.commonName, 'press-1');
  await eventually(() => broker.stats().connections === 0 && broker.stats().tlsFailures === 2, 'the ends');
  assert.equal(seen.length, 2);
  await broker.stop();
});

test('a certificate that is only asked for may be absent, and is refused when it is not good', async () => {
  const seen: (string | undefined)[] = [];
  const broker = await openBroker({
    listeners: { tls: { ...mutual, clientCertificate: 'request' } },
    authenticate: ({ certificate }) => {
      seen.push(certificate?.commonName);
      return { kind: 'anonymous', name: 'x', permissions: [] };
    },
  });
  const port = portOf(broker, 'tls');
  assert.equal(await answer(port), '20020000');
  assert.equal(await answer(port, client), '20020000');
  assert.notEqual(await answer(port, stranger), '20020000');
  assert.deepEqual(seen, [undefined, 'press-1']);
  await broker.stop();
});

test('ALPN: mqtt is agreed on, another protocol is refused, none is fine; old versions of TLS are refused', async () => {
  const broker = await openBroker({ listeners: { tls: { ...secure, minVersion: 'TLSv1.3' } } });
  const port = portOf(broker, 'tls');
  const socket = await dial(port, { ALPNProtocols: ['x', 'mqtt'] });
  assert.deepEqual([socket.alpnProtocol, socket.getProtocol()], ['mqtt', 'TLSv1.3']);
  socket.destroy();
  await assert.rejects(dial(port, { ALPNProtocols: ['h2'] }));
  await assert.rejects(dial(port, { maxVersion: 'TLSv1.2' }));
  assert.equal(await answer(port), '20020000');
  await broker.stop();
});

test('changed certificate files are taken while clients stay; a bad one leaves the old in use and is told', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-tls-'));
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const install = (name: string): void => {
    copyFileSync(fixture(`${name}.pem`), cert);
    copyFileSync(fixture(`${name}.key`), key);
  };
  install('server');
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tls: { ...secure, cert, key } } });
  const port = portOf(broker, 'tls');
  const shown = async (): Promise<string> => {
    const socket = await dial(port);
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  };
  const c = await mqtt.connectAsync(broker.addresses()['tls']!, { ca, servername: 'localhost', reconnectPeriod: 0 });
  let messages = 0;
  c.on('message', () => messages++);
  await c.subscribeAsync('t');
  assert.equal(await shown(), 'localhost');
  install('server-next');
  await clock.advance(5000);
  await eventually(() => broker.listeners()[0]!.certificate!.subject.includes('next'), 'the new certificate');
  assert.equal(await shown(), 'localhost next');
  await c.publishAsync('t', 'still here', { qos: 1 });
  await eventually(() => messages === 1, 'the message on the old connection');
  assert.equal(broker.health().state, 'running');

  writeFileSync(cert, 'no certificate');
  await clock.advance(5000);
  await eventually(() => broker.health().state === 'degraded', 'the fault to be told');
  assert.match(
    broker.health().reason.text,
    /^Listener tls goes on with its old certificate: The certificate of listener tls cannot be used/,
  );
  assert.equal(await shown(), 'localhost next');
  rmSync(cert);
  broker.reloadCertificates();
  assert.match(broker.health().reason.text, /there is no such file/);
  install('server');
  broker.reloadCertificates();
  assert.equal(broker.health().state, 'running');
  assert.equal(await shown(), 'localhost');
  assert.equal(c.connected, true);
  await c.endAsync();
  await broker.stop();
  rmSync(dir, { recursive: true });
});

test('certificates that end soon or have ended are told', async () => {
  for (const [days, state, text] of [
    [31, 'running', /\/\/127\.0\.0\.1:\d+\. Anon[^.]*\.$/],
    [29, 'running', /The certificate of listener tls expires in 29 days\./],
    [-1, 'degraded', /The certificate of listener tls has expired\./],
  ] as const) {
    const clock = new VirtualClock((Date.UTC(2120, 0, 1) - days * 86_400_000) * 1000);
    const broker = await openBroker({ clock, listeners: { tls: secure } });
    assert.deepEqual([broker.health().state, text.test(broker.health().reason.text)], [state, true], broker.health().reason.text);
    await broker.stop();
  }
});

test('files that are missing, are no certificates or do not belong together are refused with the listener and the file', async () => {
  const code = async (listener: BrokerListener): Promise<string> => {
    try {
      await openBroker({ listeners: { tls: listener } });
    } catch (thrown) {
      assert.ok(thrown instanceof OmhError);
      assert.match(thrown.message, /listener tls|Listener tls/);
      return `${thrown.code}: ${thrown.message}`;
    }
    return 'opened';
  };
  const { cert, key: _key, ...bare } = secure;
  assert.match(await code(bare), /^BROKER_TLS_FILES.*needs cert/);
  assert.match(await code({ ...bare, cert: cert! }), /needs key/);
  assert.match(await code({ ...secure, clientCertificate: 'require' }), /needs ca/);
  assert.match(await code({ ...secure, cert: '/nowhere/cert.pem' }), /^BROKER_CERTIFICATE_UNREADABLE: The file \/nowhere\/cert.pem/);
  assert.match(
    await code({ ...secure, key: fixture('client.key') }),
    /^BROKER_CERTIFICATE_BAD.*the key does not belong to the certificate/,
  );
  assert.match(await code({ ...secure, cert: fixture('README.md') }), /^BROKER_CERTIFICATE_BAD/);
});

test('two thousand connections that talk garbage or nothing to a TLS port leave it as it was', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({
    clock,
    listeners: { tls: { ...secure, connectRate: 10_000 }, wss: { ...secure, connectRate: 10_000 } },
  });
  const ports = [portOf(broker, 'tls'), portOf(broker, 'wss')];
  const silent = connectTcp(ports[0]!, '127.0.0.1');
  silent.on('error', () => {});
  let closed = false;
  silent.on('close', () => {
    closed = true;
  });
  const noise = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(100, 0x16),
    Buffer.from([0x16, 3, 1, 0xff, 0xff]),
    hex(connect4('plain')),
  ];
  for (let round = 0; round < 8; round++) {
    await Promise.all(
      Array.from(
        { length: 250 },
        (_, i) =>
          new Promise<void>((resolve) => {
            const socket = connectTcp(ports[i % 2]!, '127.0.0.1', () => socket.end(noise[i % noise.length]!));
            socket.on('error', () => {});
            socket.on('close', () => resolve());
            socket.resume();
          }),
      ),
    );
  }
  await eventually(() => broker.stats().connections === 1, 'all but the silent one to be gone');
  await clock.advance(12_000);
  await eventually(() => closed, 'the silent one to be let go');
  assert.equal(await answer(ports[0]!), '20020000');
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});
