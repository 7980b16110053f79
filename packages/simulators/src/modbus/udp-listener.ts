import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Listener, ListenerContext } from './listener.ts';
import type { Session } from './session.ts';

/** A datagram holds one frame; who sends is a client, the newest of them are remembered. */
export class UdpListener implements Listener {
  readonly #host: string;
  readonly #most: number;
  readonly #context: ListenerContext;
  readonly #byPeer = new Map<string, Session>();
  #port: number;
  #socket: Socket | undefined;
  #refuses = false;

  constructor(host: string, port: number, most: number, context: ListenerContext) {
    this.#host = host;
    this.#port = port;
    this.#most = most;
    this.#context = context;
  }
  get sessions(): ReadonlySet<Session> {
    return new Set(this.#byPeer.values());
  }
  address(): string | undefined {
    return this.#socket === undefined ? undefined : `${this.#host}:${this.#port}`;
  }

  async open(): Promise<void> {
    const socket = createSocket({ type: isIPv6(this.#host) ? 'udp6' : 'udp4' });
    this.#socket = socket;
    this.#refuses = false;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.once('close', () => resolve());
        socket.bind(this.#port, this.#host, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      if (this.#socket === socket) this.#socket = undefined;
      socket.close();
      throw cause;
    }
    if (this.#socket !== socket) return;
    this.#port = socket.address().port;
    socket.on('error', (error) => this.#context.warn('the listener reports an error', { detail: error.message }));
    socket.on('message', (chunk, { address, port }) => {
      if (!this.#refuses) this.#session(socket, address, port).receiveDatagram(chunk);
    });
  }

  #session(socket: Socket, address: string, port: number): Session {
    const peer = `${address}:${port}`;
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    const oldest = this.#byPeer.size >= this.#most ? this.#byPeer.entries().next().value : undefined;
    if (oldest !== undefined) {
      oldest[1].end();
      this.#byPeer.delete(oldest[0]);
    }
    const session = this.#context.session({
      peer,
      write: (bytes) => {
        if (this.#socket === socket) socket.send(bytes, port, address, () => {});
        return true;
      },
      pause: () => {},
      resume: () => {},
      destroy: () => void this.#byPeer.delete(peer),
    });
    this.#byPeer.set(peer, session);
    return session;
  }

  async refuse(on: boolean): Promise<void> {
    this.#refuses = on;
  }
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    for (const session of this.#byPeer.values()) session.end();
    this.#byPeer.clear();
    if (socket !== undefined) await new Promise<void>((resolve) => void socket.close(() => resolve()));
  }
}
