const largest = 16;
/** More in flight is worth it when it carries this much more. */
const worthwhile = 1.3;
/** A device that answers within this many ms is no slow line: more in flight then saves this computer work, and need only do no harm. */
const quickMs = 1;
const harmless = 0.8;
const firstHoldMs = 10_000;
const firstTroubleHoldMs = 60_000;
const longestHoldMs = 3_600_000;

/**
 * How many requests may be under way at once. A fixed size stays; else it starts at one, doubles while the device answers more per
 * second for it, or is quick anyway, steps back when it does not, and halves on trouble. After each step back it waits longer before it tries again.
 */
export class RequestWindow {
  readonly isFixed: boolean;
  size: number;
  #answers = 0;
  #sumMs = 0;
  /** Answers per millisecond of the size before; 0 while it is not known. */
  #former = 0;
  #formerSize = 1;
  #holdUntilMs = 0;
  #holdMs = firstHoldMs;
  #troubleHoldMs = firstTroubleHoldMs;
  #isInOrder = true;

  constructor(size: number | 'auto') {
    this.isFixed = size !== 'auto';
    this.size = size === 'auto' ? 1 : size;
  }

  /** A request that filled the window was answered after `rttMs`; `inOrder`: none that was sent later was answered before it. */
  answered(rttMs: number, inOrder: boolean, nowMs: number): void {
    if (this.isFixed || nowMs < this.#holdUntilMs) return;
    this.#isInOrder &&= inOrder;
    this.#sumMs += rttMs;
    if (++this.#answers < Math.max(8, this.size * 2)) return;
    const rate = (this.size * this.#answers) / Math.max(this.#sumMs, 0.001);
    const needed = 1 / rate < quickMs ? harmless : worthwhile;
    const wasInOrder = this.#isInOrder;
    this.#restart();
    if (this.#former > 0 && rate < this.#former * needed) {
      this.size = this.#formerSize;
      this.#hold(nowMs, this.#holdMs);
      this.#holdMs = Math.min(longestHoldMs, this.#holdMs * 2);
    } else if (this.size >= largest || !wasInOrder) {
      this.#hold(nowMs, this.#holdMs);
    } else {
      this.#former = rate;
      this.#formerSize = this.size;
      this.size = Math.min(largest, this.size * 2);
    }
  }

  /** A request was lost, answered strangely, or met a device that is busy, while others were under way. */
  trouble(nowMs: number): void {
    if (this.isFixed || this.size === 1) return;
    this.size >>= 1;
    this.#restart();
    this.#hold(nowMs, this.#troubleHoldMs);
    this.#troubleHoldMs = Math.min(longestHoldMs, this.#troubleHoldMs * 2);
  }

  /** Another connection, perhaps another device. */
  reset(): void {
    if (this.isFixed) return;
    this.#former = 0;
    this.#restart();
  }

  #restart(): void {
    this.#answers = 0;
    this.#sumMs = 0;
    this.#isInOrder = true;
  }
  #hold(nowMs: number, ms: number): void {
    this.#former = 0;
    this.#holdUntilMs = nowMs + ms;
  }
}
