import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';

const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));
/** Below what a session keeps by default, so that no limit drops anything. */
const mostBehind = 600;
const publishers = [
  { name: 'p1', qos: 1, window: 20 },
  { name: 'p2', qos: 2, window: 20 },
  { name: 'p3', qos: 2, window: 3 },
];
const subscribers = [
  { name: 's1', qos: 1, away: 0 },
  { name: 's2', qos: 2, away: 0 },
  { name: 's3', qos: 2, away: 0.4 },
  { name: 's4', qos: 1, away: 0.4 },
];

export const generator = (from) => {
  let a = from;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
};
const sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** `omh broker` as a process of its own; `port` 0 the first time. */
async function startBroker(dir, mode, port) {
  const args = ['broker', '--data', dir, '--durability', mode, '--port', String(port), '--anonymous', '--json', '--log-level', 'error'];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    exited.then(([code]) => {
      throw new Error(`the broker ended with ${code} before it was ready`);
    }),
  ]);
  const { mqtt: url } = JSON.parse(String(line));
  return { child, exited, port: Number(new URL(url).port) };
}

/** A 3.1.1 client that keeps its session, on a bare socket: connects again whenever its connection is gone, unless it is away. */
class Client {
  away = false;
  ended = false;
  ready = false;
  subscribed = false;
  faults = [];
  #socket;
  #parser;
  #timer;
  constructor(plan, port) {
    this.plan = plan;
    this.port = port;
    this.#connect();
  }
  #connect() {
    const socket = (this.#socket = connect(this.port, '127.0.0.1'));
    socket.setNoDelay(true);
    const parser = (this.#parser = mqttPacket.parser({ protocolVersion: 4 }));
    parser.on('packet', (packet) => socket === this.#socket && this.#packet(packet));
    parser.on('error', (error) => this.faults.push(`${this.plan.name} cannot read what the broker sends: ${error.message}`));
    socket.on('connect', () =>
      this.send({ cmd: 'connect', clientId: this.plan.name, clean: false, protocolVersion: 4, protocolId: 'MQTT', keepalive: 0 }),
    );
    socket.on('data', (chunk) => this.#parser === parser && parser.parse(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.ready = false;
      if (!this.away && !this.ended) this.#timer = setTimeout(() => this.#connect(), 10);
    });
  }
  send(packet) {
    this.#socket.write(mqttPacket.generate(packet, { protocolVersion: 4 }));
  }
  leave() {
    this.away = true;
    clearTimeout(this.#timer);
    this.ready = false;
    this.#socket.destroy();
  }
  come() {
    if (!this.away) return;
    this.away = false;
    this.#connect();
  }
  end() {
    this.ended = true;
    this.leave();
  }
  #packet(packet) {
    if (packet.cmd === 'connack') {
      this.ready = true;
      if (this.known && !packet.sessionPresent) this.faults.push(`${this.plan.name} finds no session`);
      this.connected();
    } else this.on(packet);
  }
}

/** Numbers its messages; sets a retained topic of its own with some of them. */
class Publisher extends Client {
  sent = 0;
  retainedAcked = -1;
  ackedAll = new Set();
  /** By packet id, in the order of their sending: the PUBLISH, or the PUBREL that followed it. */
  #out = new Map();
  #id = 0;
  get onTheWay() {
    return this.#out.size;
  }
  connected() {
    this.known = true;
    for (const [, { packet }] of this.#out) {
      this.send(packet);
      if (packet.cmd === 'publish') packet.dup = true;
    }
  }
  publish() {
    if (!this.ready) return;
    const n = this.sent++;
    if (n % 7 === 0) this.#publish(`r/${this.plan.name}`, n, 1, true);
    this.#publish(`t/${this.plan.name}`, n, this.plan.qos, false);
  }
  #publish(topic, n, qos, retain) {
    do this.#id = (this.#id % 65535) + 1;
    while (this.#out.has(this.#id));
    const packet = { cmd: 'publish', topic, payload: String(n), qos, retain, dup: false, messageId: this.#id };
    this.#out.set(this.#id, { packet, n, retain });
    this.send(packet);
    packet.dup = true;
  }
  on({ cmd, messageId }) {
    const out = this.#out.get(messageId);
    if (cmd === 'pubrec') {
      const packet = { cmd: 'pubrel', messageId };
      if (out) out.packet = packet;
      this.send(packet);
      return;
    }
    if (out === undefined) return;
    if (out.retain) this.retainedAcked = Math.max(this.retainedAcked, out.n);
    else this.ackedAll.add(out.n);
    this.#out.delete(messageId);
  }
}

/** Keeps everything it got; hands over a QoS 2 message at its first PUBLISH (4.3.3, method A). */
class Subscriber extends Client {
  got = new Map(publishers.map(({ name }) => [name, []]));
  distinct = new Map(publishers.map(({ name }) => [name, new Set()]));
  #received = new Set();
  connected() {
    if (!this.known) this.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't/#', qos: this.plan.qos }] });
  }
  get count() {
    let n = 0;
    for (const set of this.distinct.values()) n += set.size;
    return n;
  }
  on(packet) {
    const { cmd, messageId } = packet;
    if (cmd === 'suback') this.known = true;
    else if (cmd === 'pubrel') {
      this.#received.delete(messageId);
      this.send({ cmd: 'pubcomp', messageId });
    } else if (cmd === 'publish') {
      if (packet.qos === 1 || !this.#received.has(messageId)) this.#take(packet.topic.slice(2), Number(packet.payload));
      if (packet.qos === 2) this.#received.add(messageId);
      this.send({ cmd: packet.qos === 2 ? 'pubrec' : 'puback', messageId });
    }
  }
  #take(from, n) {
    this.got.get(from).push(n);
    this.distinct.get(from).add(n);
  }
}

