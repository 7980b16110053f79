import assert from 'node:assert/strict';
import { test } from 'node:test';
import mqttPacket from 'mqtt-packet';
import { decodeAck, decodeConnect, decodeDisconnect, decodeSubscribe, decodeUnsubscribe } from './decode.ts';
import { encodeAck, encodeConnack, encodeDisconnect, encodeSuback, encodeUnsuback } from './encode.ts';
import { encodeProperties, readProperties } from './properties.ts';
import { PacketType, varintSize, writeVarint } from './protocol.ts';
import { ByteReader } from './reader.ts';

const bodyOf = (packet: Buffer): number => {
  let i = 1;
  while (packet[i++]! > 127);
  return i;
};
const parsed = (bytes: Buffer, protocolVersion: 4 | 5): Record<string, unknown> => {
  const parser = mqttPacket.parser({ protocolVersion });
  let out: Record<string, unknown> | undefined;
  parser.on('packet', (p) => {
    out = p as unknown as Record<string, unknown>;
  });
  parser.on('error', (e) => {
    throw e;
  });
  parser.parse(bytes);
  return out!;
};

for (const version of [4, 5] as const) {
  test(`CONNECT ${version}: every combination of fields reads as mqtt-packet wrote it`, () => {
    for (let bits = 0; bits < 64; bits++) {
      const will =
        bits & 1
          ? {
              topic: 'w/ü',
              payload: Buffer.from([0, 1, 2]),
              qos: bits & 2 ? 2 : 1,
              retain: (bits & 4) !== 0,
              ...(version === 5 ? { properties: { willDelayInterval: 7, contentType: 'x', userProperties: { a: ['1', '2'] } } } : {}),
            }
          : undefined;
      const bytes = mqttPacket.generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: version,
        clean: (bits & 8) !== 0,
        clientId: 'cliënt',
        keepalive: bits,
        ...(bits & 16 ? { username: 'user', password: Buffer.from('pass') } : {}),
        ...(will ? { will } : {}),
        ...(version === 5 && bits & 32
          ? {
              properties: {
                sessionExpiryInterval: 9,
                receiveMaximum: 3,
                maximumPacketSize: 100,
                topicAliasMaximum: 4,
                requestResponseInformation: true,
                userProperties: { k: 'v' },
              },
            }
          : {}),
      } as never);
      const p = decodeConnect(bytes, bodyOf(bytes), bytes.length);
      assert.deepEqual([p.version, p.clean, p.clientId, p.keepAlive], [version, (bits & 8) !== 0, 'cliënt', bits]);
      assert.deepEqual([p.username, p.password?.toString()], bits & 16 ? ['user', 'pass'] : [undefined, undefined]);
      assert.equal(p.will?.topic, will?.topic);
      if (will) assert.deepEqual([p.will!.qos, p.will!.retain, [...p.will!.payload]], [will.qos, will.retain, [0, 1, 2]]);
      if (will && version === 5)
        assert.deepEqual(p.will!.properties, {
          willDelayInterval: 7,
          contentType: 'x',
          userProperties: [
            ['a', '1'],
            ['a', '2'],
          ],
        });
      if (version === 5 && bits & 32) {
        assert.deepEqual(p.properties, {
          sessionExpiryInterval: 9,
          receiveMaximum: 3,
          maximumPacketSize: 100,
          topicAliasMaximum: 4,
          requestResponseInformation: 1,
          userProperties: [['k', 'v']],
        });
      }
    }
  });
  test(`SUBSCRIBE, UNSUBSCRIBE, acknowledgements and DISCONNECT ${version} read as mqtt-packet wrote them`, () => {
    const options = { protocolVersion: version };
    const five = version === 5;
    const subscriptions = [0, 1, 2].map((qos) => ({
      topic: `a/${qos}`,
      qos: qos as 0 | 1 | 2,
      ...(five ? { nl: qos === 1, rap: qos === 2, rh: qos } : {}),
    }));
    let bytes = mqttPacket.generate(
      { cmd: 'subscribe', messageId: 513, subscriptions, ...(five ? { properties: { subscriptionIdentifier: 300 } } : {}) } as never,
      options,
    );
    const s = decodeSubscribe(bytes, bodyOf(bytes), bytes.length, version);
    assert.equal(s.packetId, 513);
    assert.deepEqual(s.properties, five ? { subscriptionIdentifier: [300] } : {});
    assert.deepEqual(
      s.requests.map((r) => [r.filter, r.qos, r.noLocal, r.retainAsPublished, r.retainHandling]),
      [0, 1, 2].map((q) => [`a/${q}`, q, five && q === 1, five && q === 2, five ? q : 0]),
    );
    bytes = mqttPacket.generate({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['x', 'ÿ/#'] }, options);
    assert.deepEqual(decodeUnsubscribe(bytes, bodyOf(bytes), bytes.length, version).filters, ['x', 'ÿ/#']);
    for (const cmd of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
      bytes = mqttPacket.generate(
        {
          cmd,
          messageId: 77,
          ...(five ? { reasonCode: cmd === 'pubrel' || cmd === 'pubcomp' ? 0x92 : 0x97, properties: { reasonString: 'r' } } : {}),
        },
        options,
      );
      const ack = decodeAck(bytes, bodyOf(bytes), bytes.length, version, PacketType[cmd]);
      assert.deepEqual(ack, { packetId: 77, code: five ? (cmd === 'pubrel' || cmd === 'pubcomp' ? 0x92 : 0x97) : 0 });
    }
    bytes = mqttPacket.generate(
      { cmd: 'disconnect', ...(five ? { reasonCode: 4, properties: { sessionExpiryInterval: 5 } } : {}) } as never,
      options,
    );
    assert.deepEqual(
      decodeDisconnect(bytes, bodyOf(bytes), bytes.length, version),
      five ? { code: 4, properties: { sessionExpiryInterval: 5 } } : { code: 0, properties: {} },
    );
  });
  test(`what we write in ${version} mqtt-packet reads`, () => {
    const connack = parsed(
      encodeConnack(version, true, 0, version === 5 ? { receiveMaximum: 5, assignedClientIdentifier: 'x', serverKeepAlive: 9 } : undefined),
      version,
    );
    assert.deepEqual([connack.cmd, connack.sessionPresent, version === 5 ? connack.reasonCode : connack.returnCode], ['connack', true, 0]);
    if (version === 5)
      assert.deepEqual({ ...(connack.properties as object) }, { receiveMaximum: 5, assignedClientIdentifier: 'x', serverKeepAlive: 9 });
    const suback = parsed(encodeSuback(version, 258, [0, 1, 2, 0x87]), version);
    assert.deepEqual([suback.cmd, suback.messageId, suback.granted], ['suback', 258, version === 5 ? [0, 1, 2, 0x87] : [0, 1, 2, 0x80]]);
    assert.equal(parsed(encodeUnsuback(version, 3, [0, 0x11]), version).messageId, 3);
    for (const cmd of ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const) {
      const code = version === 5 ? (cmd === 'puback' || cmd === 'pubrec' ? 0x97 : 0x92) : 0;
      const ack = parsed(encodeAck(version, PacketType[cmd], 1025, code), version);
      assert.deepEqual([ack.cmd, ack.messageId], [cmd, 1025]);
      if (version === 5) assert.equal(ack.reasonCode, code);
    }
  });
}

