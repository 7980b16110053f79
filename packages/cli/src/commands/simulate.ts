import { Argument, Command } from 'commander';
import { systemClock } from '@omh/core';
import { createSimulator } from '@omh/simulators';
import { createLogger } from '../log.ts';
import { untilSignal } from '../until-signal.ts';
import { port } from './up.ts';

interface Flags {
  host: string;
  port: number;
  json?: true;
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('Run a simulated device.')
    .addArgument(new Argument('<protocol>', 'what it speaks').choices(['modbus', 'modbus-tcp']))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'TCP port; 0 takes any free one', port, 5020)
    .option('--json', 'print one JSON line when ready')
    .addHelpText(
      'after',
      "\nThe blueprint's device: unit 1, holding register 0 = temperature 280..309, 1 = humidity 700..729, new each second.\n\nExamples:\n  omh simulate modbus\n  omh simulate modbus --port 0 --json",
    )
    .action(async (_protocol: string, flags: Flags) => {
      const simulator = createSimulator(
        'device',
        { protocol: 'modbus-tcp', host: flags.host, port: flags.port, preset: 'blueprint' },
        { clock: systemClock, log: createLogger('warn', 'text') },
      );
      const signal = untilSignal(() => simulator.stop());
      try {
        await simulator.start();
      } catch (thrown) {
        signal.forget();
        throw thrown;
      }
      const modbus = simulator.address();
      if (flags.json) process.stdout.write(`${JSON.stringify({ ready: true, startMs: Math.round(performance.now()), modbus })}\n`);
      else process.stdout.write(`The Modbus simulator listens on ${modbus}, unit 1, holding registers 0 and 1. Ctrl-C stops.\n`);
      await signal.stopped;
    });
}
