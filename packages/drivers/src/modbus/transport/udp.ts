import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import { errors } from '../../errors.ts';
import { brokenFault, connectFault } from '../link-fault.ts';
import type { ConnectOptions } from './connect.ts';
import { hostPort, onNetwork, type Transport } from './transport.ts';

/** Each datagram is one frame. That nobody is there shows only when nobody answers. */
export function udpTransport(options: ConnectOptions): Transport {
  const { host, port } = options;
  const place = hostPort(host, port);
  return {
    ...onNetwork,
    place,
    isDatagram: true,
    async open(events, signal) {
      const calledOff = (): Error => errors.DRIVERS_MODBUS_CALLED_OFF({ host, port });
      if (signal.aborted) throw calledOff();
      const address = await lookup(host).catch((cause: unknown) => {
        throw connectFault({ host, port }, cause);
      });
      if (signal.aborted) throw calledOff();
      const socket = createSocket(isIPv6(address.address) ? 'udp6' : 'udp4');
      let isOver = false;
      const close = (): Promise<void> =>
        new Promise((resolve) => {
          if (isOver) return resolve();
          isOver = true;
          socket.close(() => resolve());
        });
      await new Promise<void>((resolve, reject) => {
        socket.once('error', (cause) => {
          void close();
          reject(connectFault({ host, port }, cause));
        });
        socket.connect(port, address.address, () => {
          socket.removeAllListeners('error');
          resolve();
        });
      });
      const end = (cause: unknown): void => {
        if (isOver) return;
        void close();
        events.ended(
          (cause as { code?: string }).code === 'ECONNREFUSED' ? connectFault({ host, port }, cause) : brokenFault(place, cause),
        );
      };
      socket.on('error', end);
      socket.on('message', (message) => {
        if (!isOver) events.data(message);
      });
      if (signal.aborted) {
        await close();
        throw calledOff();
      }
      return {
        write(bytes) {
          if (!isOver) socket.send(bytes, (error) => error !== null && end(error));
        },
        close,
      };
    },
  };
}
