import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VirtualClock } from '@omh/core/testing';
import mqtt from 'mqtt';
import { connect4, eventually, hex, openBroker, RawPeer } from '../test-support.ts';
import { parseProxyHeader } from './proxy-protocol.ts';

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');
const signature = '0d0a0d0a000d0a515549540a';
/** Version 2: command, family, addresses and what follows them. */
const two = (command: string, family: string, body: string): Buffer => {
  const bytes = hex(body);
  return Buffer.concat([hex(`${signature} ${command} ${family}`), Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
};
const ipv4 = 'c0a80001 c0a8000b dc04 01bb';
const ipv6 = '20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002 dc04 01bb';

test('headers of version 1 and 2 give their source and their length, whatever follows', () => {
  const cases: [Buffer, { address: string; port: number } | undefined][] = [
    // The examples of the specification, 2.1.
    [line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443'), { address: '192.168.0.1', port: 56324 }],
    [line('PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535'), { address: '255.255.255.255', port: 65535 }],
    [
      line(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`),
      { address: `${'ffff:'.repeat(7)}ffff`, port: 65535 },
    ],
    [line('PROXY UNKNOWN'), undefined],
    [line(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535`), undefined],
    [line('PROXY TCP6 ::ffff:10.1.2.3 ::1 1 2'), { address: '10.1.2.3', port: 1 }],
    [two('21', '11', ipv4), { address: '192.168.0.1', port: 56324 }],
    [two('21', '21', ipv6), { address: '2001:db8::1', port: 56324 }],
    [two('21', '21', `00000000 00000000 0000ffff 0a010203 ${'00'.repeat(16)} 0007 01bb`), { address: '10.1.2.3', port: 7 }],
    // TLVs: a CRC32C and a unique id, then addresses of a UNIX socket, an unspecified family, and LOCAL with and without addresses.
    [two('21', '11', `${ipv4} 03 0004 00000000 05 0003 'abc'`), { address: '192.168.0.1', port: 56324 }],
    [two('21', '31', '00'.repeat(216)), undefined],
    [two('21', '00', ''), undefined],
    [two('20', '00', ''), undefined],
    [two('20', '11', ipv4), undefined],
  ];
  for (const [bytes, source] of cases) {
    const name = bytes.toString('latin1');
    assert.deepEqual(parseProxyHeader(Buffer.concat([bytes, hex(connect4('x'))])), { length: bytes.length, source }, name);
    for (let n = 0; n < bytes.length; n++) assert.equal(parseProxyHeader(bytes.subarray(0, n)), undefined, `${n} bytes of ${name}`);
  }
});

test('what can be no header is refused as soon as that is known', () => {
  const wrong: Buffer[] = [
    hex(connect4('x')),
    Buffer.from('G'),
    line('PROXY TCP4 192.168.0.1 192.168.0.11 56324'),
    line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 1'),
    line('PROXY TCP4 192.168.0.256 192.168.0.11 56324 443'),
    line('PROXY TCP4 ::1 ::1 56324 443'),
    line('PROXY TCP6 192.168.0.1 192.168.0.11 56324 443'),
    line('PROXY TCP4 192.168.0.1 192.168.0.11 65536 443'),
    line('PROXY TCP4 192.168.0.1 192.168.0.11 056 443'),
    line('PROXY TCP4 192.168.0.1 192.168.0.11 -1 443'),
    line('PROXY UDP4 192.168.0.1 192.168.0.11 1 443'),
    line('PROXY  TCP4 192.168.0.1 192.168.0.11 1 443'),
    Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`),
    two('11', '11', ipv4),
    two('22', '11', ipv4),
    two('21', '11', 'c0a80001'),
    two('21', '21', ipv4),
    hex(`${signature} 21 11 ffff`),
    hex('0d0a0d0a000d0a515549540b'),
  ];
  for (const bytes of wrong) assert.equal(parseProxyHeader(bytes), false, bytes.toString('latin1'));
});

test('random bytes behind a good beginning never do harm', () => {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const good = [line('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443'), two('21', '11', ipv4), two('21', '21', ipv6)];
  for (let i = 0; i < 5000; i++) {
    const bytes = Buffer.from(good[i % good.length]!);
    for (let k = 0; k < 3; k++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const header = parseProxyHeader(bytes.subarray(0, Math.ceil(random() * bytes.length)));
    if (header) assert.ok(header.length >= 15 && header.length <= bytes.length);
  }
});

const trusted = { trusted: ['127.0.0.0/8'] };
const any = { host: '127.0.0.1', port: 0, anonymous: true };

test('behind a proxy the client is where the proxy says, over TCP, in one piece and byte by byte', async () => {
  const broker = await openBroker({ listeners: { tcp: { ...any, proxyProtocol: trusted } } });
  const whole = await RawPeer.open(broker);
  whole.send(Buffer.concat([line('PROXY TCP4 10.0.0.7 10.0.0.1 1234 1883'), hex(connect4('whole'))]));
  assert.equal(await whole.take(4), '20020000');
  const split = await RawPeer.open(broker);
  for (const byte of Buffer.concat([two('21', '21', ipv6), hex(connect4('split'))])) {
    split.send(Buffer.of(byte));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  assert.equal(await split.take(4), '20020000');
  const local = await RawPeer.open(broker);
  local.send(Buffer.concat([two('20', '00', ''), hex(connect4('local'))]));
  assert.equal(await local.take(4), '20020000');
  const peers = Object.fromEntries(broker.clients().map((c) => [c.clientId, c.peer]));
  assert.equal(peers['whole'], '10.0.0.7:1234');
  assert.equal(peers['split'], '2001:db8::1:56324');
  assert.match(peers['local']!, /^127\.0\.0\.1:/);
  // Reading goes on as on any other connection.
  whole.send('c000 c000');
  assert.equal(await whole.take(4), 'd000d000');
  for (const peer of [whole, split, local]) peer.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await broker.stop();
});

test('without a good header, in time, from a trusted address a connection is closed and counted', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, listeners: { tcp: { ...any, proxyProtocol: trusted } } });
  const bare = await RawPeer.open(broker);
  bare.send(connect4('bare'));
  await bare.untilClosed();
  const silent = await RawPeer.open(broker);
  silent.send(Buffer.from('PROXY '));
  const gone = await RawPeer.open(broker);
  gone.send(Buffer.from('PROXY '));
  await eventually(() => broker.stats().connections === 2, 'two connections');
  gone.close();
  await eventually(() => broker.stats().connections === 1, 'the end of one');
  await clock.advance(12_000);
  await silent.untilClosed();
  await eventually(() => broker.stats().connections === 0, 'the end');
  assert.equal(broker.stats().proxyFailures, 3);
  await broker.stop();
  const far = await openBroker({ listeners: { tcp: { ...any, proxyProtocol: { trusted: ['10.0.0.0/8', '::2'] } } } });
  const peer = await RawPeer.open(far);
  await peer.untilClosed();
  assert.equal(far.stats().proxyFailures, 1);
  await far.stop();
});

test('the header comes before TLS and before HTTP', async () => {
  const pem = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url));
  const files = { cert: pem('server.pem'), key: pem('server.key') };
  const proxied = { ...any, proxyProtocol: trusted };
  const broker = await openBroker({ listeners: { tls: { ...proxied, ...files }, ws: proxied, wss: { ...proxied, ...files } } });
  const ca = readFileSync(pem('ca.pem'));
  const port = (name: string): number => Number(new URL(broker.addresses()[name]!).port);
  const raw = await RawPeer.open(port('tls'));
  raw.send(line('PROXY TCP4 10.0.0.8 10.0.0.1 4321 8883'));
  raw.socket.removeAllListeners('data');
  const tls = connect({ socket: raw.socket, ca, servername: 'localhost' });
  const said = new Promise<string>((resolve) => {
    tls.on('data', (chunk: Buffer) => resolve(chunk.toString('hex')));
  });
  tls.write(hex(connect4('t')));
  assert.equal(await said, '20020000');
  assert.equal(broker.clients()[0]!.peer, '10.0.0.8:4321');
  const upgrade = Buffer.from(
    'GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n',
  );
  const ws = await RawPeer.open(port('ws'));
  const frame = Buffer.concat([hex('82'), Buffer.of(0x80 | hex(connect4('w')).length), Buffer.alloc(4), hex(connect4('w'))]);
  ws.send(Buffer.concat([two('21', '11', ipv4), upgrade]));
  await ws.until(() => ws.received.includes('101 Switching'), 'the upgrade');
  ws.send(frame);
  await eventually(() => broker.clients().some((c) => c.clientId === 'w' && c.peer === '192.168.0.1:56324'), 'the client');
  tls.destroy();
  ws.close();
  await eventually(() => broker.stats().connections === 0, 'the end');
  await assert.rejects(mqtt.connectAsync(broker.addresses()['wss']!, { ca, reconnectPeriod: 0, connectTimeout: 2000 }, false));
  await broker.stop();
});
