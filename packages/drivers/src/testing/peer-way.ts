import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';

/** tcp and tls: listens · udp: datagrams · dial: dials in to the driver · pty: the far end of a pair of serial ports. */
export type PeerWayName = 'tcp' | 'tls' | 'udp' | 'dial' | 'pty';

export interface PeerChannel {
  write(bytes: Uint8Array): void;
  destroy(): void;
  onClose(listener: () => void): void;
}
export interface PeerWay {
  /** Settings of the driver that lead here. */
  readonly settings: Readonly<Record<string, unknown>>;
  close(): Promise<void>;
  /** Of a pair of serial ports only. */
  unplug?(): Promise<void>;
  plugIn?(): Promise<void>;
}
/** Returns what takes the bytes of the channel. */
type Accept = (channel: PeerChannel) => (chunk: Uint8Array) => void;

const host = '127.0.0.1';
export const certificate = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url)), 'utf8');
export const hasSocat = (): boolean => spawnSync('socat', ['-V']).status === 0;

export function peerWay(name: PeerWayName, accept: Accept): Promise<PeerWay> {
  switch (name) {
    case 'tcp':
      return serve(
        createServer({ noDelay: true }, (socket) => attach(socket, accept)),
        {},
      );
    case 'tls':
      return serveTls(accept);
    case 'udp':
      return serveUdp(accept);
    case 'dial':
      return dial(accept);
    case 'pty':
      return pty(accept);
  }
}

function attach(socket: Socket, accept: Accept): void {
  socket.on('error', () => {});
  socket.on('data', accept(channelOf(socket)));
}
const channelOf = (socket: Socket): PeerChannel => ({
  write: (bytes) => void (socket.destroyed || socket.write(bytes)),
  destroy: () => void socket.destroy(),
  onClose: (listener) => void socket.on('close', listener),
});

async function serve(server: Server, settings: object): Promise<PeerWay> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  return {
    settings: { host, port: (server.address() as AddressInfo).port, ...settings },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function serveTls(accept: Accept): Promise<PeerWay> {
  const own = { cert: certificate('server.pem'), key: certificate('server.key'), ca: certificate('ca.pem') };
  const server = createTlsServer({ ...own, requestCert: true, rejectUnauthorized: true, noDelay: true }, (socket) =>
    attach(socket, accept),
  );
  server.on('tlsClientError', () => {});
  const tls = { ca: own.ca, cert: certificate('client.pem'), key: certificate('client.key') };
  return serve(server, { transport: 'tls', tls });
}

async function serveUdp(accept: Accept): Promise<PeerWay> {
  const socket = createSocket('udp4');
  const peers = new Map<number, (chunk: Uint8Array) => void>();
  let isClosed = false;
  socket.on('message', (message, from) => {
    let take = peers.get(from.port);
    if (take === undefined) {
      take = accept({ write: (bytes) => void (isClosed || socket.send(bytes, from.port, from.address)), destroy() {}, onClose() {} });
      peers.set(from.port, take);
    }
    take(message);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    settings: { host, port: socket.address().port, transport: 'udp' },
    async close() {
      isClosed = true;
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Dials until it is connected, and again whenever the connection ends. */
async function dial(accept: Accept): Promise<PeerWay> {
  const port = await freePort();
  let isClosed = false;
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  const call = (): void => {
    if (isClosed) return;
    const made = connect({ host, port, noDelay: true });
    socket = made;
    made.on('error', () => {});
    made.on('connect', () => attach(made, accept));
    made.on('close', () => {
      timer = setTimeout(call, 3);
    });
  };
  call();
  return {
    settings: { listen: { host, port } },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}

async function pty(accept: Accept): Promise<PeerWay> {
  const folder = mkdtempSync(join(tmpdir(), 'omh-pty-'));
  const [near, far] = [join(folder, 'near'), join(folder, 'far')];
  const { SerialPort } = await import('serialport');
  let process: ChildProcess;
  let port: InstanceType<typeof SerialPort>;
  const take = accept({
    write: (bytes) => void (port.isOpen && port.write(Buffer.from(bytes))),
    /** Unplugs the adapter. */
    destroy: () => void process.kill(),
    onClose() {},
  });
  const plugIn = async (): Promise<void> => {
    process = spawn('socat', [`pty,rawer,link=${near}`, `pty,rawer,link=${far}`], { stdio: 'ignore' });
    for (let i = 0; i < 500 && !(existsSync(near) && existsSync(far)); i++) await new Promise((resolve) => setTimeout(resolve, 4));
    port = new SerialPort({ path: far, baudRate: 115_200, autoOpen: false });
    await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))));
    port.on('error', () => {});
    port.on('data', take);
  };
  const unplug = async (): Promise<void> => {
    if (port.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    if (process.exitCode !== null || process.signalCode !== null) return;
    const gone = once(process, 'exit');
    process.kill();
    await gone;
  };
  await plugIn();
  return {
    settings: { port: near, baudRate: 115_200 },
    plugIn,
    unplug,
    async close() {
      await unplug();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
