import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { connect4, eventually, hex, open4, openBroker, RawPeer } from './test-support.ts';

test('who does not say CONNECT in time is let go, who is silent beyond keep-alive gets 0x8D and its will is sent', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const mute = await RawPeer.open(broker);
  mute.send('10 20 00');
  const watcher = await open4(broker, 'watcher');
  watcher.send("82 06 0001 0001'w' 00");
  await watcher.take(5);
  const five = await RawPeer.open(broker);
  five.send("10 18 0004'MQTT'05 06 000a 00 0001'a' 00 0001'w' 0004'gone'");
  await five.take(16);
  await clock.advance(9000);
  assert.equal(mute.closed, false);
  await clock.advance(2000);
  await mute.untilClosed();
  await clock.advance(3000);
  assert.equal(five.closed, false);
  await clock.advance(2000);
  assert.equal(await five.take(4), 'e0028d00');
  await five.untilClosed();
  assert.equal(await watcher.take(9), hex("30 07 0001'w' 'gone'").toString('hex'));
  watcher.close();
  await broker.stop();
});

test('a will with a delay is sent after it, unless the client comes back; the session ends when its expiry has passed', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const watcher = await open4(broker, 'watcher');
  watcher.send("82 06 0001 0001'w' 00");
  await watcher.take(5);
  const connectDelayed = "10 22 0004'MQTT'05 04 0000 05 11 00000064 0001'a' 05 18 0000000a 0001'w' 0004'gone'";
  const gone = async (peer: RawPeer): Promise<void> => {
    const { connections } = broker.stats();
    peer.close();
    await eventually(() => broker.stats().connections < connections, 'the broker to see the end');
  };
  let a = await RawPeer.open(broker);
  a.send(connectDelayed);
  assert.equal((await a.take(16)).slice(4, 6), '00');
  await gone(a);
  await clock.advance(8000);
  a = await RawPeer.open(broker);
  a.send(connectDelayed);
  assert.equal((await a.take(16)).slice(4, 6), '01');
  await clock.advance(20_000);
  assert.equal(watcher.received.length, 0);
  await gone(a);
  await clock.advance(11_000);
  assert.equal(await watcher.take(9), hex("30 07 0001'w' 'gone'").toString('hex'));
  assert.equal(broker.stats().sessions, 2);
  await clock.advance(95_000);
  assert.equal(broker.stats().sessions, 1);
  watcher.close();
  await broker.stop();
});

test('queued messages count their expiry down and vanish after it', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const connect5 = "10 13 0004'MQTT'05 00 0000 05 11 000003e8 0001's'";
  let s = await RawPeer.open(broker);
  s.send(`${connect5} 82 07 0001 00 0001't' 01`);
  await s.take(22);
  s.send('e000');
  await s.untilClosed();
  const principal = { kind: 'part', name: 'p', permissions: [] } as const;
  await broker.bus.publish({ topic: 't', payload: 'a', qos: 1, properties: { messageExpiryInterval: 10 }, principal });
  await broker.bus.publish({ topic: 't', payload: 'b', qos: 1, properties: { messageExpiryInterval: 100 }, principal });
  await clock.advance(30_000);
  s = await RawPeer.open(broker);
  s.send(connect5);
  await s.take(16);
  assert.equal(await s.take(14), hex("32 0c 0001't' 0001 05 02 00000046 'b'").toString('hex'));
  assert.equal(broker.stats().droppedExpired, 1);
  s.close();
  await broker.stop();
});

test('a client that takes nothing for a minute is let go and its session kept', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const frozen = await open4(broker, 'frozen', '00');
  frozen.send("82 06 0001 0001'#' 01");
  await frozen.take(5);
  frozen.socket.pause();
  const principal = { kind: 'part', name: 'p', permissions: [] } as const;
  for (let i = 0; i < 200; i++) {
    void broker.bus.publish({ topic: 't', payload: Buffer.alloc(60_000), principal });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await clock.advance(80_000);
  await eventually(() => broker.stats().connections === 0, 'the end of the frozen client');
  assert.deepEqual([broker.stats().sessions, broker.clients()[0]!.connected], [1, false]);
  frozen.close();
  await broker.stop();
});

test('a client that pings within its keep-alive stays', async () => {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock });
  const a = await RawPeer.open(broker);
  a.send(connect4('a', '02', '0001'));
  await a.take(4);
  for (let i = 0; i < 10; i++) {
    await clock.advance(1000);
    a.send('c000');
    assert.equal(await a.take(2), 'd000');
  }
  await clock.advance(3000);
  await a.untilClosed();
  await broker.stop();
});
