import type { TLSSocket } from 'node:tls';
import type { Place } from './admission.ts';
import type { ClientCertificate } from './listen/client-certificate.ts';
import type { Transport, TransportEvents } from './transport.ts';

/** MQTT inside TLS. Its `Place` is left when the socket below closes. */
export class TlsTransport implements Transport {
  readonly place: Place;
  readonly peer: string;
  readonly certificate: ClientCertificate | undefined;
  readonly #socket: TLSSocket;
  #events: TransportEvents | undefined;

  constructor(socket: TLSSocket, place: Place, peer: string, certificate: ClientCertificate | undefined) {
    this.place = place;
    this.peer = peer;
    this.certificate = certificate;
    this.#socket = socket;
  }
  open(events: TransportEvents): void {
    this.#events = events;
    const socket = this.#socket;
    socket.setKeepAlive(true, 60_000);
    socket.on('data', (chunk: Buffer) => this.#events?.data(chunk, 0, chunk.length));
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      const known = this.#events;
      this.#events = undefined;
      known?.closed();
    });
  }
  write(chunk: Buffer, done: () => void): void {
    this.#socket.write(chunk, done);
  }
  pending(): number {
    return this.#socket.writableLength;
  }
  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }
  end(): void {
    this.#socket.end();
  }
  destroy(): void {
    this.#socket.destroy();
  }
}
