import type { Socket } from 'node:net';
import type { TimerWheel, Timed } from '../timer-wheel.ts';
import { longestProxyHeader, parseProxyHeader } from './proxy-protocol.ts';
import type { ProxySource } from './proxy-protocol.ts';

/** Takes the PROXY header off a fresh socket and gives the socket on, paused, with what follows still in it. */
export class ProxyHeaderReader implements Timed {
  readonly #socket: Socket;
  readonly #wheel: TimerWheel;
  readonly #done: (source: ProxySource | undefined) => void;
  readonly #failed: () => void;
  #have: Buffer = Buffer.alloc(0);
  dueTick = 0;
  slot = -1;
  readonly #onData = (chunk: Buffer): void => this.#data(chunk);
  readonly #onClose = (): void => this.#fail();

  constructor(socket: Socket, wheel: TimerWheel, done: (source: ProxySource | undefined) => void, failed: () => void) {
    this.#socket = socket;
    this.#wheel = wheel;
    this.#done = done;
    this.#failed = failed;
  }
  start(seconds: number): void {
    this.#wheel.set(this, seconds);
    this.#socket.on('data', this.#onData);
    this.#socket.on('close', this.#onClose);
    this.#socket.resume();
  }
  #data(chunk: Buffer): void {
    this.#have = this.#have.length === 0 ? chunk : Buffer.concat([this.#have, chunk]);
    const header = parseProxyHeader(this.#have);
    if (header === undefined && this.#have.length <= longestProxyHeader) return;
    if (!header) {
      this.#fail();
      return;
    }
    this.#release();
    this.#socket.pause();
    const rest = this.#have.subarray(header.length);
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#done(header.source);
  }
  #release(): void {
    this.#wheel.cancel(this);
    this.#socket.off('data', this.#onData);
    this.#socket.off('close', this.#onClose);
  }
  #fail(): void {
    this.#release();
    this.#socket.destroy();
    this.#failed();
  }
  onDue(): void {
    this.#fail();
  }
}
