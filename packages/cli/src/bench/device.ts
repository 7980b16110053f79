import { createServer, type Socket } from 'node:net';
import { wallMs } from './stats.ts';

/**
 * The measured device, in a process of its own and made for nobody: a bare Modbus TCP server. Holding register 0 counts its own
 * changes; when it changed and when that was first answered is reported.
 */
interface Settings {
  readonly ports: number;
  readonly changeEveryMs: number | undefined;
}

process.once('message', (settings: Settings) => {
  const registers = new Uint16Array(1000).map((_, i) => i);
  registers[0] = 0;
  let changedAt = wallMs();
  let answered = true;
  let requests = 0;
  const answer = (socket: Socket, request: Buffer): void => {
    const start = request.readUInt16BE(8);
    const count = request.readUInt16BE(10);
    const reply = Buffer.alloc(9 + count * 2);
    request.copy(reply, 0, 0, 4);
    reply.writeUInt16BE(3 + count * 2, 4);
    reply[6] = request[6]!;
    reply[7] = 3;
    reply[8] = count * 2;
    for (let i = 0; i < count; i++) reply.writeUInt16BE(registers[start + i]!, 9 + i * 2);
    socket.write(reply);
    requests++;
    if (!answered && start === 0) {
      answered = true;
      process.send!({ seq: registers[0], changedAt, answeredAt: wallMs() });
    }
  };
  const listen = (): Promise<number> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        let rest = Buffer.alloc(0);
        socket.setNoDelay(true);
        socket.on('error', () => {});
        socket.on('data', (chunk) => {
          rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
          while (rest.length >= 12) {
            answer(socket, rest.subarray(0, 12));
            rest = rest.subarray(12);
          }
        });
      });
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  void Promise.all(Array.from({ length: settings.ports }, listen)).then((ports) => {
    process.send!({ ports });
    const { changeEveryMs } = settings;
    if (changeEveryMs === undefined) return;
    const change = (): void => {
      // A change that nobody read yet is left, so that every number has both of its times.
      if (answered) {
        registers[0] = (registers[0]! + 1) & 0x7fff;
        changedAt = wallMs();
        answered = false;
      }
      setTimeout(change, changeEveryMs * (0.5 + Math.random()));
    };
    setTimeout(change, 500);
  });
  process.on('message', (ask) => {
    if (ask === 'requests') process.send!({ requests });
  });
});
process.once('disconnect', () => process.exit(0));
