/** One way to do the whole job: read devices, publish each cycle, store every sample. */
export interface Stack {
  readonly name: string;
  /** What it is made of, with versions where they are cheap to get. */
  readonly parts: string;
  readonly mqttUrl: string;
  /** Topic on which device 0's cycles are published. */
  readonly topic: string;
  /** Everything that does the job; the measuring client and the devices are not in it. */
  pids(): readonly number[];
  /** The highest number of register 0 that a query finds in a committed row. */
  committedSeq(): Promise<number>;
  storedSamples(): Promise<number>;
  /** Calls back with each value of register 0 that a screen gets; undefined where the stack has no live screen. */
  onChart?(callback: (seq: number) => void): Promise<() => void>;
  stop(): Promise<void>;
}

export interface Job {
  readonly ports: readonly number[];
  readonly tagsPerDevice: number;
  readonly intervalMs: number;
}

/** Why this stack cannot run here, and what to install. */
export class NotInstalled extends Error {}
