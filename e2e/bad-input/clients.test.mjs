// Clients that talk nonsense: MQTT, HTTP, live WebSocket. Each is shown the door with the code of its protocol, nobody else notices.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import WebSocket from 'ws';
import { portOf, request, sendBytes, watchPlant } from '../../test/support/bad-peers.mjs';
import { startDemo } from '../../test/support/demo.mjs';
import { until } from '../../test/support/pipeline.mjs';

const packet = (fields, protocolVersion = 5) => mqttPacket.generate(fields, { protocolVersion });
const connectPacket = (clientId, protocolVersion = 5) =>
  packet({ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clean: true, clientId, keepalive: 60 }, protocolVersion);

/** What the broker says before it closes, as packets. */
async function answers(port, bytes, protocolVersion = 5) {
  const said = await sendBytes(port, bytes);
  const packets = [];
  mqttPacket
    .parser({ protocolVersion })
    .on('packet', (p) => packets.push(p))
    .on('error', () => {})
    .parse(said);
  return packets;
}

describe('clients that talk nonsense', { concurrency: false }, () => {
  let demo;
  let plant;
  let neighbour;
  let nonsense;
  before(async () => {
    demo = await startDemo();
    plant = await watchPlant(demo);
    neighbour = await mqtt.connectAsync(demo.ready.mqtt, { clientId: 'neighbour', protocolVersion: 5, reconnectPeriod: 0 });
    await neighbour.subscribeAsync('neighbour/#', { qos: 1 });
  });
  after(async () => {
    await neighbour?.endAsync(true);
    await plant?.close();
    await demo?.stop();
  });

  /** A client that was there before still gets what it publishes. */
  async function othersGoOn() {
    const text = randomBytes(8).toString('hex');
    const back = once(neighbour, 'message', { signal: AbortSignal.timeout(5000) });
    await neighbour.publishAsync('neighbour/echo', text, { qos: 1 });
    assert.equal(String((await back)[1]), text);
    await plant.goesOn();
  }

  test('a thousand connections of random bytes disturb nobody', { timeout: 30_000 }, async () => {
    const port = portOf(demo.ready.mqtt);
    // Some look like the beginning of a longer packet: those are closed after the connect time-out of 10 s, so the last test waits for them.
    nonsense = Promise.allSettled(Array.from({ length: 1000 }, (_, i) => sendBytes(port, randomBytes(1 + ((i * 37) % 3000)), 15_000)));
    await othersGoOn();
  });

  test('HTTP on the MQTT port', { timeout: 20_000 }, async () => {
    await sendBytes(portOf(demo.ready.mqtt), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await othersGoOn();
  });

  const malformed = [
    ['a packet type that does not exist', Buffer.from([0x00, 0x00]), 0x81],
    ['a remaining length of five bytes', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f]), 0x81],
    ['a topic longer than its packet', Buffer.from([0x30, 0x04, 0xff, 0xff, 0x61, 0x62]), 0x81],
    ['a topic that is no UTF-8', Buffer.from([0x30, 0x06, 0x00, 0x02, 0xc3, 0x28, 0x00, 0x78]), 0x81],
    ['QoS 3', Buffer.from([0x36, 0x07, 0x00, 0x01, 0x61, 0x00, 0x01, 0x00, 0x78]), 0x81],
    ['a subscription to nothing', Buffer.from([0x82, 0x03, 0x00, 0x01, 0x00]), [0x81, 0x82]],
    ['a second CONNECT', connectPacket('twice'), 0x82],
    [
      'a publication to a wildcard',
      packet({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0, retain: false, dup: false, properties: {} }).fill('#', 4, 5),
      [0x81, 0x82, 0x90],
    ],
    ['the reserved flags of SUBSCRIBE', Buffer.from([0x80, 0x07, 0x00, 0x01, 0x00, 0x00, 0x01, 0x61, 0x00]), 0x81],
  ];
  for (const [what, bytes, code] of malformed) {
    test(`${what} ends the connection with its reason code`, { timeout: 20_000 }, async () => {
      const [connack, disconnect] = await answers(
        portOf(demo.ready.mqtt),
        Buffer.concat([connectPacket(`bad-${malformed.findIndex(([w]) => w === what)}`), bytes]),
      );
      assert.deepEqual([connack?.cmd, connack?.reasonCode], ['connack', 0]);
      assert.equal(disconnect?.cmd, 'disconnect');
      assert.ok([code].flat().includes(disconnect.reasonCode), `0x${disconnect.reasonCode.toString(16)}`);
    });
  }

  test('after each of these the others still go on', { timeout: 20_000 }, othersGoOn);

  test('a wrong protocol name or level is answered as the specification says', { timeout: 20_000 }, async () => {
    const wrongLevel = connectPacket('level', 4);
    wrongLevel[8] = 9;
    const [refused] = await answers(portOf(demo.ready.mqtt), wrongLevel, 4);
    assert.equal(refused?.cmd, 'connack');
    assert.ok([1, 0x84].includes(refused.returnCode ?? refused.reasonCode), JSON.stringify(refused));
    await sendBytes(portOf(demo.ready.mqtt), Buffer.from('100c0004485454500402003c0000', 'hex'));
    await othersGoOn();
  });

  test('garbage on the HTTP port is answered as a problem and closed', { timeout: 20_000 }, async () => {
    const said = String(await sendBytes(portOf(demo.ready.http), Buffer.from('\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n')));
    assert.match(said, /^HTTP\/1\.1 400 /);
    assert.match(said, /application\/problem\+json/);
    assert.match(said, /"code":"API_REQUEST_MALFORMED"/);
    await Promise.all(
      Array.from({ length: 50 }, () => sendBytes(portOf(demo.ready.http), Buffer.concat([randomBytes(500), Buffer.from('\r\n\r\n')]))),
    );
    await othersGoOn();
  });

  test('a request that is too large, too long or no JSON gets one sentence', { timeout: 20_000 }, async () => {
    const huge = await fetch(`${demo.ready.http}/api/v1/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'x'.repeat(20 * 1024 * 1024) }),
    });
    assert.equal(huge.status, 413);
    assert.match((await huge.json()).detail, /larger than \d+ bytes/);
    for (const [body, code] of [
      ['{"sql":', 'API_BODY_NOT_JSON'],
      ['[1]', 'API_INVALID_REQUEST'],
      ['{"sql":7,"x":{}}', 'API_INVALID_REQUEST'],
    ]) {
      const answer = await fetch(`${demo.ready.http}/api/v1/sql`, {
        method: 'POST',
        headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
        body,
      });
      const problem = await answer.json();
      assert.deepEqual([answer.status, problem.code], [400, code], JSON.stringify(problem));
      assert.ok(problem.detail.length > 15 && problem.next.length > 5, JSON.stringify(problem));
    }
    const long = String(await sendBytes(portOf(demo.ready.http), `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
    assert.match(long, /^HTTP\/1\.1 4(14|31|00) /);
    await othersGoOn();
  });

  test('a request without a token, with a wrong one, and to nowhere', { timeout: 20_000 }, async () => {
    const anonymous = await fetch(`${demo.ready.http}/api/v1/status`);
    assert.deepEqual([anonymous.status, (await anonymous.json()).code], [401, 'API_NOT_SIGNED_IN']);
    const wrong = await fetch(`${demo.ready.http}/api/v1/status`, {
      headers: { authorization: 'Bearer omh_wrong_wrong_wrong_wrong_wrong' },
    });
    assert.deepEqual([wrong.status, (await wrong.json()).code], [401, 'API_CREDENTIAL_REFUSED']);
    const nowhere = await request(demo, 'GET', '/api/v1/nowhere');
    assert.deepEqual([nowhere.status, nowhere.body.code], [404, 'API_NO_ROUTE']);
  });

  test('a live client that sends garbage is answered each time and stays subscribed', { timeout: 20_000 }, async () => {
    const socket = new WebSocket(`${demo.ready.http.replace('http', 'ws')}/api/v1/live`, {
      headers: { authorization: `Bearer ${demo.token}` },
    });
    const frames = [];
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await once(socket, 'open');
    try {
      socket.send(JSON.stringify({ op: 'sub', id: 1, kind: 'tags', device: 'demo' }));
      const garbage = [
        '',
        'nonsense',
        '{"op":"sub"}',
        '[]',
        '{"op":"sub","id":2,"kind":"nothing"}',
        '{"op":"sub","id":3,"kind":"topic","filter":"a/#/b"}',
        '{"op":"sub","id":1,"kind":"flow"}',
        randomBytes(300),
      ];
      for (const text of garbage) socket.send(text);
      const refused = await until('an answer to each', () => {
        const found = frames.filter((f) => f.error !== undefined);
        return found.length >= garbage.length && found;
      });
      assert.equal(refused.length, garbage.length);
      for (const { error } of refused) assert.ok(/^API_[A-Z_]+$/.test(error.code) && error.text.length > 15, JSON.stringify(error));
      const before = frames.length;
      await until('further values', () => frames.slice(before).some((f) => f.id === 1 && f.v?.length > 0));
    } finally {
      socket.terminate();
    }
  });

  test('a live client that breaks the WebSocket protocol is closed, the next one is served', { timeout: 20_000 }, async () => {
    const raw = connect(portOf(demo.ready.http), '127.0.0.1');
    raw.on('error', () => {});
    raw.write(
      `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nAuthorization: Bearer ${demo.token}\r\n\r\n`,
    );
    const [head] = await once(raw, 'data');
    assert.match(String(head), /^HTTP\/1\.1 101 /);
    raw.write(Buffer.concat([Buffer.from([0xff, 0xff]), randomBytes(2000)]));
    raw.resume();
    await once(raw, 'close', { signal: AbortSignal.timeout(10_000) });
    const socket = new WebSocket(`${demo.ready.http.replace('http', 'ws')}/api/v1/live`, {
      headers: { authorization: `Bearer ${demo.token}` },
    });
    await once(socket, 'open');
    socket.send('{"op":"ping"}');
    assert.equal(String((await once(socket, 'message'))[0]), '{"op":"pong"}');
    socket.terminate();
    await othersGoOn();
  });

  test('every connection that sent random bytes is closed within the connect time-out', { timeout: 30_000 }, async () => {
    const open = (await nonsense).filter((r) => r.status === 'rejected');
    assert.deepEqual(open, []);
    assert.deepEqual((await demo.get('/api/v1/clients')).clients.map((c) => c.clientId).filter((id) => id === 'neighbour').length, 1);
    await othersGoOn();
  });
});
