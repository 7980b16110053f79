import type { WebSocket } from 'ws';
import type { Place } from './admission.ts';
import type { ClientCertificate } from './listen/client-certificate.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** MQTT over WebSocket (MQTT 5.0, section 6): binary frames, packets cut anywhere. Its `Place` is left when the socket below closes. */
export class WsTransport implements Transport {
  readonly place: Place;
  readonly peer: string;
  readonly certificate: ClientCertificate | undefined;
  readonly #socket: WebSocket;
  #events: TransportEvents | undefined;

  constructor(socket: WebSocket, place: Place, peer: string, certificate: ClientCertificate | undefined) {
    this.place = place;
    this.peer = peer;
    this.certificate = certificate;
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
