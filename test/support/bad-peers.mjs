import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { at } from '../../scripts/workspace.mjs';
import { sql, topic, until } from './pipeline.mjs';

const main = at('packages/cli/dist/main.js');
/** Flags that let a hub take any free ports. */
export const anyPorts = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0'];
export const demoFile = readFileSync(at('examples/demo/hub.yaml'), 'utf8');

/** Runs `omh …` to its end, at most 20 s: `{ code, stdout, stderr }`. */
export async function omh(args, { cwd = tmpdir(), env = {}, uid } = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...process.env, ...env },
    timeout: 20_000,
    killSignal: 'SIGKILL',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** A temporary folder, removed when the test or suite ends. */
export function folder(t, name = 'omh-bad-') {
  const dir = mkdtempSync(join(tmpdir(), name));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return dir;
}

/** A data directory whose hub file is the demo's with `[from, to]` replaced; each must be found. */
export function dataWith(t, ...changes) {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), changed(demoFile, ...changes));
  return dir;
}

export function changed(text, ...changes) {
  return changes.reduce((before, [from, to]) => {
    const next = before.replace(from, to);
    if (next === before) throw new Error(`${from} does not stand in the file`);
    return next;
  }, text);
}

/** `{ status, body }` of any request with the admin token. */
export async function request(demo, method, path, body, { signal = AbortSignal.timeout(10_000) } = {}) {
  const answer = await fetch(demo.ready.http + path, {
    method,
    headers: { authorization: `Bearer ${demo.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Watches the demo's own plant from outside: `goesOn()` resolves when a new message and a new row came after the call. */
export async function watchPlant(demo) {
  const client = await mqtt.connectAsync(demo.ready.mqtt, { reconnectPeriod: 0, connectTimeout: 5000 });
  let messages = 0;
  // Tests publish garbage on this topic, too; what the plant says always carries its two numbers.
  client.on('message', (_, payload) => {
    if (/"node":"demo".*"temperature":\d+,"humidity":7\d\d\b/.test(String(payload))) messages++;
  });
  await client.subscribeAsync(topic);
  const rows = async () => Number((await sql(demo, 'SELECT count(*) FROM conditions'))[0][0]);
  return {
    async goesOn() {
      const seen = messages;
      const before = await rows();
      await until('a further message of the plant', () => messages > seen, 5000);
      await until('a further row in conditions', async () => (await rows()) > before, 5000);
      const { values } = await demo.get('/api/v1/values?device=demo');
      if (values.length !== 2 || values.some((v) => v.quality !== 'good'))
        throw new Error(`the demo's own device suffers: ${JSON.stringify(values)}`);
    },
    close: () => client.endAsync(true),
  };
}

/** A TCP peer on a free loopback port that does `onSocket` with each connection: `{ port, sockets, connections, close }`. */
export async function tcpPeer(onSocket) {
  const sockets = new Set();
  const peer = { port: 0, connections: 0 };
  const server = createServer((socket) => {
    peer.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  peer.port = server.address().port;
  peer.close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return peer;
}

/** Accepts and never says anything. */
export const silentPeer = () => tcpPeer((socket) => socket.resume());
/** Answers every request with bytes of another protocol. */
export const garbagePeer = () =>
  tcpPeer((socket) => socket.on('data', () => socket.write('SSH-2.0-OpenSSH_9.2 what do you want\r\n\x00\xff\x17'.repeat(4))));
/** Resets each connection at its first request. */
export const resettingPeer = () => tcpPeer((socket) => socket.on('data', () => socket.resetAndDestroy()));

/** A port that nobody listens on. */
export async function refusedPort() {
  const peer = await tcpPeer(() => {});
  await peer.close();
  return peer.port;
}

/**
 * A listening socket that never accepts: the process behind it sleeps and its queue is full, so the kernel drops further
 * connection attempts, as a firewall does.
 */
export async function blackHole() {
  const script = `const s = require('node:net').createServer(); s.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, s.address().port + '\\n'); process.kill(process.pid, 'SIGSTOP'); });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const port = Number(String((await once(child.stdout, 'data'))[0]));
  const waiting = [];
  let full = false;
  while (!full) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    waiting.push(socket);
    full = await Promise.race([once(socket, 'connect').then(() => false), new Promise((resolve) => setTimeout(resolve, 300, true))]);
  }
  return {
    port,
    async close() {
      for (const socket of waiting) socket.destroy();
      process.removeListener('exit', atExit);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** A Modbus TCP server of holding registers, register n = n, that answers exception 2 to every read which touches one of `refused`. */
export async function modbusPeer(refused = []) {
  const seen = [];
  const peer = await tcpPeer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on('data', (piece) => {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 12) {
        const frame = rest.subarray(0, 12);
        rest = rest.subarray(12);
        const [start, count] = [frame.readUInt16BE(8), frame.readUInt16BE(10)];
        seen.push({ start, count });
        socket.write(refused.some((r) => r >= start && r < start + count) ? exception(frame) : answer(frame, start, count));
      }
    });
  });
  return { ...peer, seen };
}

function exception(frame) {
  const out = Buffer.alloc(9);
  frame.copy(out, 0, 0, 8);
  out.writeUInt16BE(3, 4);
  out[7] |= 0x80;
  out[8] = 2;
  return out;
}

function answer(frame, start, count) {
  const out = Buffer.alloc(9 + count * 2);
  frame.copy(out, 0, 0, 8);
  out.writeUInt16BE(3 + count * 2, 4);
  out[8] = count * 2;
  for (let i = 0; i < count; i++) out.writeUInt16BE((start + i) & 0xffff, 9 + i * 2);
  return out;
}

/** Sends raw bytes to a port and waits until the other side closes: what it said, or an error after `withinMs`. */
export function sendBytes(port, bytes, withinMs = 5000) {
  const socket = connect(port, '127.0.0.1');
  const said = [];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection is still open after ${withinMs} ms`));
    }, withinMs);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (data) => said.push(data));
    // A reset is a way of closing, too.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(said));
    });
  });
}

/** The direct children of a process, by /proc. */
export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

export const portOf = (url) => Number(new URL(url.includes('//') ? url : `tcp://${url}`).port);
