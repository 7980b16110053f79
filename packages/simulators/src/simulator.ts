import type { Micros, Part, TagValue } from '@omh/core';
import type { FaultView } from './faults/board.ts';

export type Area = 'coil' | 'discrete' | 'input' | 'holding';

/** A device that exists only here. `start` and `stop` may be called again and again. */
export interface Simulator extends Part {
  readonly name: string;
  readonly protocol: string;
  /** `host:port` while it listens. */
  address(): string | undefined;
  /** Where it listens or did last, so where those who read it go on trying. */
  lastAddress(): string | undefined;
  /** The newest 500 requests, oldest first; with `after`, those with a larger `seq`. */
  requests(after?: number): readonly RequestLogEntry[];
  /** The units that answer. */
  readonly units: readonly number[];
  /** All points in their order; where there are more than `most`, those that a signal stands in come first. `most`: 2000 when absent. */
  registers(most?: number): readonly RegisterView[];
  stats(): SimulatorStats;
  readonly signalCount: number;
  /** In the order of the file, `count` of them from the `from`th on. */
  signals(from?: number, count?: number): readonly SignalView[];
  /**
   * Gives a signal a value that stays until it is released; a constant takes it as if it were written. Without a unit the name is to stand
   * in one unit only. Throws SIMULATORS_NO_SIGNAL, SIMULATORS_NO_SUCH_SIGNAL, SIMULATORS_SIGNAL_UNIT, SIMULATORS_SIGNAL_VALUE.
   */
  holdSignal(unit: number | undefined, name: string, value: TagValue): SignalView;
  /** Throws SIMULATORS_NO_SIGNAL, SIMULATORS_NO_SUCH_SIGNAL, SIMULATORS_SIGNAL_UNIT. */
  releaseSignal(unit: number | undefined, name: string): SignalView;
  /** Those that are over stay until the next one is switched on. Holes are no faults: they are part of the device. */
  faults(): readonly FaultView[];
  /** Switches a fault on: `{ fault: 'silent', for: '10s' }`; `at` counts from now. Throws SIMULATORS_FAULT_SETTINGS, SIMULATORS_TOO_MANY_FAULTS. */
  addFault(settings: unknown): FaultView;
  /** Throws SIMULATORS_NO_FAULT. */
  removeFault(id: number): void;
  /** How many there were. */
  clearFaults(): number;
}

export interface RequestLogEntry {
  /** Counts up from 1 over the simulator's life. */
  readonly seq: number;
  readonly at: Micros;
  readonly peer: string;
  readonly unit: number;
  readonly function: number;
  readonly functionName: string;
  /** On the wire, 0 to 65535. */
  readonly address?: number;
  readonly count?: number;
  /** `answered`, or the exception in words. */
  readonly outcome: string;
}

export interface RegisterView {
  readonly unit: number;
  readonly area: Area;
  /** On the wire, 0 to 65535. */
  readonly address: number;
  readonly value: number;
  readonly label?: string;
  /** One sentence: what the value does. */
  readonly signal?: string;
}

export interface SimulatorStats {
  readonly connections: number;
  readonly requests: number;
  readonly exceptions: number;
}

/** A signal as people see it. */
export interface SignalView {
  readonly unit: number;
  readonly name: string;
  /** Its kind, e.g. `sine`. */
  readonly signal: string;
  /** One sentence: what it does. */
  readonly text: string;
  readonly area: Area;
  /** On the wire, 0 to 65535. */
  readonly address: number;
  /** Registers or bits it takes. */
  readonly points: number;
  readonly type: string;
  /** Values one after the other. */
  readonly count: number;
  /** In engineering units; of an array the first 16. */
  readonly value: number | string | boolean | readonly (number | string | boolean)[];
  /** It keeps a value that somebody gave it. */
  readonly held: boolean;
}
