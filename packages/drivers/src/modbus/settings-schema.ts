import { modbus } from '@omh/wire';
import Type from 'typebox';

const reconnect = { effect: 'reconnect' } as const;
const count = { unit: '1' } as const;
type Group = 'Connection' | 'Security' | 'Requests' | 'Silent units' | 'Numbers';
/** Behind "More settings" of the form. */
const advanced = (group: Group, more: object = {}) => ({ 'x-ui': { advanced: true, group, ...more } });

const integer = (title: string, description: string, range: object, more: object = {}) =>
  Type.Optional(Type.Integer({ title, description, ...range, ...count, ...reconnect, ...more }));
const choice = <const T extends readonly (string | number)[]>(values: T, words: readonly string[], options: object) =>
  Type.Optional(Type.Unsafe<T[number]>({ enum: values, enumDescriptions: words, ...options, ...reconnect }));
const duration = (title: string, description: string, more: object) =>
  Type.Optional(
    Type.Union(
      [Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|min|m|h)$' }), Type.Number({ exclusiveMinimum: 0, maximum: 86_400_000 })],
      {
        title,
        expects: 'a duration like 500ms or 2s, or milliseconds',
        unit: 'duration',
        description,
        ...reconnect,
        ...more,
      },
    ),
  );

const host = (title: string, description: string) => Type.String({ title, description, minLength: 1, maxLength: 253, ...reconnect });
const port = (title: string, description: string, more: object = {}) =>
  Type.Integer({ title, description, minimum: 1, maximum: 65535, ...count, ...reconnect, ...more });
const block = (properties: Parameters<typeof Type.Object>[0], title: string, description: string, hints: object) =>
  Type.Optional(Type.Object(properties, { title, description, additionalProperties: false, ...reconnect, ...hints }));
const pem = (title: string, description: string, more: object = {}) =>
  Type.Optional(
    Type.String({
      title,
      description: `${description}, in PEM; give it by !file.`,
      maxLength: 200_000,
      pattern: '-----BEGIN [A-Z ]+-----',
      expects: 'text in PEM; !file certs/ca.pem reads it from a file',
      ...reconnect,
      ...more,
    }),
  );

const timeout = duration(
  'Time-out',
  'How long one request may take, as 500ms or 2s, or in milliseconds. Absent: 3 s, or the interval where that is shorter.',
  {},
);

const hole = Type.Object(
  {
    unit: integer('Unit', 'Every unit when absent.', { minimum: 0, maximum: 255 }),
    area: Type.Unsafe<modbus.Area>({ type: 'string', enum: modbus.areas, title: 'Area', description: 'Where it lies.', ...reconnect }),
    start: Type.Integer({
      title: 'First number',
      description: 'As on the wire, where the first register is 0.',
      minimum: 0,
      maximum: 65_535,
      ...count,
      ...reconnect,
    }),
    count: integer('Length', 'How many registers or bits.', { minimum: 1, maximum: 65_536, default: 1 }),
  },
  { title: 'Hole', description: 'A range that the device does not have.', additionalProperties: false, ...reconnect },
);

/** How requests are made, whatever the way to the device. */
const requests = {
  maxGap: integer(
    'Largest gap',
    'Registers that no tag names but that are read along to join two requests. 0 reads only what is named.',
    { minimum: 0, maximum: 1000, default: 8 },
    advanced('Requests'),
  ),
  maxGapBits: integer(
    'Largest gap of bits',
    'Coils or discrete inputs that no tag names but that are read along to join two requests.',
    { minimum: 0, maximum: 2000, default: 128 },
    advanced('Requests'),
  ),
  maxRegisters: integer(
    'Registers per request',
    'Some devices answer fewer than the 125 of the standard.',
    { minimum: 1, maximum: 125, default: 125 },
    advanced('Requests'),
  ),
  maxBits: integer(
    'Bits per request',
    'Coils or discrete inputs in one read.',
    { minimum: 1, maximum: 2000, default: 2000 },
    advanced('Requests'),
  ),
  holes: Type.Optional(
    Type.Array(hole, {
      title: 'Holes',
      description:
        'Ranges that the device does not have. They are never asked for and never read over; what else it refuses is found out and remembered.',
      maxItems: 10_000,
      ...reconnect,
      ...advanced('Requests'),
    }),
  ),
  maskWrite: choice(
    ['auto', 'only', 'never'],
    ['By function 22, else read and write back', 'By function 22 only', 'Always read and write back'],
    {
      title: 'Bits of a register',
      description:
        'How one bit of a register is written. A register that is read and written back may lose what the device changes in between.',
      default: 'auto',
      ...advanced('Requests'),
    },
  ),
  writeSingle: choice(['auto', 'multiple'], ['By function 5 or 6, else 15 or 16', 'Always by function 15 or 16'], {
    title: 'Single values',
    description: 'How one coil or one register is written. Some devices know only the functions for several.',
    default: 'auto',
    ...advanced('Requests'),
  }),
  interRequestDelay: Type.Optional(
    Type.Number({
      title: 'Pause between requests',
      description: 'Milliseconds between two requests, for slow devices.',
      minimum: 0,
      maximum: 10_000,
      default: 0,
      unit: 'ms',
      ...reconnect,
      ...advanced('Requests'),
    }),
  ),
  degradeAfter: integer(
    'Left alone after',
    'Cycles in a row without an answer after which a unit is left alone, so that it does not slow down the others. 0: never.',
    { minimum: 0, maximum: 65_535, default: 3 },
    advanced('Silent units'),
  ),
  degradeFor: duration('Left alone for', 'How long a silent unit is left alone before it is asked once again.', {
    default: '60s',
    ...advanced('Silent units'),
  }),
};

