import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import { generator } from './broker-crash.mjs';

const program = fileURLToPath(new URL('./soak-broker.mjs', import.meta.url));
const steady = 6;
const churners = 12;
const sessions = 12;
const slowReaders = 4;
const retainedTopics = 300;
const sampleMs = 5000;
const settleMs = 20_000;
/** What must be as it was before once everybody has gone. */
const returning = ['clients', 'connections', 'sessions', 'subscriptions', 'retained', 'retainedBytes', 'queued', 'queuedBytes'];

const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * Everything at once for `seconds`: steady flows of each QoS, clients that come and go with and without a word, kept sessions,
 * shared subscriptions, wills, retained messages, readers that stop reading. Then all leave. Resolves with what did not return to where
 * it was (`faults`), the samples of memory, and what was done.
 */
export async function soak(seconds, seed) {
  const random = generator(seed);
  const any = (n) => Math.floor(random() * n);
  const dir = mkdtempSync(join(tmpdir(), 'omh-soak-'));
  const child = fork(program, [dir], { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const faults = [];
  const did = { published: 0, received: 0, connects: 0, dropped: 0, kept: 0 };
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  try {
    const [{ port }] = await once(child, 'message');
    const ask = async () => {
      child.send('stats');
      return (await once(child, 'message'))[0];
    };
    const before = await ask();
    const until = performance.now() + seconds * 1000;
    const running = () => performance.now() < until && !exited;
    const open = (options) => {
      did.connects++;
      return mqtt.connectAsync({ host: '127.0.0.1', port, reconnectPeriod: 0, connectTimeout: 20_000, keepalive: 0, ...options });
    };
    const version = () => ({ protocolVersion: random() < 0.5 ? 4 : 5 });
    const until5 = (options, expiry) =>
      options.protocolVersion === 5 ? { ...options, properties: { sessionExpiryInterval: expiry } } : options;
    const leave = async (client) => {
      if (random() < 0.3) {
        client.stream.destroy();
        did.dropped++;
        return;
      }
      await client.endAsync();
    };

    /** One topic each; its own reader sees all of QoS 1 and 2, in order. */
    const flow = async (i) => {
      const qos = i % 3;
      const reader = await open({ clientId: `reader-${i}`, ...version() });
      const writer = await open({ clientId: `writer-${i}`, ...version() });
      let last = 0;
      let sent = 0;
      reader.on('message', (topic, payload) => {
        if (topic !== `soak/flow/${i}`) return;
        const n = Number(String(payload).split(' ')[0]);
        if (qos > 0 ? n !== last + 1 : n <= last) faults.push(`flow ${i}, QoS ${qos}: ${n} came after ${last}`);
        last = n;
        did.received++;
      });
      await reader.subscribeAsync(`soak/flow/${i}`, { qos });
      while (running()) {
        const burst = Array.from({ length: 1 + any(20) }, () =>
          writer.publishAsync(`soak/flow/${i}`, `${++sent} ${'x'.repeat(any(400))}`, { qos }),
        );
        await Promise.all(burst);
        did.published += burst.length;
        await sleep(any(60));
      }
      if (qos > 0) for (let k = 0; k < 200 && last < sent && !exited; k++) await sleep(50);
      if (qos > 0 && last !== sent) faults.push(`flow ${i}, QoS ${qos}: ${sent} were acknowledged, ${last} came`);
      await Promise.all([reader.endAsync(), writer.endAsync()]);
    };
    const churn = async (i) => {
      while (running()) {
        const will = random() < 0.3 ? { will: { topic: `soak/will/${i}`, payload: 'gone', qos: any(3), retain: false } } : {};
        const client = await open({ clientId: `churn-${i}-${any(4)}`, ...version(), ...will });
        client.on('error', () => {});
        const filters = ['soak/flow/+', `soak/will/#`, `$share/g${any(3)}/soak/flow/#`, `soak/retained/${any(9)}/+`, '#'].filter(
          () => random() < 0.4,
        );
        for (const filter of filters) await client.subscribeAsync(filter, { qos: any(3) });
        for (let k = any(5); k > 0; k--) await client.publishAsync(`soak/churn/${i}`, 'x'.repeat(any(2000)), { qos: any(3) });
        await sleep(any(300));
        if (filters.length > 0 && random() < 0.5) await client.unsubscribeAsync(filters[0]);
        await leave(client);
      }
    };
    const keep = async (i) => {
      while (running()) {
        did.kept++;
        const client = await open(until5({ clientId: `kept-${i}`, clean: false, ...version() }, 3600));
        client.on('error', () => {});
        await client.subscribeAsync([`soak/flow/${any(steady)}`, 'soak/churn/+'], { qos: 1 + any(2) });
        await sleep(any(800));
        await leave(client);
        await sleep(any(800));
      }
      // A clean start ends the session.
      await (await open({ clientId: `kept-${i}`, clean: true })).endAsync();
    };
    const retain = async () => {
      const client = await open({ clientId: 'retain' });
      const topic = (n) => `soak/retained/${n % 9}/${n}`;
      while (running()) {
        const n = any(retainedTopics);
        await client.publishAsync(topic(n), random() < 0.2 ? '' : 'v'.repeat(1 + any(500)), { qos: any(3), retain: true });
        did.published++;
        await sleep(any(20));
      }
      for (let n = 0; n < retainedTopics; n++) await client.publishAsync(topic(n), '', { qos: 1, retain: true });
      await client.endAsync();
    };
    /** Subscribes to everything, reads nothing, goes without a word. */
    const freeze = async (i) => {
      while (running()) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(
          mqttPacket.generate({ cmd: 'connect', clientId: `slow-${i}`, clean: true, keepalive: 0, protocolId: 'MQTT', protocolVersion: 4 }),
        );
        socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: any(3) }] }));
        socket.pause();
        for (let k = 20 + any(60); k > 0 && running(); k--) await sleep(100);
        socket.destroy();
      }
    };
    const samples = [];
    const watch = async () => {
      while (running()) {
        const { rss, heapUsed } = await ask();
        samples.push({ at: seconds - (until - performance.now()) / 1000, rss, heapUsed });
        await sleep(Math.min(sampleMs, Math.max(0, until - performance.now())));
      }
    };
    const times = (n, work) => Array.from({ length: n }, (_, i) => work(i));
    await Promise.all([
      ...times(steady, flow),
      ...times(churners, churn),
      ...times(sessions, keep),
      retain(),
      ...times(slowReaders, freeze),
      watch(),
    ]);
    if (exited) return { faults: [...faults, 'the broker ended'], samples, did };
    // A client that went without a word is noticed a moment later.
    let left = [];
    let after;
    for (const end = performance.now() + settleMs; performance.now() < end; await sleep(200)) {
      after = await ask();
      left = returning.filter((key) => after.stats[key] !== before.stats[key]);
      if (left.length === 0) break;
    }
    for (const key of left) faults.push(`${key} was ${before.stats[key]} before and is ${after.stats[key]} now`);
    const logBytes = readdirSync(dir).reduce((n, name) => n + statSync(join(dir, name)).size, 0);
    return { faults, samples, did, stats: after.stats, memory: { before, after }, logBytes };
  } finally {
    if (child.connected) child.disconnect();
    if (!exited) await once(child, 'exit');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** MB per minute by least squares. */
export function slope(samples, key) {
  const n = samples.length;
  const x = samples.map(({ at }) => at / 60);
  const y = samples.map((sample) => sample[key] / 1e6);
  const mean = (list) => list.reduce((a, b) => a + b, 0) / n;
  const [mx, my] = [mean(x), mean(y)];
  const over = x.reduce((sum, v, i) => sum + (v - mx) * (y[i] - my), 0);
  return over / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}
