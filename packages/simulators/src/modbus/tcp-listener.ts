import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Listener, ListenerContext } from './listener.ts';
import type { Session } from './session.ts';

/** Keeps its port over `close`. */
export class TcpListener implements Listener {
  readonly sessions = new Set<Session>();
  readonly #host: string;
  readonly #most: number;
  readonly #context: ListenerContext;
  #port: number;
  #server: Server | undefined;
  #isOpen = false;

  constructor(host: string, port: number, most: number, context: ListenerContext) {
    this.#host = host;
    this.#port = port;
    this.#most = most;
    this.#context = context;
  }
  address(): string | undefined {
    return this.#isOpen ? `${this.#host}:${this.#port}` : undefined;
  }

  async open(): Promise<void> {
    this.#isOpen = true;
    try {
      await this.#listen();
    } catch (cause) {
      this.#isOpen = false;
      throw cause;
    }
  }
  async close(): Promise<void> {
    this.#isOpen = false;
    for (const session of this.sessions) session.destroy(false);
    this.sessions.clear();
    await this.#unlisten();
  }
  async refuse(on: boolean): Promise<void> {
    if (!this.#isOpen) return;
    if (on) void this.#unlisten();
    else await this.#listen();
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    // Half open, so that a frozen connection does not answer a FIN.
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
    this.#server = server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.once('close', resolve);
        server.listen({ host: this.#host, port: this.#port }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      if (this.#server === server) this.#server = undefined;
      throw cause;
    }
    if (this.#server !== server) return;
    server.on('error', (error) => this.#context.warn('the listener reports an error', { detail: error.message }));
    this.#port = (server.address() as AddressInfo).port;
  }
  /** Resolves when the last connection is gone too; nothing waits for that while connections stay. */
  #unlisten(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    return server === undefined ? Promise.resolve() : new Promise((resolve) => void server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#server === undefined || this.sessions.size >= this.#most) {
      if (this.#server !== undefined) this.#context.warn('a client is turned away: all connections are taken', { limit: this.#most });
      socket.destroy();
      return;
    }
    const session = this.#context.session({
      peer: `${socket.remoteAddress}:${socket.remotePort}`,
      write: (bytes) => socket.write(bytes),
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      destroy: (reset) => void (reset ? socket.resetAndDestroy() : socket.destroy()),
    });
    this.sessions.add(session);
    socket.on('close', () => {
      this.sessions.delete(session);
      session.end();
    });
    socket.on('drain', () => session.drained());
    socket.on('end', () => {
      if (!session.frozen) socket.end();
    });
    socket.on('data', (chunk) => session.receive(chunk));
  }
}
