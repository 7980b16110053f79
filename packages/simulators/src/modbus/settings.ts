import Type from 'typebox';

const restart = { effect: 'restart' } as const;
const count = { unit: '1' } as const;

/** The one source of validation, form and docs for `simulators.*` with `protocol: modbus-tcp`. */
export const modbusSimulatorSchema = Type.Object(
  {
    protocol: Type.Optional(Type.Literal('modbus-tcp', { title: 'Protocol', description: 'What the simulator speaks.', ...restart })),
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
    port: Type.Integer({
      title: 'Port',
      description: 'TCP port it listens on; 0 takes any free one.',
      minimum: 0,
      maximum: 65535,
      default: 5020,
      ...count,
      ...restart,
    }),
    preset: Type.Optional(
      Type.Literal('blueprint', {
        title: 'Preset',
        description:
          'blueprint: temperature 280..309 and humidity 700..729 in holding registers 0 and 1, new each second. Absent: 1000 zeros per area.',
        ...restart,
      }),
    ),
    unit: Type.Optional(
      Type.Integer({
        title: 'Unit',
        description: 'The unit that answers; every other gets exception 0x0B.',
        minimum: 0,
        maximum: 255,
        default: 1,
        ...count,
        ...restart,
      }),
    ),
  },
  { title: 'Modbus TCP simulator', description: 'A simulated Modbus TCP device.', additionalProperties: false },
);
