import type { TagValue } from '@omh/core';
import type { modbus } from '@omh/wire';
import type { FaultConfig } from '../faults/config.ts';
import type { SignalConfig } from '../signals/config.ts';
import type { Area } from '../simulator.ts';

export interface IdentityConfig {
  readonly vendor?: string;
  readonly product?: string;
  readonly revision?: string;
  readonly url?: string;
  readonly productName?: string;
  readonly model?: string;
  readonly application?: string;
}

export interface UnitConfig {
  /** Points of each area: how many from 0 on, or ranges `100-199`, counted from 0 as on the wire. */
  readonly areas?: Readonly<Partial<Record<Area, number | readonly string[]>>>;
  /** Order of 32-bit and 64-bit values whose address does not say it; default ABCD and ABCDEFGH. */
  readonly order?: modbus.ByteOrder;
  readonly order64?: modbus.ByteOrder64;
  /** How addresses are written; default neuron, `40001`. */
  readonly addressing?: modbus.Notation;
  /** Number of the first register in addresses; default 1. */
  readonly base?: 0 | 1;
  /** What stands where at the start, by address: a number, true or false, or a list of them. */
  readonly registers?: Readonly<Record<string, TagValue | readonly number[]>>;
  readonly signals?: readonly SignalConfig[];
  readonly identity?: IdentityConfig;
}

export interface HoleConfig {
  readonly unit?: number;
  readonly area?: Area;
  /** On the wire, 0 to 65535. */
  readonly from: number;
  readonly to?: number;
  readonly code?: number;
  readonly rule?: HoleRule;
}
/** any: a request that touches one refused point is refused · all: one that asks for nothing else · straddle: one that takes a part. */
export type HoleRule = 'any' | 'all' | 'straddle';

/** What the hub file or the plant file says about one Modbus simulator. */
export interface ModbusSimulatorConfig {
  readonly protocol?: 'modbus-tcp';
  readonly transport?: 'tcp' | 'udp' | 'serial';
  /** Default mbap, on a serial line rtu. */
  readonly framing?: 'mbap' | 'rtu' | 'ascii';
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port and keeps it over `stop`. */
  readonly port: number;
  /** The serial line. */
  readonly path?: string;
  /** `blueprint`: the values of the published demo. Absent, without `units`: an empty device with 1000 points in each area. */
  readonly preset?: 'blueprint';
  /** The only unit, where `units` is absent. Default 1. */
  readonly unit?: number;
  readonly units?: Readonly<Record<string, UnitConfig>>;
  /** The same seed and the same time give the same values. Default 1; the blueprint's differ each time. */
  readonly seed?: number;
  /** How long it works on a request, and by how much more at random. */
  readonly delay?: string;
  readonly jitter?: string;
  readonly limits?: {
    readonly maxRegisters?: number;
    readonly maxBits?: number;
    readonly maxWriteRegisters?: number;
    readonly maxWriteBits?: number;
    /** Requests of one connection it works on at once; more wait. */
    readonly requests?: number;
    readonly connections?: number;
  };
  readonly identity?: IdentityConfig;
  readonly holes?: readonly HoleConfig[];
  readonly faults?: readonly FaultConfig[];
}
