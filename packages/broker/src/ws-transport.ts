import type { WebSocket } from 'ws';
import type { Transport, TransportEvents } from './transport.ts';

/** MQTT over WebSocket (MQTT 5.0, section 6): binary frames, packets cut anywhere. */
export class WsTransport implements Transport {
  readonly listener = 'ws';
  readonly peer: string;
  readonly #socket: WebSocket;
  #events: TransportEvents | undefined;

  constructor(socket: WebSocket, peer: string) {
    this.peer = peer;
    this.#socket = socket;
  }
  open(events: TransportEvents): void {
    this.#events = events;
    this.#socket.on('error', () => {});
    this.#socket.on('message', (data, isBinary) => {
      if (!isBinary || !Buffer.isBuffer(data)) {
        this.#socket.close(1003);
        return;
      }
      this.#events?.data(data, 0, data.length);
    });
    this.#socket.on('close', () => {
      const known = this.#events;
      this.#events = undefined;
      known?.closed();
    });
  }
  write(chunk: Buffer, done: () => void): void {
    if (this.#socket.readyState === 1) this.#socket.send(chunk, { binary: true, compress: false }, done);
    else done();
  }
  pending(): number {
    return this.#socket.bufferedAmount;
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  end(): void {
    this.#socket.close(1000);
  }
  destroy(): void {
    this.#socket.terminate();
  }
}
