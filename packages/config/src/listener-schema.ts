import Type from 'typebox';
import type { Static } from 'typebox';
import { maxNameLength, namePattern } from './names.ts';
import { addressBlock, count, duration, host, live, oneOf, port, restart, strict } from './schema-parts.ts';

const rate = (title: string, description: string) =>
  Type.Optional(
    Type.Object(
      {
        messages: Type.Optional(
          Type.Number({ title: 'Messages', description: 'PUBLISH packets per second.', minimum: 0.1, unit: '/s', ...live }),
        ),
        bytes: Type.Optional(
          Type.Number({ title: 'Bytes', description: 'Bytes per second, all packets.', minimum: 100, unit: 'By/s', ...live }),
        ),
      },
      { ...strict, title, description, ...live },
    ),
  );

const common = {
  host: Type.Optional(
    host({
      title: 'Host',
      description:
        'Address to listen on. When absent: 127.0.0.1 for a listener that admits anonymous clients, 0.0.0.0 (every network) for one that asks for credentials.',
      ...live,
    }),
  ),
  port: port({ title: 'Port', description: '0 takes any free port.', ...live }),
  anonymous: Type.Boolean({
    title: 'Anonymous',
    description: 'Admits clients without user name and password.',
    default: false,
    ...live,
  }),
  maxConnections: Type.Optional(
    Type.Integer({
      title: 'Connections',
      description: 'Connections of this listener at once; the limit of the broker holds beside it.',
      minimum: 1,
      ...count,
      ...live,
    }),
  ),
  maxConnectionsPerAddress: Type.Optional(
    Type.Integer({
      title: 'Connections from one address',
      description: 'Connections at once from one address other than this machine. Not limited when absent.',
      minimum: 1,
      ...count,
      ...live,
    }),
  ),
  connectRate: Type.Optional(
    Type.Number({
      title: 'New connections',
      description: 'New connections per second; more wait in their order. When absent: 1000, with TLS 250.',
      minimum: 1,
      unit: '/s',
      ...live,
    }),
  ),
  connectBurst: Type.Optional(
    Type.Integer({
      title: 'New connections at once',
      description: 'New connections that need not wait. When absent: two seconds of connectRate, with TLS one.',
      minimum: 1,
      ...count,
      ...live,
    }),
  ),
  clientRate: rate('Rate of a client', 'What each client may send on average; who sends more is read from more slowly, nothing is lost.'),
  totalRate: rate('Rate of all clients', 'What all clients of this listener may send together on average.'),
  proxyProtocol: Type.Optional(
    Type.Object(
      {
        trusted: Type.Array(addressBlock({ title: 'Address', description: 'IP address or block of addresses.' }), {
          title: 'Trusted',
          description: 'Where proxies connect from; other connections are closed.',
          minItems: 1,
          maxItems: 1000,
          ...live,
        }),
      },
      {
        ...strict,
        title: 'PROXY protocol',
        description: 'Each connection begins with a PROXY header, version 1 or 2, that says where it really comes from.',
        ...live,
      },
    ),
  ),
};

const pathWords = {
  title: 'Path',
  description: 'Path of the WebSocket.',
  pattern: '^/\\S*$',
  maxLength: 200,
  expects: 'a path that begins with /',
  ...live,
};
const path = { path: Type.String({ ...pathWords, default: '/mqtt' }) };

const file = (title: string, description: string) =>
  Type.String({
    title,
    description: `${description}, relative to the folder of the hub file; read again when it changes.`,
    minLength: 1,
    maxLength: 1000,
    ...live,
  });
const passphrase = Type.Optional(
  Type.String({
    title: 'Passphrase',
    description: 'Of an encrypted key.',
    format: 'secret',
    'x-ui': { widget: 'password' },
    maxLength: 1000,
    ...live,
  }),
);
const tls = {
  cert: file('Certificate', 'PEM file with the certificate and those between it and the root'),
  key: file('Key', 'PEM file with the key of the certificate'),
  ca: Type.Optional(file('Client CA', 'PEM file with the certificates that sign those of clients')),
  passphrase,
  clientCertificate: Type.Optional(
    oneOf(['none', 'request', 'require'], {
      title: 'Client certificate',
      description:
        'none: not asked for, also when absent. request: checked when the client has one. require: no connection without a good one.',
      ...live,
    }),
  ),
  minVersion: Type.Optional(
    oneOf(['TLSv1.2', 'TLSv1.3'], { title: 'Oldest version', description: 'Oldest version of TLS; TLSv1.2 when absent.', ...live }),
  ),
};

const TcpListener = Type.Object(common, {
  ...strict,
  title: 'MQTT over TCP',
  description: 'Where MQTT clients connect, usually port 1883.',
  ...live,
});
const WsListener = Type.Object(
  { ...common, ...path },
  { ...strict, title: 'MQTT over WebSocket', description: 'Where browsers connect, usually port 8083.', ...live },
);
const TlsListener = Type.Object(
  { ...common, ...tls },
  { ...strict, title: 'MQTT over TLS', description: 'Where MQTT clients connect encrypted, usually port 8883.', ...live },
);
const WssListener = Type.Object(
  { ...common, ...path, ...tls },
  { ...strict, title: 'MQTT over secure WebSocket', description: 'Where browsers connect encrypted, usually port 8084.', ...live },
);
export const listenerTypes = ['tcp', 'tls', 'ws', 'wss'] as const;
const NamedListener = Type.Object(
  {
    type: Type.Optional(oneOf(listenerTypes, { title: 'Type', description: 'What the listener speaks.', ...live })),
    ...common,
    path: Type.Optional(Type.String(pathWords)),
    ...tls,
    cert: Type.Optional(tls.cert),
    key: Type.Optional(tls.key),
  },
  { ...strict, title: 'Further listener', description: 'Another place where clients connect; its type says what it speaks.', ...live },
);

export const Listeners = Type.Unsafe<ListenersFile>({
  ...Type.Object({
    tcp: Type.Optional(TcpListener),
    tls: Type.Optional(TlsListener),
    ws: Type.Optional(WsListener),
    wss: Type.Optional(WssListener),
  }),
  additionalProperties: NamedListener,
  propertyNames: { pattern: namePattern, maxLength: maxNameLength },
  maxProperties: 50,
  title: 'Listeners',
  description:
    'Where MQTT clients connect: tcp, tls, ws and wss, and others by any name that say their type. When absent: port 1883 and WebSocket port 8083, with credentials, on 127.0.0.1 only.',
  ...live,
});

export const Flapping = Type.Object(
  {
    disconnects: Type.Integer({
      title: 'Disconnections',
      description: 'So many within the window are too many.',
      minimum: 2,
      default: 15,
      ...count,
      ...restart,
    }),
    window: duration({ title: 'Window', description: 'Time within which they are counted.', default: '1m', ...restart }),
    ban: duration({ title: 'Ban', description: 'How long the client id may not connect then.', default: '5m', ...restart }),
  },
  { ...strict, title: 'Flapping', description: 'Bans clients that come and go, for a time. Off when absent.', ...restart },
);

type Hosted<T> = Omit<T, 'host'> & { host: string };
/** `host` is always there after parsing. */
export type ListenerConfig = Hosted<Static<typeof NamedListener>>;
export interface ListenersConfig {
  tcp?: ListenerConfig;
  tls?: ListenerConfig;
  ws?: ListenerConfig & { path: string };
  wss?: ListenerConfig & { path: string };
  [name: string]: ListenerConfig | undefined;
}
type ListenersFile = ListenersConfig;
