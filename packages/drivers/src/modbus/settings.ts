import { parseDurationMs } from '@omh/core';
import type { modbus } from '@omh/wire';
import type { HoleSetting } from './closed-spans.ts';
import type { TlsSettings } from './transport/tls.ts';

/** What both drivers share; everything has a default. */
export interface CommonSettings {
  /** `500ms`, `2s`, or milliseconds. */
  readonly timeout?: string | number;
  readonly maxGap?: number;
  readonly maxGapBits?: number;
  readonly maxRegisters?: number;
  readonly maxBits?: number;
  /** Ranges that are never asked for, and never read over. */
  readonly holes?: readonly HoleSetting[];
  /** ms */
  readonly interRequestDelay?: number;
  /** A bit of a register: `auto` by function 22, or read and written back where the device does not know it. */
  readonly maskWrite?: 'auto' | 'only' | 'never';
  readonly writeSingle?: 'auto' | 'multiple';
  /** Cycles without an answer after which a unit is left alone; 0 never. */
  readonly degradeAfter?: number;
  readonly degradeFor?: string | number;
  readonly byteOrder?: modbus.ByteOrder;
  readonly byteOrder64?: modbus.ByteOrder64;
  readonly addressing?: modbus.Notation;
  readonly addressBase?: 0 | 1;
  readonly unit?: number;
  readonly offsets?: Readonly<Record<string, number>>;
}

/** Settings of one device of `driver: modbus-tcp`; `host` or `listen` must be there. */
export interface ModbusTcpSettings extends CommonSettings {
  readonly host?: string;
  readonly port?: number;
  readonly transport?: 'tcp' | 'tls' | 'udp';
  readonly framing?: modbus.FramingName;
  readonly listen?: { readonly host?: string; readonly port: number; readonly allow?: readonly string[] };
  readonly backup?: { readonly host: string; readonly port?: number };
  readonly sharedLink?: boolean;
  readonly tls?: TlsSettings;
  readonly window?: number | 'auto';
}

/** Settings of one device of `driver: modbus-serial`. */
export interface ModbusSerialSettings extends CommonSettings {
  /** `/dev/ttyUSB0`, `COM3` */
  readonly port: string;
  readonly baudRate?: number;
  readonly dataBits?: 7 | 8;
  readonly stopBits?: 1 | 2;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly framing?: 'rtu' | 'ascii';
  readonly echo?: boolean;
}

type Optional = 'unit' | 'offsets';
/** The common part with its defaults, durations in milliseconds. */
export type ResolvedSettings = Required<Omit<CommonSettings, 'timeout' | 'degradeFor' | Optional>> &
  Pick<CommonSettings, Optional> & { readonly timeoutMs: number | undefined; readonly degradeForMs: number };

const defaults = {
  maxGap: 8,
  maxGapBits: 128,
  maxRegisters: 125,
  maxBits: 2000,
  holes: [],
  byteOrder: 'ABCD',
  byteOrder64: 'ABCDEFGH',
  addressing: 'neuron',
  addressBase: 1,
  interRequestDelay: 0,
  maskWrite: 'auto',
  writeSingle: 'auto',
  degradeAfter: 3,
} as const;

export function resolveSettings(settings: CommonSettings): ResolvedSettings {
  const { timeout, degradeFor = 60_000, ...rest } = settings;
  return { ...defaults, ...rest, timeoutMs: timeout === undefined ? undefined : msOf(timeout), degradeForMs: msOf(degradeFor) ?? 60_000 };
}

const msOf = (value: string | number): number | undefined => (typeof value === 'string' ? parseDurationMs(value) : value);