/** The same with MQTT.js, whose stores and order of resending are not ours: a message it reports as failed counts for nothing. */
class Pair {
  acked = new Set();
  got = [];
  #sent = 0;
  #onTheWay = 0;
  constructor(port) {
    const options = { port, host: '127.0.0.1', clean: false, reconnectPeriod: 15, resubscribe: false };
    this.from = mqtt.connect({ ...options, clientId: 'js-from' });
    this.to = mqtt.connect({ ...options, clientId: 'js-to' });
    for (const client of [this.from, this.to]) client.on('error', () => {});
    this.to.on('message', (_topic, payload) => this.got.push(Number(payload)));
  }
  publish() {
    if (this.#onTheWay >= 10) return;
    const n = this.#sent++;
    this.#onTheWay++;
    this.from.publish('js', String(n), { qos: 2 }, (error) => {
      this.#onTheWay--;
      if (!error) this.acked.add(n);
    });
  }
  get whole() {
    const got = new Set(this.got);
    return this.#onTheWay === 0 && [...this.acked].every((n) => got.has(n));
  }
  get faults() {
    const got = new Set(this.got);
    const lost = [...this.acked].filter((n) => !got.has(n));
    return [
      ...(lost.length > 0 ? [`MQTT.js lost ${lost.slice(0, 10).join(' ')} (${lost.length})`] : []),
      ...(got.size < this.got.length ? [`MQTT.js got ${this.got.length - got.size} twice`] : []),
    ];
  }
  end() {
    this.from.end(true);
    this.to.end(true);
  }
}

/**
 * `kills` lives of one broker on one data directory, each ended by SIGKILL at a random moment under load, and one more to see what is
 * there. Resolves to the faults found, none when every promise held, and to counts.
 */
export async function crashRun(mode, seed, kills) {
  const random = generator(seed);
  const dir = mkdtempSync(join(tmpdir(), 'omh-broker-crash-'));
  let broker = await startBroker(dir, mode, 0);
  const { port } = broker;
  const subs = subscribers.map((plan) => new Subscriber(plan, port));
  const pubs = publishers.map((plan) => new Publisher(plan, port));
  const pair = new Pair(port);
  const all = [...subs, ...pubs];
  try {
    await pair.to.subscribeAsync('js', { qos: 2 });
    while (!subs.every((sub) => sub.known)) await sleep(2);
    for (let life = 0; life < kills; life++) {
      for (const sub of subs) {
        const away = random() < sub.plan.away;
        if (away) sub.leave();
        else sub.come();
      }
      const ends = performance.now() + random() * 120;
      while (performance.now() < ends) {
        const total = pubs.reduce((sum, pub) => sum + pub.sent, 0);
        const behind = Math.max(...subs.map((sub) => total - sub.count));
        for (const pub of pubs) if (behind < mostBehind && pub.onTheWay < pub.plan.window) pub.publish();
        pair.publish();
        if (behind >= mostBehind) for (const sub of subs) sub.come();
        await (random() < 0.5 ? sleep(1) : new Promise(setImmediate));
      }
      broker.child.kill('SIGKILL');
      await broker.exited;
      broker = await startBroker(dir, mode, port);
    }
    for (const sub of subs) sub.come();
    const total = pubs.reduce((sum, pub) => sum + pub.sent, 0);
    const until = performance.now() + 15_000;
    const whole = () => pair.whole && pubs.every((pub) => pub.onTheWay === 0) && subs.every((sub) => sub.count === total);
    while (!whole() && performance.now() < until) await sleep(10);
    await sleep(100);
    const faults = [
      ...pair.faults,
      ...all.flatMap((one) => one.faults),
      ...pubs.flatMap((pub) => subs.flatMap((sub) => faultsOf(pub, sub))),
      ...(await retainedFaults(pubs, port)),
    ];
    return { faults, kills, messages: total, deliveries: subs.reduce((sum, sub) => sum + sub.count, pair.got.length) };
  } finally {
    for (const one of [pair, ...all]) one.end();
    broker.child.kill('SIGKILL');
    await broker.exited;
    rmSync(dir, { recursive: true, force: true });
  }
}

function faultsOf(pub, sub) {
  const faults = [];
  const what = `${pub.plan.name} QoS ${pub.plan.qos} to ${sub.plan.name} QoS ${sub.plan.qos}`;
  const got = sub.got.get(pub.plan.name);
  const distinct = sub.distinct.get(pub.plan.name);
  const lost = [];
  for (const n of pub.ackedAll) if (!distinct.has(n)) lost.push(n);
  if (pub.onTheWay > 0) faults.push(`${what}: ${pub.onTheWay} messages are never acknowledged`);
  if (lost.length > 0) faults.push(`${what}: lost ${lost.slice(0, 10).join(' ')} (${lost.length})`);
  if (pub.plan.qos === 2 && sub.plan.qos === 2 && got.length !== distinct.size) {
    const twice = got.filter((n, i) => got.indexOf(n) !== i);
    faults.push(`${what}: twice ${twice.slice(0, 10).join(' ')} (${twice.length})`);
  }
  const first = [...distinct];
  const wrong = first.findIndex((n, i) => i > 0 && n < first[i - 1]);
  if (wrong > 0) faults.push(`${what}: ${first[wrong]} comes after ${first[wrong - 1]}`);
  return faults;
}

async function retainedFaults(pubs, port) {
  const client = await mqtt.connectAsync({ port, host: '127.0.0.1', clientId: 'reader' });
  const found = new Map();
  client.on('message', (topic, payload) => found.set(topic, Number(payload)));
  await client.subscribeAsync('r/#');
  const until = performance.now() + 3000;
  while (found.size < pubs.filter((pub) => pub.retainedAcked >= 0).length && performance.now() < until) await sleep(5);
  client.end(true);
  return pubs
    .filter((pub) => pub.retainedAcked >= 0 && !(found.get(`r/${pub.plan.name}`) >= pub.retainedAcked))
    .map((pub) => `r/${pub.plan.name} is ${found.get(`r/${pub.plan.name}`)} where ${pub.retainedAcked} was acknowledged`);
}
