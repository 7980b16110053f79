import { Argument, Command } from 'commander';

interface Flags {
  json?: true;
  seconds?: string;
  repeats?: string;
  only?: string;
  node?: string;
  folder?: string;
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('Measure this machine: ours beside what you would use instead, in one run, medians of several.')
    .addArgument(new Argument('<area>', 'what to measure').choices(['mqtt', 'modbus', 'probe', 'end-to-end', 'storage']))
    .option('--seconds <n>', 'length of one measurement')
    .option('--repeats <n>', 'measurements of each row')
    .option('--only <text>', 'only the rows whose name holds this; several separated by commas')
    .option('--node <program>', 'mqtt: measure our broker with this Node as well')
    .option('--folder <dir>', 'storage: the disk that is measured')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nPeers that are not installed are left out and named.\n\nExamples:\n  omh bench end-to-end\n  omh bench mqtt --repeats 5\n  omh bench mqtt --only devices,ping-pong\n  omh bench modbus --only flat-out\n  OMH_BENCH_PEERS=/tmp/peers omh bench storage --seconds 1',
    )
    .action(async (area: 'mqtt' | 'modbus' | 'probe' | 'end-to-end' | 'storage', flags: Flags) => {
      const print = flags.json
        ? (): void => {}
        : (line: string): void => {
            process.stdout.write(`${line}\n`);
          };
      const options = {
        ...(flags.seconds === undefined ? {} : { seconds: Number(flags.seconds) }),
        ...(flags.repeats === undefined ? {} : { repeats: Number(flags.repeats) }),
        ...(flags.only === undefined ? {} : { only: flags.only }),
        ...(flags.node === undefined ? {} : { node: flags.node }),
      };
      const result =
        area === 'mqtt'
          ? await (await import('../bench/mqtt.ts')).benchMqtt(options, print)
          : area === 'modbus'
            ? await (await import('../bench/modbus.ts')).benchModbus(options, print)
            : area === 'probe'
              ? (await import('../bench/probe-rates.ts')).benchProbe(options, print)
              : area === 'storage'
                ? await (await import('../bench/storage.ts')).benchStorage(
                    { ...options, ...(flags.folder === undefined ? {} : { folder: flags.folder }) },
                    print,
                  )
                : await (await import('../bench/end-to-end.ts')).benchEndToEnd(options, print);
      if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    });
}