test('DISCONNECT with a code is read by mqtt-packet', () => {
  assert.equal(parsed(encodeDisconnect(0x8e), 5).reasonCode, 0x8e);
});

test('every property survives writing and reading, and is refused in packets it does not belong to', () => {
  const all = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 4_000_000_000,
    contentType: 'ä',
    responseTopic: 'r',
    correlationData: Buffer.from([0, 255]),
    topicAlias: 65535,
    subscriptionIdentifier: [1, 268_435_455],
    userProperties: [
      ['a', ''],
      ['', 'b'],
    ] as [string, string][],
  };
  const inner = encodeProperties(all);
  const bytes = Buffer.concat([
    Buffer.of(
      ...(() => {
        const b = Buffer.alloc(varintSize(inner.length));
        writeVarint(b, 0, inner.length);
        return b;
      })(),
    ),
    inner,
  ]);
  assert.deepEqual(readProperties(new ByteReader(bytes, 0, bytes.length), PacketType.publish), all);
  assert.throws(() => readProperties(new ByteReader(bytes, 0, bytes.length), PacketType.connect), { code: 0x81 });
});

test('variable byte integers at their borders', () => {
  for (const n of [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455]) {
    const b = Buffer.alloc(varintSize(n));
    assert.equal(writeVarint(b, 0, n), b.length);
    assert.equal(new ByteReader(b, 0, b.length).varint(), n);
  }
  for (const bad of [[0x80, 0x00], [0xff, 0xff, 0xff, 0xff, 0x01], [0x80]]) {
    assert.throws(() => new ByteReader(Buffer.from(bad), 0, bad.length).varint(), { code: 0x81 });
  }
});
