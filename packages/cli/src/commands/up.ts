import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runHub } from '../run-hub.ts';
import { logFormats, logLevelOption, type LogFormat, type LogLevel } from '../log.ts';

interface Flags {
  config?: string;
  data?: string;
  json?: true;
  logLevel: LogLevel;
  logFormat: LogFormat;
  httpPort?: number;
  mqttPort?: number;
  wsPort?: number;
  modbusPort?: number;
}

/** The blueprint's plant ships with the program. */
const demoFolder = fileURLToPath(new URL('../../../../examples/demo', import.meta.url));

export const port = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65535) throw new InvalidArgumentError('A port is a number from 0 (any free one) to 65535.');
  return value;
};

const common = (command: Command): Command =>
  command
    .option('--http-port <port>', 'console and API', port)
    .option('--mqtt-port <port>', 'MQTT over TCP', port)
    .option('--ws-port <port>', 'MQTT over WebSocket', port)
    .option('--modbus-port <port>', 'the Modbus simulator; devices that read it follow', port)
    .option('--json', 'print one JSON line when ready, nothing else')
    .addOption(logLevelOption())
    .addOption(new Option('--log-format <format>', 'how it is logged').choices(logFormats).default('text'));

const ports = (flags: Flags): Parameters<typeof runHub>[0]['ports'] => ({
  ...(flags.httpPort === undefined ? {} : { http: flags.httpPort }),
  ...(flags.mqttPort === undefined ? {} : { mqtt: flags.mqttPort }),
  ...(flags.wsPort === undefined ? {} : { ws: flags.wsPort }),
  ...(flags.modbusPort === undefined ? {} : { modbus: flags.modbusPort }),
});

export function demoCommand(): Command {
  return common(
    new Command('demo')
      .description(
        "Run the blueprint's plant: a simulated Modbus device, a rule, a table, a dashboard. Ports that are taken give way to the next free ones.",
      )
      .option('--data <dir>', 'data directory', 'omh-demo'),
  )
    .addHelpText('after', '\nExamples:\n  omh demo\n  omh demo --http-port 8080 --data /tmp/try\n  omh demo --json')
    .action(async (flags: Flags) => {
      const data = resolve(flags.data!);
      const file = join(data, 'hub.yaml');
      // The demo works on its own copy: what is changed in the console never touches the shipped example.
      if (!existsSync(file)) {
        mkdirSync(data, { recursive: true, mode: 0o700 });
        for (const name of ['hub.schema.json', 'hub.yaml']) copyFileSync(join(demoFolder, name), join(data, name));
      }
      await runHub({
        file,
        dataDir: data,
        ports: ports(flags),
        choosePorts: true,
        entrance: 'link',
        json: flags.json === true,
        logLevel: flags.logLevel,
        logFormat: flags.logFormat,
      });
    });
}

export function upCommand(): Command {
  return common(
    new Command('up')
      .description('Run a hub.')
      .option('-c, --config <file>', 'hub file', 'hub.yaml')
      .option('--data <dir>', 'data directory', 'omh-data'),
  )
    .addHelpText('after', '\nExamples:\n  omh init && omh up\n  omh up -c plant/hub.yaml --data /var/lib/omh')
    .action((flags: Flags) =>
      runHub({
        file: flags.config!,
        dataDir: resolve(flags.data!),
        ports: ports(flags),
        choosePorts: false,
        entrance: 'people',
        json: flags.json === true,
        logLevel: flags.logLevel,
        logFormat: flags.logFormat,
      }),
    );
}
