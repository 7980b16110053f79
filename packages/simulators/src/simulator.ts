import type { Micros, Part } from '@omh/core';

export type Area = 'coil' | 'discrete' | 'input' | 'holding';

/** A device that exists only here. `start` and `stop` may be called again and again. */
export interface Simulator extends Part {
  readonly name: string;
  readonly protocol: string;
  /** `host:port` while it listens. */
  address(): string | undefined;
  /** The newest 500 requests, oldest first; with `after`, those with a larger `seq`. */
  requests(after?: number): readonly RequestLogEntry[];
  registers(): readonly RegisterView[];
  stats(): SimulatorStats;
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
