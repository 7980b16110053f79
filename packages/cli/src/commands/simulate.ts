import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { formatIssue, parseBlock } from '@omh/config';
import { systemClock, type Part } from '@omh/core';
import {
  createSimulator,
  faultKinds,
  faultOfText,
  plantFaults,
  plantSchema,
  plantSimulators,
  type PlantFile,
  type Simulator,
  type SimulatorDeps,
} from '@omh/simulators';
import { errors } from '../errors.ts';
import { createLogger } from '../log.ts';
import { formatTable } from '../table.ts';
import { untilSignal } from '../until-signal.ts';
import { port } from './up.ts';

interface Flags {
  config?: string;
  host: string;
  port: number;
  fault: string[];
  json?: true;
}

const examples = [
  'omh simulate modbus',
  'omh simulate modbus --port 0 --json',
  'omh simulate -c examples/plant/plant.yaml',
  'omh simulate modbus --fault slow,delay=200ms --fault silent,at=10s,for=5s,every=1min',
  'omh simulate -c plant.yaml --fault press:busy,unit=2,for=30s',
];

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Run simulated devices: one, or those of a plant file.')
    .addArgument(new Argument('[protocol]', 'what one device speaks').choices(['modbus', 'modbus-tcp']))
    .option('-c, --config <file>', 'plant file with any number of devices')
    .option('--host <address>', 'address one device listens on', '127.0.0.1')
    .option('--port <port>', 'TCP port of one device; 0 takes any free one', port, 5020)
    .option(
      '--fault <fault>',
      'what goes wrong: [device:]KIND[,setting=value]…; may be given several times',
      (one, all: string[]) => [...all, one],
      [],
    )
    .option('--json', 'print one JSON line when ready')
    .addHelpText(
      'after',
      `\nWithout a file: the blueprint's device: unit 1, holding register 0 = temperature 280..309, 1 = humidity 700..729, new each second.\nFaults: ${faultKinds.join(', ')}.\n\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`,
    )
    .action(async (protocol: string | undefined, flags: Flags) => {
      if ((protocol === undefined) === (flags.config === undefined)) throw errors.CLI_SIMULATE_WHAT();
      const simulators = made(flags);
      if (simulators === undefined) {
        process.exitCode = 2;
        return;
      }
      for (const fault of flags.fault) addFault(simulators, fault);
      const started: Part[] = [];
      const stop = async (): Promise<void> => {
        await Promise.all(started.map((part) => part.stop()));
      };
      const signal = untilSignal(stop);
      try {
        for (const simulator of simulators) {
          started.push(simulator);
          await simulator.start();
        }
      } catch (thrown) {
        signal.forget();
        await stop();
        throw thrown;
      }
      process.stdout.write(
        flags.json ? readyLine(simulators) : flags.config === undefined ? oneText(simulators[0]!) : plantText(simulators),
      );
      // Timers of the clock do not keep the process alive, and a serial line may not either.
      const alive = setInterval(() => {}, 2 ** 30);
      await signal.stopped;
      clearInterval(alive);
    });
}

/** Undefined when the plant file is wrong; every fault is told then. */
function made(flags: Flags): Simulator[] | undefined {
  const deps: SimulatorDeps = { clock: systemClock, log: createLogger('warn', 'text') };
  if (flags.config === undefined)
    return [createSimulator('device', { protocol: 'modbus-tcp', host: flags.host, port: flags.port, preset: 'blueprint' }, deps)];
  const folder = dirname(resolve(flags.config));
  const parsed = parseBlock(textOf(flags.config), {
    shown: flags.config,
    schema: plantSchema,
    env: (name) => process.env[name],
    readFile: (path) => readFileSync(resolve(folder, path), 'utf8'),
    check: (data) => plantFaults(data as PlantFile),
  });
  if (!parsed.ok) {
    for (const issue of parsed.error) process.stderr.write(`${formatIssue(issue)}\n`);
    return undefined;
  }
  return plantSimulators(parsed.value as PlantFile, { ...deps, folder });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw errors.CLI_PLANT_UNREADABLE(
      { file, why: (cause as { code?: string }).code === 'ENOENT' ? 'it does not exist' : (cause as Error).message },
      { cause },
    );
  }
}

/** `press:busy,for=10s` for one device, `busy` for all. */
function addFault(simulators: readonly Simulator[], text: string): void {
  const colon = /^([^,=:]+):/.exec(text);
  const wanted = colon === null ? simulators : simulators.filter((simulator) => simulator.name === colon[1]);
  if (wanted.length === 0) throw errors.CLI_NO_SIMULATOR({ name: colon![1]!, names: simulators.map(({ name }) => name).join(', ') });
  for (const simulator of wanted) simulator.addFault(faultOfText(text.slice(colon?.[0].length ?? 0)));
}

function readyLine(simulators: readonly Simulator[]): string {
  const devices = Object.fromEntries(simulators.map((simulator) => [simulator.name, simulator.address()]));
  const faults = simulators.flatMap((simulator) => simulator.faults().map(({ text }) => ({ device: simulator.name, text })));
  return `${JSON.stringify({ ready: true, startMs: Math.round(performance.now()), modbus: simulators[0]!.address(), devices, faults })}\n`;
}

const faultLines = (simulator: Simulator): string[] =>
  simulator.faults().map(({ text, settings, active }) => {
    const { at, for: time, every } = settings;
    const when = [
      active ? 'now' : `at ${at ?? '0s'}`,
      ...(time === undefined ? [] : [`for ${time}`]),
      ...(every === undefined ? [] : [`every ${every}`]),
    ];
    return `${simulator.name}: ${text} (${when.join(', ')})`;
  });

const oneText = (simulator: Simulator): string =>
  [
    `The Modbus simulator listens on ${simulator.address()}, unit 1, holding registers 0 and 1. Ctrl-C stops.`,
    ...faultLines(simulator),
    '',
  ].join('\n');

function plantText(simulators: readonly Simulator[]): string {
  const rows = simulators.map((simulator) => {
    const signals = simulator.signals();
    const units = new Set(signals.map(({ unit }) => unit));
    return [simulator.name, simulator.address() ?? '', [...units].join(', '), `${signals.length}`, simulator.health().reason.text];
  });
  const faults = simulators.flatMap(faultLines);
  return [
    '',
    formatTable(['device', 'address', 'units', 'signals', ''], rows),
    ...(faults.length === 0 ? [] : ['', 'What goes wrong:', ...faults]),
    '',
    'Ctrl-C stops.',
    '',
  ].join('\n');
}
