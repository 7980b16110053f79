/** Groups begin on a grid of so many milliseconds: those of one place share one turn of the loop, which costs less than a turn each. */
const slotMs = 20;

/**
 * Where in their interval groups begin. Each next group of an interval gets the free place that is farthest from the newest ones, so that the
 * work is spread over the interval; no place is given twice before all are given once, and a group that comes or goes moves no other.
 */
export class GroupPhases {
  readonly #given = new Map<number, number>();

  /** From 0 up to, not including, 1. */
  next(intervalMs: number): number {
    const n = this.#given.get(intervalMs) ?? 0;
    this.#given.set(intervalMs, n + 1);
    const slots = Math.max(1, Math.floor(intervalMs / slotMs));
    return (((n * strideOf(slots)) % slots) * slotMs) / intervalMs;
  }
}

/** The number nearest to the golden section of `slots` that visits each of them before it comes back. */
function strideOf(slots: number): number {
  const golden = Math.round(slots * 0.6180339887498949);
  for (let off = 0; ; off++)
    for (const stride of [golden + off, golden - off]) if (stride > 0 && divisor(stride, slots) === 1) return stride;
}
const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
