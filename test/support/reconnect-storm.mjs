import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import mqttPacket from 'mqtt-packet';

const program = fileURLToPath(new URL('./storm-broker.mjs', import.meta.url));
const pingEveryMs = 50;

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** One device: resolves with its socket once CONNACK and SUBACK came; rejects when they do not. */
function device(port, n, name, secret) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  const connack = mqttPacket.generate({ cmd: 'connect', clientId: `c${n}`, username: name, password: secret, clean: true, keepalive: 60 });
  const subscribe = mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `plant/${name}/in`, qos: 1 }] });
  socket.write(Buffer.concat([connack, subscribe]));
  return new Promise((resolve, reject) => {
    let said = Buffer.alloc(0);
    const take = (chunk) => {
      said = Buffer.concat([said, chunk]);
      if (said.length < 9) return;
      socket.off('data', take);
      if (said.toString('hex') === '200200009003000101') resolve(socket);
      else reject(new Error(`client ${n} heard ${said.toString('hex')}`));
    };
    socket.on('data', take);
    socket.on('close', () => reject(new Error(`client ${n} was closed`)));
  });
}

/** Pings every 50 ms until it is ended; then tells the longest answer in milliseconds. */
function watch(socket) {
  let sent = 0;
  let longest = 0;
  socket.on('data', () => {
    longest = Math.max(longest, performance.now() - sent);
    sent = 0;
  });
  const timer = setInterval(() => {
    if (sent !== 0) return;
    sent = performance.now();
    socket.write(Buffer.of(0xc0, 0));
  }, pingEveryMs);
  return () => {
    clearInterval(timer);
    return Math.max(longest, sent === 0 ? 0 : performance.now() - sent);
  };
}

/**
 * `clients` devices with credentials and an access list connect, are all cut off, and come back at the same moment. Resolves with how
 * long that took, the longest ping of somebody who stayed, and the broker's counters with all back and after all left.
 */
export async function reconnectStorm(clients) {
  const devices = Math.min(clients, 100);
  const child = fork(program, [String(devices)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const [{ port, secrets }] = await once(child, 'message');
    const ask = async () => {
      child.send('stats');
      return (await once(child, 'message'))[0];
    };
    const come = () => Promise.all(Array.from({ length: clients }, (_, n) => device(port, n, `d${n % devices}`, secrets[n % devices])));
    const stays = await device(port, 'stays', 'd0', secrets[0]);
    const first = await come();
    const ends = watch(stays);
    const began = performance.now();
    for (const socket of first) socket.destroy();
    const second = await come();
    const backMs = performance.now() - began;
    const longestPingMs = ends();
    const back = await ask();
    for (const socket of [...second, stays]) socket.destroy();
    let after = await ask();
    for (let i = 0; after.connections > 0 && i < 200; i++) {
      await sleep(25);
      after = await ask();
    }
    return { backMs, longestPingMs, back, after };
  } finally {
    if (child.connected) child.disconnect();
    await once(child, 'exit');
  }
}
