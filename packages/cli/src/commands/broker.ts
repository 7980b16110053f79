import { Command } from 'commander';
import { Access } from '@omh/access';
import { Broker, type BrokerListener, type BrokerOptions } from '@omh/broker';
import { systemClock } from '@omh/core';
import { lockDataDirectory, type DataDirectory } from '@omh/storage';
import { ConfigFile, InvalidHubFile, MqttAccess } from '@omh/hub';
import { createLogger, logLevelOption, type LogLevel } from '../log.ts';
import { untilSignal } from '../until-signal.ts';
import { port } from './up.ts';

interface Flags {
  data?: string;
  host?: string;
  port?: number;
  wsPort?: number;
  anonymous?: true;
  config?: string;
  json?: true;
  logLevel: LogLevel;
}

export function brokerCommand(): Command {
  return new Command('broker')
    .description('Run the MQTT broker alone.')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--port <port>', 'MQTT over TCP (default 1883)', port)
    .option('--ws-port <port>', 'also MQTT over WebSocket, path /mqtt', port)
    .option('--data <dir>', 'data directory, taken for this broker alone; sessions and retained messages are in memory so far')
    .option('--anonymous', 'let clients connect without a password; else the password is OMH_ADMIN_TOKEN')
    .option('-c, --config <file>', 'take the broker: block of a hub file; flags win over it')
    .option('--json', 'print one JSON line when ready')
    .addOption(logLevelOption())
    .addHelpText('after', '\nExamples:\n  omh broker --anonymous\n  omh broker --port 0 --ws-port 0 --anonymous --json')
    .action(async (flags: Flags) => {
      const listeners = listenersOf(flags);
      const anonymous = listeners.tcp?.anonymous === true || listeners.ws?.anonymous === true;
      const admin = process.env['OMH_ADMIN_TOKEN'] ?? '';
      const access = new Access({ clock: systemClock, adminTokens: admin === '' ? [] : [admin] });
      const broker = new Broker({
        listeners,
        clock: systemClock,
        log: createLogger(flags.logLevel, 'text'),
        ...new MqttAccess(access, systemClock).door,
      });
      let directory: DataDirectory | undefined;
      const signal = untilSignal(async () => {
        await broker.stop();
        directory?.release();
      });
      try {
        if (flags.data !== undefined) directory = lockDataDirectory(flags.data);
        await broker.start();
      } catch (thrown) {
        directory?.release();
        signal.forget();
        throw thrown;
      }
      const { tcp, ws } = broker.addresses();
      if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, startMs: Math.round(performance.now()), mqtt: tcp, ws })}\n`);
      else
        process.stdout.write(
          `The broker listens on ${[tcp, ws].filter(Boolean).join(' and ')}${anonymous ? ', anonymous clients may connect' : admin === '' ? ', nobody can sign in without --anonymous or OMH_ADMIN_TOKEN' : ''}. Ctrl-C stops.\n`,
        );
      await signal.stopped;
    });
}

/** From the hub file's block when one is given; flags win over it. */
function listenersOf(flags: Flags): BrokerOptions['listeners'] {
  const { tcp, ws } = blockOf(flags.config);
  const from = <T extends BrokerListener>(listener: T, port: number | undefined): T => ({
    ...listener,
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(port === undefined ? {} : { port }),
    ...(flags.anonymous ? { anonymous: true } : {}),
  });
  const bare = { host: '127.0.0.1', port: 1883, anonymous: false };
  return {
    ...(tcp || flags.config === undefined || flags.port !== undefined ? { tcp: from(tcp ?? bare, flags.port) } : {}),
    ...(ws || flags.wsPort !== undefined ? { ws: from(ws ?? { ...bare, path: '/mqtt' }, flags.wsPort) } : {}),
  };
}

function blockOf(name: string | undefined): BrokerOptions['listeners'] {
  if (name === undefined) return {};
  const file = new ConfigFile(name);
  const loaded = file.load();
  if (!loaded.ok) throw new InvalidHubFile(file.path, loaded.error);
  return loaded.value.broker.listeners;
}
