import { modbus } from '@omh/wire';
import Type from 'typebox';
import { areaChoice, exceptionCode, faultSchema, holeRule, point } from '../faults/schema.ts';
import { choice, duration, integer, maybe, restart, strict, text } from '../schema-parts.ts';
import { signalSchema } from '../signals/schema.ts';

const list = (entry: object, title: string, description: string) =>
  maybe(Type.Unsafe<unknown[]>({ type: 'array', items: entry, maxItems: 10_000, title, description, ...restart }));
const block = (title: string, description: string) => ({ ...strict, title, description, ...restart });

const identity = maybe(
  Type.Object(
    {
      vendor: maybe(text(['Vendor', 'Object 0.'], { maxLength: 200 })),
      product: maybe(text(['Product code', 'Object 1; also what function 17 answers.'], { maxLength: 200 })),
      revision: maybe(text(['Revision', 'Object 2.'], { maxLength: 200 })),
      url: maybe(text(['URL', 'Object 3.'], { maxLength: 200 })),
      productName: maybe(text(['Product name', 'Object 4.'], { maxLength: 200 })),
      model: maybe(text(['Model', 'Object 5.'], { maxLength: 200 })),
      application: maybe(text(['Application', 'Object 6.'], { maxLength: 200 })),
    },
    block('Identity', 'What it says of itself, function 43/14.'),
  ),
);

const area = (name: string) =>
  maybe(
    Type.Unsafe<number | string[]>({
      type: ['integer', 'array'],
      minimum: 0,
      maximum: 65536,
      items: { type: 'string', title: 'Range', pattern: '^\\d{1,5}(-\\d{1,5})?$', expects: 'a range like "100-199"' },
      maxItems: 1000,
      title: name,
      description: `How many ${name.toLowerCase()} there are from 0 on, or ranges of them like ["0-99", "1000-1099"], counted as on the wire.`,
      expects: 'a number, or a list of ranges like "100-199"',
      unit: '1',
      ...restart,
    }),
  );

const unit = Type.Object(
  {
    areas: maybe(
      Type.Object(
        { coil: area('Coils'), discrete: area('Discrete inputs'), input: area('Input registers'), holding: area('Holding registers') },
        block('Areas', 'Points there are; 1000 of each, or as many as its signals need, when absent. Others are refused by exception 2.'),
      ),
    ),
    addressing: maybe(choice(['Addressing', 'How addresses are written here.'], modbus.notations, { default: 'neuron' })),
    base: maybe(choice(['First number', 'Number of the first register in addresses.'], [0, 1], { type: 'integer', unit: '1', default: 1 })),
    order: maybe(choice(['Byte order', 'Of 32-bit values whose address does not say it.'], modbus.byteOrders, { default: 'ABCD' })),
    order64: maybe(
      choice(['Byte order, 64 bits', 'Of 64-bit values whose address does not say it.'], modbus.byteOrders64, { default: 'ABCDEFGH' }),
    ),
    registers: maybe(
      Type.Unsafe<Record<string, unknown>>({
        type: 'object',
        additionalProperties: {
          type: ['number', 'boolean', 'array'],
          items: { type: ['number', 'boolean'], title: 'Value' },
          maxItems: 65536,
          title: 'Value',
          description: 'A number or true or false, or a list for this and the following points.',
          expects: 'a number, true or false, or a list of them',
          unit: '1',
          ...restart,
        },
        title: 'Registers',
        description: 'What stands where at the start, by address: { 40001: 5, "00001": true }. What is written stays.',
        ...restart,
      }),
    ),
    signals: list(signalSchema, 'Signals', 'Values that move.'),
    identity,
  },
  block('Unit', 'One unit with its own points.'),
);

const hole = Type.Object(
  {
    unit: maybe(integer(['Unit', 'All units when absent.'], { minimum: 0, maximum: 255 })),
    area: maybe({ ...areaChoice, default: 'holding' } as typeof areaChoice),
    from: point('From', 'First address that is refused, as on the wire.'),
    to: maybe(point('To', 'Last address; the first when absent.')),
    code: maybe(exceptionCode),
    rule: maybe(holeRule),
  },
  block('Hole', 'Addresses that the device refuses.'),
);

const most = (title: string, description: string, maximum: number, usual: number | undefined = maximum) =>
  maybe(integer([title, description], { minimum: 1, maximum }, usual === undefined ? {} : { default: usual }));

/** The one source of validation, form and docs for `simulators.*` with `protocol: modbus-tcp`, and for the devices of a plant file. */
export const modbusSimulatorSchema = Type.Object(
  {
    protocol: Type.Optional(Type.Literal('modbus-tcp', { title: 'Protocol', description: 'What the simulator speaks.', ...restart })),
    transport: maybe(choice(['Transport', 'How clients reach it.'], ['tcp', 'udp', 'serial'], { default: 'tcp' })),
    framing: maybe(choice(['Framing', 'What stands around requests; mbap when absent, on a serial line rtu.'], modbus.framingNames)),
    host: Type.Optional(
      Type.String({
        title: 'Host',
        description: 'Address it listens on: 127.0.0.1 for this computer only, 0.0.0.0 for the network.',
        default: '127.0.0.1',
        minLength: 1,
        maxLength: 253,
        ...restart,
      }),
    ),
    port: integer(['Port', 'Port it listens on; 0 takes any free one.'], { minimum: 0, maximum: 65535 }, { default: 5020 }),
    path: maybe(text(['Serial line', 'Path of the line or pseudo terminal, for the transport serial.'])),
    preset: Type.Optional(
      Type.Literal('blueprint', {
        title: 'Preset',
        description:
          'blueprint: temperature 280..309 and humidity 700..729 in holding registers 0 and 1, new each second. Absent: 1000 zeros per area.',
        ...restart,
      }),
    ),
    unit: maybe(
      integer(
        ['Unit', 'The unit that answers where units is absent; every other gets exception 0x0B.'],
        { minimum: 0, maximum: 255 },
        { default: 1 },
      ),
    ),
    units: maybe(
      Type.Unsafe<Record<string, unknown>>({
        type: 'object',
        minProperties: 1,
        maxProperties: 256,
        additionalProperties: unit,
        title: 'Units',
        description: 'The units that answer, by their number 0 to 255; every other gets exception 0x0B.',
        ...restart,
      }),
    ),
    seed: maybe(
      integer(['Seed', 'The same seed and the same time give the same values; 1 when absent.'], { minimum: 0, maximum: 4294967295 }),
    ),
    delay: maybe(duration(['Delay', 'How long it works on a request.'])),
    jitter: maybe(duration(['Jitter', 'At most so much longer at random.'])),
    limits: maybe(
      Type.Object(
        {
          maxRegisters: most('Registers', 'Most registers of one read; more are refused by exception 3.', 125),
          maxBits: most('Bits', 'Most bits of one read.', 2000),
          maxWriteRegisters: most('Registers written', 'Most registers of one write.', 123),
          maxWriteBits: most('Bits written', 'Most bits of one write.', 1968),
          requests: most('Requests', 'Requests of one connection it works on at once; more wait. Any number when absent.', 1000, undefined),
          connections: most('Connections', 'Most clients at once.', 1000, 64),
        },
        block('Limits', 'What the device can do at most.'),
      ),
    ),
    identity,
    holes: list(hole, 'Holes', 'Addresses that the device refuses, for good.'),
    faults: list(faultSchema, 'Faults', 'What goes wrong, and when.'),
  },
  { title: 'Modbus simulator', description: 'A simulated Modbus device.', additionalProperties: false },
);
