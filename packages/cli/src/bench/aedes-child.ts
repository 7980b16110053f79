import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

interface AedesModule {
  readonly Aedes: { createBroker(): Promise<{ handle(socket: Socket): void }> };
}

// The same for aedes, where it is installed.
const name: string = 'aedes';
const { Aedes } = (await import(name)) as AedesModule;
const broker = await Aedes.createBroker();
const server = createServer({ noDelay: true }, (socket) => broker.handle(socket));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
