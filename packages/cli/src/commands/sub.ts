import { Command } from 'commander';
import { errors } from '../errors.ts';
import { addressOf, connectMqtt, mqttOptions, positive, whenRefused, type MqttFlags } from '../mqtt-client.ts';

interface Flags extends MqttFlags {
  topic: string[];
  verbose?: true;
  count?: string;
  wait?: string;
  qos: string;
  json?: true;
  disableCleanSession?: true;
}

export function subCommand(): Command {
  return mqttOptions(new Command('sub').description('Subscribe at an MQTT broker; options as in mosquitto_sub.'))
    .requiredOption('-t, --topic <filter...>', 'topic filter; may be given several times')
    .option('-v, --verbose', 'print the topic before the payload')
    .option('-C, --count <n>', 'end after n messages')
    .option('-W, --wait <seconds>', 'end after so many seconds; exit 1 when -C was not reached')
    .option('-q, --qos <qos>', '0, 1 or 2', '0')
    .option('-c, --disable-clean-session', 'keep the session (needs -i)')
    .option('-N, --no-newline', 'no line end after a payload')
    .option('-R, --no-retained', 'leave out retained messages')
    .option('--json', 'one JSON object a message: {topic,qos,retain,time,payload}')
    .addHelpText('after', "\nExamples:\n  omh sub -t '/neuron/#' -v\n  omh sub -t plant/+/state -C 1 -W 5")
    .action(async (flags: Flags & { newline: boolean; retained: boolean }) => {
      const qos = Number(flags.qos);
      if (qos !== 0 && qos !== 1 && qos !== 2) throw errors.CLI_USAGE({ detail: 'QoS is 0, 1 or 2' });
      const limit = flags.count === undefined ? Infinity : positive('-C', flags.count);
      const waitMs = flags.wait === undefined ? undefined : positive('-W', flags.wait) * 1000;
      const client = await connectMqtt(flags, { clean: flags.disableCleanSession !== true });
      let seen = 0;
      const ended = new Promise<void>((resolve, reject) => {
        const stop = (): void => {
          resolve();
        };
        client.on('message', (topic, payload, packet) => {
          if (seen >= limit || (packet.retain && !flags.retained)) return;
          seen++;
          if (flags.json)
            process.stdout.write(
              `${JSON.stringify({ topic, qos: packet.qos, retain: packet.retain, time: new Date().toISOString(), payload: payload.toString('utf8') })}\n`,
            );
          else {
            if (flags.verbose) process.stdout.write(`${topic} `);
            process.stdout.write(payload);
            if (flags.newline) process.stdout.write('\n');
          }
          if (seen >= limit) stop();
        });
        client.on('close', () => reject(errors.CLI_MQTT_LOST({ url: addressOf(flags) })));
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
        if (waitMs !== undefined) setTimeout(stop, waitMs).unref();
      });
      ended.catch(() => {});
      try {
        await client.subscribeAsync(flags.topic, { qos }).catch(whenRefused(flags, 'subscribe to', flags.topic.join(' ')));
        await ended;
      } finally {
        await client.endAsync(true);
      }
      if (flags.count !== undefined && seen < limit) process.exitCode = 1;
    });
}
