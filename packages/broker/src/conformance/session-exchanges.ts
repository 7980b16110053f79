import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { kept } from './connect-exchanges.ts';
import { connect, disconnect, pingreq, prop } from './packets.ts';
import { fatal } from './publish-exchanges.ts';
import type { World } from './world.ts';

const away = async (x: World, seconds = 100): Promise<void> => {
  const s = await x.join('s', kept(x, {}, seconds));
  await s.sub('t', 1);
  await s.bye();
};

export const sessions = {
  resumed: async (x: World): Promise<void> => {
    await away(x);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    const s = await x.join('s', kept(x));
    assert.equal(s.connack.present, true);
    await s.take('t', '1');
    await p.put('t', '2', { qos: 1 });
    await s.take('t', '2');
  },
  newWhenThereIsNone: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x));
    assert.equal(s.connack.present, false);
    await s.quiet();
  },
  discardedByClean: async (x: World): Promise<void> => {
    await away(x);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    const s = await x.join('s', { clean: true });
    assert.equal(s.connack.present, false);
    await p.put('t', '2', { qos: 1 });
    await s.quiet();
    await s.bye();
    const again = await x.join('s', kept(x));
    assert.equal(again.connack.present, false);
    await again.quiet();
  },
  endsWithCleanConnection: async (x: World): Promise<void> => {
    const s = await x.join('s', { clean: true });
    await s.sub('t', 1);
    await s.bye();
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    const again = await x.join('s', kept(x));
    assert.equal(again.connack.present, false);
    await again.quiet();
  },
  lastsAsLongAsTheConnection: async (x: World): Promise<void> => {
    const s = await x.join('s', { clean: true });
    await s.sub('t', 1);
    await x.pass(x.strict ? 5000 : 3);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await s.take('t', '1');
  },

  // ---- 5.0
  expires: async (x: World): Promise<void> => {
    await away(x, 2);
    await x.pass(x.strict ? 3 : 6);
    const s = await x.join('s', kept(x));
    assert.equal(s.connack.present, false);
    const p = await x.join('p');
    await p.put('t', '1', { qos: 1 });
    await s.quiet();
  },
  keptUntilExpiry: async (x: World): Promise<void> => {
    await away(x, 4);
    await x.pass(2);
    const s = await x.join('s', kept(x));
    assert.equal(s.connack.present, true);
  },
  expiryGivenAtTheEnd: async (x: World): Promise<void> => {
    const s = await x.join('s', kept(x, {}, 1));
    await s.bye(0, [[prop.sessionExpiry, 100]]);
    await x.pass(3);
    const again = await x.join('s', kept(x, {}, 100));
    assert.equal(again.connack.present, true);
    await again.bye(0, [[prop.sessionExpiry, 0]]);
    const third = await x.join('s', kept(x));
    assert.equal(third.connack.present, false);
  },
  expiryNotGivenAtTheEnd: async (x: World): Promise<void> => {
    const s = await x.join('s');
    s.send(disconnect(0, [[prop.sessionExpiry, 5]]));
    await s.ends(0x82);
  },
  expiryTakenOver: async (x: World): Promise<void> => {
    await away(x);
    const s = await x.join('s', { clean: false });
    assert.equal(s.connack.present, true);
    await s.bye();
    const again = await x.join('s', kept(x));
    assert.equal(again.connack.present, false);
  },
};

export const closing = {
  ping: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send(pingreq, pingreq);
    await a.got('PINGRESP');
    await a.got('PINGRESP');
  },
  pingBits: fatal('c1 00', 0x81),
  disconnectBits: fatal('e1 00', 0x81),
  disconnectCode: fatal('e0 01 01', 0x82, 0x81),
  disconnectEnds: async (x: World): Promise<void> => {
    const a = await x.join('a');
    await a.bye();
    assert.equal(a.raw.received.length, 0);
  },
  nothingAfterDisconnect: async (x: World): Promise<void> => {
    const a = await x.join('a');
    a.send(pingreq, connect(x.version, 'a'), pingreq);
    await a.got('PINGRESP');
    await a.ends(0x82);
  },
  notBeforeConnack: async (x: World): Promise<void> => {
    const a = await x.open();
    a.send(Buffer.concat([connect(x.version, 'a', { flags: 3 })]));
    await a.raw.untilClosed();
    assert.notEqual(a.raw.received[0], 0xe0);
  },
  noExpiryFromServer: async (x: World): Promise<void> => {
    const a = await x.join('a', kept(x));
    a.hello('a');
    await a.raw.untilClosed();
    if (a.raw.received.length === 0) return;
    assert.equal(a.value(await a.got('DISCONNECT'), prop.sessionExpiry), undefined);
  },
  reservedType: fatal('00 00', 0x81, 0x82),
  serverPacket: fatal('d0 00', 0x82, 0x81),
  lengthOfFiveBytes: fatal('30 ff ff ff ff 7f', 0x81),
  publishIdMissing: fatal('32 04 0002 6162', 0x81),
  idZero: fatal('32 05 0001 61 0000', 0x82, 0x81),
  idZero5: fatal('32 06 0001 61 0000 00', 0x82, 0x81),
  noProperties: fatal('82 04 0001 00 00', 0x81),
  propertyLengthTooLong: fatal('30 05 0001 61 7f 61', 0x81),
  overlongVarint: fatal('30 06 0001 61 8000 61', 0x81),
  userPropertyNotUtf8: fatal('30 0b 0001 61 07 26 0002 c328 0000', 0x81),
};

/** Over WebSocket, where the server offers it. */
const socket = async (x: World, use: (ws: WebSocket, take: (n: number) => Promise<Buffer>) => Promise<void>): Promise<void> => {
  const ws = new WebSocket(x.server.wsUrl!, 'mqtt');
  let received = Buffer.alloc(0);
  let wake = (): void => {};
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    assert.ok(isBinary);
    received = Buffer.concat([received, data]);
    wake();
  });
  ws.on('error', () => {});
  await new Promise((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  const take = async (n: number): Promise<Buffer> => {
    while (received.length < n)
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        ws.once('close', () => reject(new Error('the WebSocket was closed')));
      });
    const out = received.subarray(0, n);
    received = received.subarray(n);
    return out;
  };
  try {
    await use(ws, take);
  } finally {
    ws.terminate();
  }
};
const connackLength = (x: World): number => (x.version === 4 ? 4 : 2);
export const webSocket = {
  binaryOnly: (x: World): Promise<void> =>
    socket(x, async (ws) => {
      const closed = new Promise((resolve) => {
        ws.once('close', resolve);
      });
      ws.send(connect(x.version, 'a').toString('latin1'));
      await closed;
    }),
  splitAnyhow: (x: World): Promise<void> =>
    socket(x, async (ws, take) => {
      const hello = connect(x.version, 'a');
      ws.send(hello.subarray(0, 5));
      ws.send(Buffer.concat([hello.subarray(5), pingreq, pingreq.subarray(0, 1)]));
      ws.send(pingreq.subarray(1));
      const head = await take(connackLength(x));
      assert.equal(head[0], 0x20);
      if (x.version === 5) await take(head[1]!);
      assert.equal((await take(4)).toString('hex'), 'd000d000');
    }),
  protocolName: (x: World): Promise<void> =>
    socket(x, async (ws) => {
      assert.equal(ws.protocol, 'mqtt');
      await Promise.resolve();
    }),
};
