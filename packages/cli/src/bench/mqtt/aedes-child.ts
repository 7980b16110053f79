import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Setup } from './row.ts';

interface AedesModule {
  readonly Aedes: { createBroker(): Promise<{ handle(stream: Duplex): void }> };
}
interface Settings {
  readonly port: number;
  readonly transport: Setup['transport'];
  readonly cert?: string;
  readonly key?: string;
}

// aedes, where it is installed, as a process of its own: prints a line when it listens, ends with SIGTERM.
const name: string = 'aedes';
const { Aedes } = (await import(name)) as AedesModule;
const broker = await Aedes.createBroker();
const { port, transport, cert, key } = JSON.parse(process.argv[2]!) as Settings;
const ready = (): void => {
  process.stdout.write('ready\n');
};
if (transport === 'ws') {
  const server = createHttpServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => 'mqtt' });
  sockets.on('connection', (socket) => broker.handle(createWebSocketStream(socket)));
  server.listen(port, '127.0.0.1', ready);
} else if (transport === 'tls') {
  const options = { cert: readFileSync(cert!), key: readFileSync(key!), noDelay: true };
  createTlsServer(options, (socket) => broker.handle(socket)).listen(port, '127.0.0.1', ready);
} else createServer({ noDelay: true }, (socket) => broker.handle(socket)).listen(port, '127.0.0.1', ready);
process.on('SIGTERM', () => process.exit(0));
