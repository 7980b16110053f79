import Type from 'typebox';
import type { Static } from 'typebox';
import { errors } from './errors.ts';
import type { IssueList } from './issue.ts';
import { duration, restart } from './schema-parts.ts';
import type { Sources } from './sources.ts';

const text = (title: string, description: string, options: object = {}) =>
  Type.Optional(Type.String({ title, description, minLength: 1, maxLength: 1000, ...restart, ...options }));
const secret = { format: 'secret', 'x-ui': { widget: 'password' } } as const;
const pem = {
  maxLength: 200_000,
  pattern: '-----BEGIN [A-Z ]+-----',
  expects: 'text in PEM; !file certs/ca.pem reads it from a file',
} as const;

/** Keys of `broker` for an MQTT 5 broker or cluster elsewhere, in place of the one inside. */
export const externalBroker = {
  url: text('URL', 'An MQTT 5 broker elsewhere that takes the place of the one inside, e.g. mqtts://broker.plant:8883.', {
    pattern: '^mqtts?://[^\\s/@]+(:\\d+)?/?$',
    expects: 'an address like mqtt://host:1883 or mqtts://host:8883',
  }),
  username: text('User name', 'How this hub signs in at the broker elsewhere.'),
  password: text('Password', 'Password of that user; give it by !env or !file.', secret),
  clientId: text('Client id', 'MQTT client id of this hub there, never that of another. When absent: omh- and the id of this hub.', {
    maxLength: 200,
  }),
  ca: text('Authorities', 'Certificates of the authorities to trust for mqtts, PEM; give it by !file. Those of Node when absent.', pem),
  cert: text('Certificate', 'Certificate of this hub, PEM; give it by !file.', pem),
  key: text('Private key', 'Key of that certificate, PEM; give it by !file.', { ...pem, ...secret }),
  share: text('Share', 'Hubs with the same name here split the messages of their rules: each message is handled by one of them.', {
    pattern: '^[^/+#\\s]+$',
    maxLength: 100,
    expects: 'a name without / + # and blanks',
  }),
  sessionExpiry: Type.Optional(
    duration({
      title: 'Session expiry',
      description: 'How long the broker keeps messages for this hub while it is away. When absent: 7d.',
      expects: 'a duration like 7d or 12h',
      ...restart,
    }),
  ),
};

const shape = Type.Object(externalBroker);
export type ExternalBrokerConfig = Static<typeof shape>;

/** What belongs to the broker inside stands beside no URL, and the other way round; `broker` is as the file has it, with defaults. */
export function checkExternalBroker(broker: Readonly<Record<string, unknown>>, sources: Sources, issues: IssueList): void {
  const written = sources.at([]).place?.fields?.get('broker')?.fields?.keys() ?? [];
  const elsewhere = broker['url'] !== undefined;
  for (const key of written) {
    if (key === 'url' || key in externalBroker === elsewhere) continue;
    issues.add(['broker', key], (elsewhere ? errors.CONFIG_BROKER_ELSEWHERE : errors.CONFIG_BROKER_INSIDE)({ key }), { aim: 'key' });
  }
  const { cert, key } = broker;
  if ((cert === undefined) === (key === undefined)) return;
  const [there, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
  issues.add(['broker', there], errors.CONFIG_MISSING_KEY({ where: 'broker', key: missing }), { aim: 'key' });
}
