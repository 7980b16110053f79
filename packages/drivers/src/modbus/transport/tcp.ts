import { connect } from 'node:net';
import { connected, type ConnectOptions } from './connect.ts';
import { streamConnection } from './stream-connection.ts';
import { hostPort, onNetwork, type Transport } from './transport.ts';

export function tcpTransport(options: ConnectOptions): Transport {
  const { host, port } = options;
  const place = hostPort(host, port);
  return {
    ...onNetwork,
    place,
    async open(events, signal) {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
      await connected(socket, 'connect', options, signal);
      return streamConnection(socket, place, events);
    },
  };
}
