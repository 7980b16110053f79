import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { errors } from '../errors.ts';
import { connectMqtt, mqttOptions, positive, whenRefused, type MqttFlags } from '../mqtt-client.ts';

interface Flags extends MqttFlags {
  topic: string;
  message?: string;
  file?: string;
  stdinLine?: true;
  stdinFile?: true;
  nullMessage?: true;
  qos: string;
  retain?: true;
  repeat: string;
  repeatDelay: string;
}

export function pubCommand(): Command {
  return mqttOptions(new Command('pub').description('Publish to an MQTT broker; options as in mosquitto_pub.'))
    .requiredOption('-t, --topic <topic>', 'topic')
    .option('-m, --message <text>', 'payload')
    .option('-f, --file <file>', 'payload from a file')
    .option('-l, --stdin-line', 'one message per line of stdin')
    .option('-s, --stdin-file', 'one message from all of stdin')
    .option('-n, --null-message', 'empty payload')
    .option('-q, --qos <qos>', '0, 1 or 2', '0')
    .option('-r, --retain', 'retain the message')
    .option('--repeat <count>', 'publish this many times', '1')
    .option('--repeat-delay <seconds>', 'between repeats', '0')
    .addHelpText('after', "\nExamples:\n  omh pub -t plant/press -m '{\"on\":true}' -q 1\n  printf '1\\n2\\n' | omh pub -t counter -l")
    .action(async (flags: Flags) => {
      const qos = Number(flags.qos);
      if (qos !== 0 && qos !== 1 && qos !== 2) throw errors.CLI_USAGE({ detail: 'QoS is 0, 1 or 2' });
      if ([flags.message, flags.file, flags.stdinLine, flags.stdinFile, flags.nullMessage].filter((x) => x !== undefined).length !== 1) {
        throw errors.CLI_USAGE({ detail: 'Give the payload once: -m, -f, -l, -s or -n' });
      }
      const payload =
        flags.message ?? (flags.file === undefined ? undefined : readFileSync(flags.file)) ?? (flags.stdinFile ? readFileSync(0) : '');
      const repeat = positive('--repeat', flags.repeat);
      const delayMs = flags.repeatDelay === '0' ? 0 : positive('--repeat-delay', flags.repeatDelay) * 1000;
      const client = await connectMqtt(flags);
      const send = (body: string | Buffer): Promise<unknown> =>
        client.publishAsync(flags.topic, body, { qos, retain: flags.retain === true }).catch(whenRefused(flags, 'publish to', flags.topic));
      try {
        if (flags.stdinLine) for await (const line of createInterface({ input: process.stdin })) await send(line);
        else {
          for (let i = 0; i < repeat; i++) {
            if (i > 0 && delayMs > 0)
              await new Promise((resolve) => {
                setTimeout(resolve, delayMs);
              });
            await send(payload);
          }
        }
      } finally {
        await client.endAsync();
      }
    });
}