const numbers = {
  byteOrder: choice(modbus.byteOrders, modbus.byteOrders, {
    title: 'Byte order, 32 bits',
    description: 'Order of the bytes of int32, uint32 and float where the address names none. ABCD is plain Modbus.',
    default: 'ABCD',
    ...advanced('Numbers'),
  }),
  byteOrder64: choice(modbus.byteOrders64, modbus.byteOrders64, {
    title: 'Byte order, 64 bits',
    description: 'Order of the bytes of int64, uint64 and double where the address names none.',
    default: 'ABCDEFGH',
    ...advanced('Numbers'),
  }),
  addressing: choice(
    modbus.notations,
    [
      '1!40001, as in Neuron',
      '40001 or 400001',
      'holding:0, hr0 or 0x0010, as on the wire',
      'Delta: D100, M5, X10',
      'Inovance: D100, M5, X10',
      'Xinje: D100, M5, X10',
      'HollySys: %MW100, %IW5',
      'Schneider: %MW100, %M5',
    ],
    {
      title: 'Addresses',
      description: 'How the addresses of this device are written.',
      default: 'neuron',
      ...advanced('Numbers'),
    },
  ),
  addressBase: Type.Optional(
    Type.Union([Type.Literal(0), Type.Literal(1)], {
      title: 'First number',
      description: 'With 1 the first register is 40001, as PLCs count; with 0 it is 40000.',
      default: 1,
      ...count,
      ...reconnect,
      ...advanced('Numbers'),
    }),
  ),
  unit: integer('Unit', 'Unit of the addresses that name none.', { minimum: 0, maximum: 255 }, advanced('Numbers')),
  offsets: Type.Optional(
    Type.Unsafe<Record<string, number>>({
      type: 'object',
      additionalProperties: {
        type: 'integer',
        minimum: 0,
        maximum: 65_535,
        unit: '1',
        title: 'Place',
        description: 'Where number 0 stands.',
      },
      title: 'Other places',
      description: 'Where number 0 of a name stands on the wire, for a device that differs from its series: {D: 4096}.',
      ...reconnect,
      ...advanced('Numbers'),
    }),
  ),
};

const strict = { additionalProperties: false } as const;
const allowed = Type.String({
  title: 'Address',
  description: 'An address or a range that may dial in.',
  pattern: '^[0-9A-Fa-f.:]+(/\\d{1,3})?$',
  expects: 'an address like 10.0.0.5, or a range like 10.0.0.0/8',
});

const portWords = 'Port of the device; 502, or 802 with TLS, when absent.';
const networkPort = (number: number) => port('Port', portWords, { default: number });

const transport = (values: readonly string[], words: readonly string[]) =>
  choice(values, words, {
    title: 'Transport',
    description: 'How the device is reached. TLS is Modbus Security: both sides show a certificate.',
    default: 'tcp',
    ...advanced('Connection'),
  });

