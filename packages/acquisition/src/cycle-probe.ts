import type { GroupCycle, ValueBatch } from '@omh/core';

/**
 * Told of each step of a device's cycles while it is set with `Device.probe(probe)`; without one each step costs a single check.
 * Called synchronously on the hot path: it takes notes and returns. All times are monotonic µs, `Clock.monotonicMs() × 1000`.
 *
 * One cycle is told in this order: due, frame (tx, rx) …, decoded, scaled, emitting, emitted. Frames belong to the link, not to a group:
 * between `due` and `decoded` of one group there may be frames of another group or of a write.
 */
export interface CycleProbe {
  /** The grid called the group at `atUs`; it should have at `dueUs`. Not told for a tick that is skipped. */
  due?(device: string, group: string, dueUs: number, atUs: number): void;
  /** Bytes as they went over the link; `frame` is valid during the call only. */
  frame?(device: string, direction: 'tx' | 'rx', frame: Uint8Array, atUs: number): void;
  /** The driver handed over its batch of raw values. */
  decoded?(device: string, group: string, batch: ValueBatch, atUs: number): void;
  /** Scaled, clamped, derived and filtered: what follows goes out as it is. */
  scaled?(device: string, group: string, atUs: number): void;
  /** The cycle is about to be handed to its readers (last values, history, apps, namespace), the same object that they get. */
  emitting?(cycle: GroupCycle, atUs: number): void;
  /** All synchronous readers returned. */
  emitted?(cycle: GroupCycle, atUs: number): void;
}
