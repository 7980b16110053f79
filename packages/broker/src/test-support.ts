import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { silentLogger, systemClock } from '@omh/core';
import type { Clock } from '@omh/core';
import { Broker } from './broker.ts';
import type { BrokerOptions } from './broker.ts';

/** A broker on free loopback ports that lets everybody do everything, for tests. */
export async function openBroker(options: Partial<BrokerOptions> & { clock?: Clock } = {}): Promise<Broker> {
  const any = { host: '127.0.0.1', port: 0, anonymous: true };
  const broker = new Broker({
    listeners: { tcp: any, ws: { ...any, path: '/mqtt' } },
    authenticate: () => ({ kind: 'anonymous', name: 'anyone', permissions: [] }),
    authorize: () => true,
    clock: systemClock,
    log: silentLogger,
    ...options,
  });
  await broker.start();
  return broker;
}

export const tcpPort = (broker: Broker): number => Number(new URL(broker.addresses().tcp!).port);

/** A socket that speaks in bytes: what it was sent can be awaited byte by byte. */
export class RawPeer {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  closed = false;
  /** Milliseconds it waits for what it expects. */
  patienceMs = 3000;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }
  /** `server` is one of ours or the port of any other on this machine. */
  static async open(server: Broker | number): Promise<RawPeer> {
    const socket = connect(typeof server === 'number' ? server : tcpPort(server), '127.0.0.1');
    const peer = new RawPeer(socket);
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return peer;
  }
  send(bytes: Buffer | string): void {
    this.socket.write(typeof bytes === 'string' ? hex(bytes) : bytes);
  }

  /** The next `n` bytes as hex; rejects with what came when they do not. */
  async take(n: number): Promise<string> {
    await this.until(() => this.received.length >= n, `${n} bytes`);
    const out = this.received.subarray(0, n).toString('hex');
    this.received = this.received.subarray(n);
    return out;
  }
  async untilClosed(): Promise<void> {
    await this.until(() => this.closed, 'the end of the connection');
  }
  async until(condition: () => boolean, what: string): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake?.();
    }, this.patienceMs);
    while (!condition() && !late && !(this.closed && what !== 'the end of the connection'))
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    clearTimeout(timer);
    if (!condition())
      throw new Error(`waited for ${what}, got ${this.received.toString('hex') || 'nothing'}${this.closed ? ' and the end' : ''}`);
  }
  close(): void {
    this.socket.destroy();
  }
}

/** `20 02 'abc'` to bytes: hex with blanks and quoted ASCII. */
export function hex(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const match of text.matchAll(/'([^']*)'|([0-9a-fA-F]{2})/g)) {
    parts.push(match[1] === undefined ? Buffer.from(match[2]!, 'hex') : Buffer.from(match[1], 'latin1'));
  }
  return Buffer.concat(parts);
}

/** Waits until a condition holds; rejects after three seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const until = performance.now() + 3000;
  while (!condition()) {
    if (performance.now() > until) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

const id2 = (n: number): string => n.toString(16).padStart(4, '0');
/** A 3.1.1 CONNECT; `keep` in hex seconds, 0 = none. */
export const connect4 = (id: string, flags = '02', keep = '0000'): string =>
  `10 ${(12 + id.length).toString(16).padStart(2, '0')} 0004'MQTT'04 ${flags} ${keep} ${id2(id.length)}'${id}'`;
/** A connected 3.1.1 client. */
export async function open4(broker: Broker, id: string, flags = '02'): Promise<RawPeer> {
  const peer = await RawPeer.open(broker);
  peer.send(connect4(id, flags));
  assert.equal((await peer.take(4)).slice(0, 4), '2002');
  return peer;
}
