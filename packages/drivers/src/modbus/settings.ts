import { parseDurationMs } from '@omh/core';
import { modbus } from '@omh/wire';
import Type from 'typebox';

const reconnect = { effect: 'reconnect' } as const;
const count = { unit: '1' } as const;
/** Behind "More settings" of the form. */
const advanced = (group: 'Requests' | 'Numbers') => ({ 'x-ui': { advanced: true, group } });

/** The one source of validation, form and docs for `devices.*.settings` of `driver: modbus-tcp`. */
export const settingsSchema = Type.Object(
  {
    host: Type.String({
      title: 'Host',
      description: 'Name or IP address of the device or gateway.',
      minLength: 1,
      maxLength: 253,
      ...reconnect,
    }),
    port: Type.Optional(
      Type.Integer({
        title: 'Port',
        description: 'TCP port of the device.',
        minimum: 1,
        maximum: 65535,
        default: 502,
        ...count,
        ...reconnect,
      }),
    ),
    timeout: Type.Optional(
      Type.Union([Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|min|m)$' }), Type.Number({ exclusiveMinimum: 0, maximum: 600_000 })], {
        title: 'Time-out',
        expects: 'a duration like 500ms or 2s, or milliseconds up to 600000',
        unit: 'duration',
        description:
          'How long one request may take, as 500ms or 2s, or in milliseconds. Absent: 3 s, or the interval where that is shorter.',
        ...reconnect,
      }),
    ),
    window: Type.Optional(
      Type.Integer({
        title: 'Requests in flight',
        description: 'How many requests are sent before the first answer is there. Set 1 for serial gateways that lose the second.',
        minimum: 1,
        maximum: 16,
        default: 4,
        ...count,
        ...reconnect,
        ...advanced('Requests'),
      }),
    ),
    maxGap: Type.Optional(
      Type.Integer({
        title: 'Largest gap',
        description: 'Points that no tag names but that are read along to join two requests. 0 reads only what is named.',
        minimum: 0,
        maximum: 1000,
        default: 0,
        ...count,
        ...reconnect,
        ...advanced('Requests'),
      }),
    ),
    maxRegisters: Type.Optional(
      Type.Integer({
        title: 'Registers per request',
        description: 'Some devices answer fewer than the 125 of the standard.',
        minimum: 1,
        maximum: 125,
        default: 125,
        ...count,
        ...reconnect,
        ...advanced('Requests'),
      }),
    ),
    maxBits: Type.Optional(
      Type.Integer({
        title: 'Bits per request',
        description: 'Coils or discrete inputs in one read.',
        minimum: 1,
        maximum: 2000,
        default: 2000,
        ...count,
        ...reconnect,
        ...advanced('Requests'),
      }),
    ),
    byteOrder: Type.Optional(
      Type.Union(
        modbus.byteOrders.map((order) => Type.Literal(order)),
        {
          title: 'Byte order, 32 bits',
          description: 'Order of the bytes of int32, uint32 and float where the address names none. ABCD is plain Modbus.',
          default: 'ABCD',
          ...reconnect,
          ...advanced('Numbers'),
        },
      ),
    ),
    byteOrder64: Type.Optional(
      Type.Union(
        modbus.byteOrders64.map((order) => Type.Literal(order)),
        {
          title: 'Byte order, 64 bits',
          description: 'Order of the bytes of int64, uint64 and double where the address names none.',
          default: 'ABCDEFGH',
          ...reconnect,
          ...advanced('Numbers'),
        },
      ),
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
  },
  { title: 'Modbus TCP', description: 'The link to one Modbus TCP device or gateway.', additionalProperties: false },
);

/** Settings of one device; all but `host` have defaults. */
export interface ModbusTcpSettings {
  readonly host: string;
  readonly port?: number;
  /** `500ms`, `2s`, or milliseconds. */
  readonly timeout?: string | number;
  readonly window?: number;
  readonly maxGap?: number;
  readonly maxRegisters?: number;
  readonly maxBits?: number;
  readonly byteOrder?: modbus.ByteOrder;
  readonly byteOrder64?: modbus.ByteOrder64;
  readonly addressBase?: 0 | 1;
  /** ms */
  readonly interRequestDelay?: number;
}

export type ResolvedSettings = Required<Omit<ModbusTcpSettings, 'timeout'>> & { readonly timeoutMs: number | undefined };

export function resolveSettings(s: ModbusTcpSettings): ResolvedSettings {
  const { timeout, ...rest } = s;
  return {
    port: 502,
    window: 4,
    maxGap: 0,
    maxRegisters: 125,
    maxBits: 2000,
    byteOrder: 'ABCD',
    byteOrder64: 'ABCDEFGH',
    addressBase: 1,
    interRequestDelay: 0,
    ...rest,
    timeoutMs: typeof timeout === 'string' ? parseDurationMs(timeout) : timeout,
  };
}
