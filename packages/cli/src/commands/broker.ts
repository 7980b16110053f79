import { dirname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { Access } from '@omh/access';
import { Broker } from '@omh/broker';
import type { HubConfig, ListenerConfig } from '@omh/config';
import { systemClock } from '@omh/core';
import { Documents, lockDataDirectory, type DataDirectory } from '@omh/storage';
import { authenticationChain, brokerDoors, brokerFeatures, brokerLog, ConfigFile, InvalidHubFile, loadPlugins, MqttAccess } from '@omh/hub';
import { createLogger, logLevelOption, type LogLevel } from '../log.ts';
import { untilSignal } from '../until-signal.ts';
import { port } from './up.ts';

type Listeners = HubConfig['broker']['listeners'];

interface Flags {
  data?: string;
  durability?: 'memory' | 'os' | 'strict';
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
    .option('--data <dir>', 'data directory, taken for this broker alone; without it all is gone with the process')
    .addOption(
      new Option('--durability <mode>', 'what acknowledged messages of kept sessions outlive (default os)').choices([
        'memory',
        'os',
        'strict',
      ]),
    )
    .option('--anonymous', 'let clients connect without a password; else the password is OMH_ADMIN_TOKEN')
    .option('-c, --config <file>', 'take the broker: block of a hub file; flags win over it')
    .option('--json', 'print one JSON line when ready')
    .addOption(logLevelOption())
    .addHelpText('after', '\nExamples:\n  omh broker --anonymous\n  omh broker --port 0 --ws-port 0 --anonymous --json')
    .action(async (flags: Flags) => {
      if (flags.config !== undefined) await loadPlugins(flags.config);
      const block = blockOf(flags.config);
      const listeners = listenersOf(flags, block.listeners);
      const folder = dirname(resolve(flags.config ?? '.'));
      const anonymous = Object.values(listeners).some((listener) => listener?.anonymous);
      const admin = process.env['OMH_ADMIN_TOKEN'] ?? '';
      const access = new Access({ clock: systemClock, adminTokens: admin === '' ? [] : [admin] });
      const log = createLogger(flags.logLevel, 'text');
      const chain = authenticationChain(access, block.authentication, folder, systemClock, log);
      let broker: Broker | undefined;
      let directory: DataDirectory | undefined;
      const signal = untilSignal(async () => {
        await broker?.stop();
        await chain.stop();
        directory?.release();
      });
      try {
        if (flags.data !== undefined) directory = lockDataDirectory(flags.data);
        broker = new Broker({
          ...brokerDoors({ ...block, listeners }, folder, directory && new Documents(directory.sub('state'))),
          clock: systemClock,
          log,
          ...(directory === undefined ? {} : brokerLog(directory, flags.durability ?? block.durability, systemClock, log)),
          ...(block.limits === undefined ? {} : { limits: block.limits }),
          features: brokerFeatures(block),
          ...new MqttAccess(access, systemClock, block.acl, chain).door,
        });
        await chain.start();
        await broker.start();
      } catch (thrown) {
        directory?.release();
        signal.forget();
        throw thrown;
      }
      const { tcp, ws, ...others } = broker.addresses();
      if (flags.json)
        process.stdout.write(`${JSON.stringify({ ready: true, startMs: Math.round(performance.now()), mqtt: tcp, ws, ...others })}\n`);
      else
        process.stdout.write(
          `The broker listens on ${[tcp, ws, ...Object.values(others)].filter(Boolean).join(' and ')}${anonymous ? ', anonymous clients may connect' : admin === '' && flags.config === undefined ? ', nobody can sign in without --anonymous or OMH_ADMIN_TOKEN' : ''}. Ctrl-C stops.\n`,
        );
      await signal.stopped;
    });
}

/** From the hub file's block when one is given; flags win over it. */
function listenersOf(flags: Flags, { tcp, ws, ...others }: Listeners): Listeners {
  const from = <T extends ListenerConfig>(listener: T, port: number | undefined): T => ({
    ...listener,
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(port === undefined ? {} : { port }),
    ...(flags.anonymous ? { anonymous: true } : {}),
  });
  const bare = { host: '127.0.0.1', port: 1883, anonymous: false };
  return {
    ...others,
    ...(tcp || flags.config === undefined || flags.port !== undefined ? { tcp: from(tcp ?? bare, flags.port) } : {}),
    ...(ws || flags.wsPort !== undefined ? { ws: from(ws ?? { ...bare, path: '/mqtt' }, flags.wsPort) } : {}),
  };
}

function blockOf(name: string | undefined): HubConfig['broker'] {
  if (name === undefined) return { listeners: {}, durability: 'os', authentication: [{ type: 'tokens' }], acl: [] };
  const file = new ConfigFile(name);
  const loaded = file.load();
  if (!loaded.ok) throw new InvalidHubFile(file.path, loaded.error);
  return loaded.value.broker;
}
