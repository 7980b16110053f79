/**
 * Where in their interval groups begin. Each next group of an interval is put as far from the others as can be (the golden ratio's sequence),
 * so that groups never start together, and one that comes or goes moves no other.
 */
export class GroupPhases {
  readonly #given = new Map<number, number>();

  /** From 0 up to, not including, 1. */
  next(intervalMs: number): number {
    const n = this.#given.get(intervalMs) ?? 0;
    this.#given.set(intervalMs, n + 1);
    return (n * 0.6180339887498949) % 1;
  }
}
