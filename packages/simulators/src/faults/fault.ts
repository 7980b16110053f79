import type { Area } from '../simulator.ts';

/** What a fault sees of a request. */
export interface Asked {
  readonly unit: number;
  readonly function: number;
  /** The points it is about; absent where it is about none. */
  readonly area?: Area;
  /** On the wire. */
  readonly start: number;
  readonly count: number;
  /** Further points of the same area, where a request both reads and writes. */
  readonly also?: { readonly start: number; readonly count: number };
}

/** An answer before it is framed; a fault may change every part of it. */
export interface Answer {
  transaction: number;
  unit: number;
  pdu: Uint8Array;
}

/** How an answer goes out. */
export interface Delivery {
  /** It is worked on for so much longer; what follows waits. */
  delayMs: number;
  /** It comes so much later; what follows does not wait. */
  lateMs: number;
  /** Bytes in one segment; 0 for all. */
  segment: number;
  pauseMs: number;
  /** It waits for the next answer, at most so long. */
  glueMs: number;
}

/** One thing that goes wrong. Pure: what it needs of chance and time is handed in. */
export interface Fault {
  /** One sentence: what the device does. */
  readonly text: string;
  /** freeze: connections are neither read nor answered nor closed · refuse: new ones are refused. */
  readonly connections?: 'freeze' | 'refuse';
  /** drop: the request is never answered · reset: it is answered by a TCP reset. */
  readonly receive?: 'drop' | 'reset';
  /** Values in its range stay as they are. */
  readonly stuck?: true;
  /** Code of the exception that answers. */
  refuse?(asked: Asked): number | undefined;
  answer?(answer: Answer): void;
  /** Changes the framed bytes; `chance` is from 0 to 1, another one on each call. */
  bytes?(frame: Uint8Array, chance: () => number): Uint8Array;
  deliver?(delivery: Delivery, chance: () => number): void;
  /** The device's clock, `sinceMs` after the fault began. */
  clock?(wallMs: number, sinceMs: number): number;
}
