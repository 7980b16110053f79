import { Command } from 'commander';
import { Access, allows, anonymousPrincipal, createToken } from '@omh/access';
import { Broker, type BrokerOptions } from '@omh/broker';
import { systemClock } from '@omh/core';
import { ConfigFile, InvalidHubFile } from '@omh/hub';
import { createLogger, logLevels, type LogLevel } from '../log.ts';
import { untilSignal } from '../until-signal.ts';
import { port } from './up.ts';

interface Flags {
  host: string;
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
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'MQTT over TCP (default 1883)', port)
    .option('--ws-port <port>', 'also MQTT over WebSocket, path /mqtt', port)
    .option('--anonymous', 'let clients connect without a password; else the password is OMH_ADMIN_TOKEN')
    .option('-c, --config <file>', 'take the broker: block of a hub file; flags win over it')
    .option('--json', 'print one JSON line when ready')
    .option('--log-level <level>', logLevels.join(', '), 'warn')
    .addHelpText('after', '\nExamples:\n  omh broker --anonymous\n  omh broker --port 0 --ws-port 0 --anonymous --json')
    .action(async (flags: Flags) => {
      const listeners = listenersOf(flags);
      const anonymous = listeners.tcp?.anonymous === true || listeners.ws?.anonymous === true;
      const admin = process.env['OMH_ADMIN_TOKEN'];
      const access = new Access({ clock: systemClock, adminTokens: [admin ?? createToken()] });
      const broker = new Broker({
        listeners,
        clock: systemClock,
        log: createLogger(flags.logLevel, 'text'),
        authenticate: ({ password, username, anonymousAllowed }) =>
          (password && access.byToken(Buffer.from(password).toString('utf8'))) ??
          (anonymousAllowed ? { ...anonymousPrincipal, name: username ?? anonymousPrincipal.name } : undefined),
        authorize: (principal, action, topic) => allows(principal, action === 'publish' ? 'mqtt.publish' : 'mqtt.subscribe', topic),
      });
      const signal = untilSignal(() => broker.stop());
      try {
        await broker.start();
      } catch (thrown) {
        signal.forget();
        throw thrown;
      }
      const { tcp, ws } = broker.addresses();
      if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, startMs: Math.round(performance.now()), mqtt: tcp, ws })}\n`);
      else
        process.stdout.write(
          `The broker listens on ${[tcp, ws].filter(Boolean).join(' and ')}${anonymous ? ', anonymous clients may connect' : ''}. Ctrl-C stops.\n`,
        );
      await signal.stopped;
    });
}

/** From the hub file's block when one is given; the port flags win over it. */
function listenersOf(flags: Flags): BrokerOptions['listeners'] {
  if (flags.config === undefined) {
    const anonymous = flags.anonymous === true;
    return {
      tcp: { host: flags.host, port: flags.port ?? 1883, anonymous },
      ...(flags.wsPort === undefined ? {} : { ws: { host: flags.host, port: flags.wsPort, path: '/mqtt', anonymous } }),
    };
  }
  const file = new ConfigFile(flags.config);
  const loaded = file.load();
  if (!loaded.ok) throw new InvalidHubFile(file.path, loaded.error);
  const { tcp, ws } = loaded.value.broker.listeners;
  return { ...(tcp && { tcp: { ...tcp, port: flags.port ?? tcp.port } }), ...(ws && { ws: { ...ws, port: flags.wsPort ?? ws.port } }) };
}
