import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { Command } from 'commander';
import { errors } from './errors.ts';

export interface MqttFlags {
  host: string;
  port?: string;
  username?: string;
  pw?: string;
  id?: string;
  mqttVersion: string;
  url?: string;
  keepalive: string;
}

/** The options that mosquitto_pub and mosquitto_sub share, under the same letters. */
export const mqttOptions = (command: Command): Command =>
  command
    .helpOption('--help', 'display help for command')
    .option('-h, --host <host>', 'broker host', '127.0.0.1')
    .option('-p, --port <port>', 'broker port (default 1883)')
    .option('-L, --url <url>', 'broker as one URL: mqtt://user:password@host:port, ws://host:8083/mqtt')
    .option('-u, --username <name>', 'user name')
    .option('-P, --pw <password>', 'password')
    .option('-i, --id <id>', 'client id')
    .option('-k, --keepalive <seconds>', 'keep-alive', '60')
    .option('-V, --mqtt-version <version>', 'mqttv311, 311, 4 or mqttv5, 5', 'mqttv311');

/** A number greater than 0 from the command line. */
export function positive(flag: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw errors.CLI_USAGE({ detail: `${flag} takes a number, not ${text}` });
  return number;
}

/** The broker for people: without the password that a URL may carry. */
export const addressOf = (flags: MqttFlags): string => urlOf(flags).replace(/\/\/[^/]*@/, '//');
const urlOf = (flags: MqttFlags): string => flags.url ?? `mqtt://${flags.host}:${flags.port ?? '1883'}`;

/** Connects once; a refusal or an unreachable broker is an error, not a retry. */
export function connectMqtt(flags: MqttFlags, extra: IClientOptions = {}): Promise<MqttClient> {
  const url = addressOf(flags);
  if (!/^(mqtts?|tcp|wss?):\/\/[^/]/.test(url))
    throw errors.CLI_USAGE({ detail: `${url} is no broker's address; it reads mqtt://host:port or ws://host:port/mqtt` });
  const client = mqtt.connect(urlOf(flags), {
    protocolVersion: /5/.test(flags.mqttVersion) ? 5 : 4,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    keepalive: flags.keepalive === '0' ? 0 : positive('-k', flags.keepalive),
    ...(flags.username === undefined ? {} : { username: flags.username }),
    ...(flags.pw === undefined ? {} : { password: flags.pw }),
    ...(flags.id === undefined ? {} : { clientId: flags.id }),
    ...extra,
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error & { code?: unknown }): void => {
      client.end(true);
      reject(
        errors.CLI_MQTT(
          { url, detail: error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message.replace(/\.$/, '') },
          { cause: error },
        ),
      );
    };
    client.once('error', refuse);
    client.once('connect', () => {
      client.off('error', refuse);
      resolve(client);
    });
  });
}

/** A refusal of the broker (a reason code of 5.0, or 0x80 in a 3.1.1 SUBACK) as a sentence; whatever else went wrong stays as it is. */
export const whenRefused =
  (flags: MqttFlags, action: string, topic: string) =>
  (thrown: unknown): never => {
    const code = (thrown as { code?: unknown }).code;
    const granted = (thrown as { packet?: { granted?: readonly number[] } }).packet?.granted ?? [];
    const refused = (typeof code === 'number' && code >= 0x80) || granted.some((qos) => qos >= 0x80);
    throw refused ? errors.CLI_MQTT_NOT_ALLOWED({ url: addressOf(flags), action, topic }, { cause: thrown }) : thrown;
  };