/** The one source of validation, form and docs for `devices.*.settings` of `driver: modbus-tcp`. */
export const tcpSettingsSchema = Type.Object(
  {
    host: Type.Optional(host('Host', 'Name or IP address of the device or gateway.')),
    port: Type.Optional(port('Port', portWords)),
    timeout,
    transport: transport(['tcp', 'tls', 'udp'], ['TCP', 'TLS, Modbus Security', 'UDP']),
    framing: choice(['mbap', 'rtu', 'ascii'], ['Modbus TCP', 'RTU over TCP', 'ASCII over TCP'], {
      title: 'Framing',
      description: 'What is spoken. Serial servers that pass bytes on speak RTU or ASCII over TCP.',
      default: 'mbap',
      ...advanced('Connection'),
    }),
    listen: block(
      {
        host: Type.Optional(
          Type.String({
            title: 'Address',
            description: 'Address of this computer to listen on; all when absent.',
            minLength: 1,
            maxLength: 253,
            default: '0.0.0.0',
            ...reconnect,
          }),
        ),
        port: Type.Integer({
          title: 'Port',
          description: 'Port that this device alone dials.',
          minimum: 0,
          maximum: 65535,
          ...count,
          ...reconnect,
        }),
        allow: Type.Optional(
          Type.Array(allowed, {
            title: 'Allowed addresses',
            description: 'Addresses or ranges that may dial in; all when absent.',
            maxItems: 1000,
            ...reconnect,
          }),
        ),
      },
      'Device dials in',
      'In place of host: the device connects to this hub, as modems behind a provider do. The newest connection counts.',
      advanced('Connection'),
    ),
    backup: block(
      {
        host: host('Host', 'Name or IP address of the second way to the device.'),
        port: Type.Optional(port('Port', 'Port there; the same when absent.')),
      },
      'Backup',
      'A second way to the same device; after each failed attempt the other one is tried.',
      advanced('Connection'),
    ),
    sharedLink: Type.Optional(
      Type.Boolean({
        title: 'Share the connection',
        description:
          'Devices with the same host and port use one connection and take turns. Always so with RTU and ASCII; for gateways that allow few connections.',
        default: false,
        ...reconnect,
        ...advanced('Connection'),
      }),
    ),
    tls: block(
      {
        ca: pem('Authorities', 'Certificates of the authorities that sign those of devices'),
        cert: pem('Certificate', 'Certificate of this hub'),
        key: pem('Private key', 'Key of that certificate', { format: 'secret', 'x-ui': { widget: 'password' } }),
        serverName: Type.Optional(
          Type.String({
            title: 'Name in the certificate',
            description: "Name that the device's certificate must carry, where it is not the host.",
            minLength: 1,
            maxLength: 253,
            ...reconnect,
          }),
        ),
      },
      'Certificates',
      'Certificates for TLS.',
      advanced('Security', { showIf: { transport: 'tls' } }),
    ),
    window: Type.Optional(
      Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 16 })], {
        title: 'Requests in flight',
        description: 'How many requests are sent before the first answer is there. auto finds out what the device keeps up with.',
        expects: 'auto, or a number from 1 to 16',
        default: 'auto',
        ...count,
        ...reconnect,
        ...advanced('Requests'),
      }),
    ),
    ...requests,
    ...numbers,
  },
  {
    title: 'Modbus TCP',
    description: 'The link to one Modbus device or gateway over a network.',
    ...strict,
    allOf: [
      { if: { required: ['listen'] }, else: { properties: {}, required: ['host'] } },
      {
        if: { required: ['listen'] },
        then: { properties: { transport: transport(['tcp', 'tls'], ['TCP', 'TLS, Modbus Security']) } },
      },
      {
        if: { properties: { transport: { const: 'tls' } }, required: ['transport'] },
        then: { properties: { port: networkPort(802) } },
        else: { properties: { port: networkPort(502) } },
      },
    ],
  },
);

/** The same for `driver: modbus-serial`. */
export const serialSettingsSchema = Type.Object(
  {
    port: Type.String({
      title: 'Port',
      description: 'Serial port, e.g. /dev/ttyUSB0 or COM3; names under /dev/serial/by-id stay the same.',
      minLength: 1,
      maxLength: 1000,
      ...reconnect,
    }),
    baudRate: integer('Baud rate', 'Bits per second of the line.', { minimum: 50, maximum: 4_000_000, default: 9600 }),
    dataBits: choice([7, 8], ['7, for ASCII', '8'], {
      title: 'Data bits',
      description: 'Bits of a character. RTU needs 8.',
      default: 8,
      ...count,
      ...advanced('Connection'),
    }),
    stopBits: choice([1, 2], ['1', '2'], {
      title: 'Stop bits',
      description: 'After each character.',
      default: 1,
      ...count,
      ...advanced('Connection'),
    }),
    parity: choice(['none', 'even', 'odd'], ['none', 'even', 'odd'], {
      title: 'Parity',
      description: 'The standard asks for even, most devices come with none.',
      default: 'none',
      ...advanced('Connection'),
    }),
    framing: choice(['rtu', 'ascii'], ['RTU', 'ASCII'], {
      title: 'Framing',
      description: 'What is spoken on the line.',
      default: 'rtu',
      ...advanced('Connection'),
    }),
    echo: Type.Optional(
      Type.Boolean({
        title: 'Hears itself',
        description: 'For two-wire adapters that receive what they send.',
        default: false,
        ...reconnect,
        ...advanced('Connection'),
      }),
    ),
    timeout,
    ...requests,
    ...numbers,
  },
  {
    title: 'Modbus serial',
    description: 'The line to Modbus devices on a serial port.',
    ...strict,
    allOf: [
      {
        if: { properties: { framing: { const: 'ascii' } }, required: ['framing'] },
        else: { properties: { dataBits: { enum: [8], enumDescriptions: ['8'] } } },
      },
    ],
  },
);
