const largest = 16;
/** More in flight is worth it when it carries this much more. */
const worthwhile = 1.3;
/** A device that answers within this many ms is no slow line: more in flight then saves this computer work, and need only do no harm. */
const quickMs = 1;
const harmless = 0.8;
/** So much more is believed after a few rounds. */
const plain = 1.6;
const roundsForPlain = 6;
/** A round is as many answers as fit into the window. A size is known after so many rounds; after the first search, answers are asked for too. */
const roundsNeeded = 16;
const answersNeeded = 48;
/** Of the rounds these count; the slowest show what disturbs, not what the device does. */
const counted = 0.5;
const firstHoldMs = 10_000;
const longestHoldMs = 600_000;
const firstTroubleHoldMs = 60_000;
const longestTroubleHoldMs = 3_600_000;

/** What is being found out: the rate of this size, whether this size beats the smaller one, or whether the smaller one does as well. */
type Trial = 'base' | 'up' | 'down';

/**
 * How many requests may be under way at once. A fixed size stays; else it starts at one, doubles while the device answers more per
 * second for it, or is quick anyway, and halves on trouble. What it found holds for a while, longer each time; then the next larger and
 * the next smaller size are measured once more, so that one bad measurement is not for ever.
 */
export class RequestWindow {
  readonly isFixed: boolean;
  size: number;
  #trial: Trial = 'base';
  /** Of the round that is being taken. */
  #answers = 0;
  #busyMs = 0;
  /** What the rounds of this size took, and how many there are. */
  readonly #roundMs = new Float64Array(answersNeeded);
  #rounds = 0;
  /** Rate of the size that the present one is compared with. */
  #other = 0;
  /** This search found a larger size worth having. */
  #hasGrown = false;
  /** The size is what it is since then. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #shrunkAtMs = Number.NEGATIVE_INFINITY;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #troubledAtMs = Number.NEGATIVE_INFINITY;
  #holdUntilMs = 0;
  #holdMs = firstHoldMs;
  #troubleHoldMs = firstTroubleHoldMs;

  constructor(size: number | 'auto') {
    this.isFixed = size !== 'auto';
    this.size = size === 'auto' ? 1 : size;
  }

  /** A request that left at `sentAtMs` was answered; `isFull`: it left with the window full, so that its answer tells what the size is worth. */
  answered(sentAtMs: number, isFull: boolean, nowMs: number): void {
    if (this.isFixed) return;
    const busyMs = nowMs - Math.max(this.#answeredAtMs, sentAtMs);
    this.#answeredAtMs = nowMs;
    // What left before the size changed tells nothing of it.
    if (!isFull || nowMs < this.#holdUntilMs || sentAtMs < this.#sinceMs) return;
    this.#busyMs += busyMs;
    if (++this.#answers < this.size) return;
    this.#roundMs[this.#rounds++] = this.#busyMs;
    this.#answers = 0;
    this.#busyMs = 0;
    const isMeasured = this.#rounds >= Math.max(roundsNeeded, this.#holdMs === firstHoldMs ? 0 : answersNeeded / this.size);
    if (isMeasured || (this.#trial === 'up' && this.#rounds === roundsForPlain)) this.#judge(this.#rate(), isMeasured, nowMs);
  }

  /** Answers per millisecond. */
  #rate(): number {
    const rounds = this.#roundMs.subarray(0, this.#rounds).sort();
    const n = Math.ceil(rounds.length * counted);
    let ms = 0;
    for (let i = 0; i < n; i++) ms += rounds[i]!;
    return (n * this.size) / Math.max(ms, 0.001);
  }

  #judge(rate: number, isMeasured: boolean, nowMs: number): void {
    switch (this.#trial) {
      case 'base':
        if (this.size < largest) this.#try('up', this.size * 2, rate, nowMs);
        else this.#down(rate, nowMs);
        return;
      case 'up':
        if (isWorth(rate, this.#other, isMeasured ? worthwhile : plain)) {
          this.#hasGrown = true;
          this.#troubleHoldMs = firstTroubleHoldMs;
          if (this.size < largest) this.#try('up', this.size * 2, rate, nowMs);
          else this.#settle(nowMs);
        } else if (isMeasured) {
          this.#resize(this.size >> 1, nowMs);
          if (this.#hasGrown) this.#settle(nowMs);
          else this.#down(this.#other, nowMs);
        }
        return;
      case 'down':
        if (isWorth(this.#other, rate, worthwhile)) {
          this.#resize(this.size * 2, nowMs);
          this.#settle(nowMs);
        } else this.#down(rate, nowMs);
    }
  }

  /** The next smaller size does as well, or does not. */
  #down(rate: number, nowMs: number): void {
    if (this.size === 1) this.#settle(nowMs);
    else this.#try('down', this.size >> 1, rate, nowMs);
  }
  #try(trial: Trial, size: number, rate: number, nowMs: number): void {
    this.#other = rate;
    this.#resize(size, nowMs);
    this.#trial = trial;
  }

  #settle(nowMs: number): void {
    this.#hold(nowMs, this.#holdMs);
    this.#holdMs = Math.min(longestHoldMs, this.#holdMs * 2);
  }

  /**
   * A request that left at `sentAtMs` was lost, or met a device that is busy, while others were under way. What left before the trouble
   * that was told last belongs to it; what left before the window became smaller says nothing against the smaller one.
   */
  trouble(sentAtMs: number, nowMs: number): void {
    if (this.isFixed || sentAtMs < this.#troubledAtMs) return;
    this.#troubledAtMs = nowMs;
    if (sentAtMs >= this.#shrunkAtMs) this.#resize(Math.max(1, this.size >> 1), nowMs);
    else if (this.#trial === 'down') this.#resize(this.size * 2, nowMs);
    this.#hold(nowMs, this.#troubleHoldMs);
    this.#troubleHoldMs = Math.min(longestTroubleHoldMs, this.#troubleHoldMs * 2);
  }

  /** Another connection: what was being measured is begun anew. */
  reset(): void {
    this.#resize(this.size, Number.NEGATIVE_INFINITY);
    this.#trial = 'base';
    this.#hasGrown = false;
    this.#answeredAtMs = Number.NEGATIVE_INFINITY;
  }

  #resize(size: number, nowMs: number): void {
    if (size < this.size) this.#shrunkAtMs = nowMs;
    this.size = size;
    this.#sinceMs = nowMs;
    this.#answers = 0;
    this.#busyMs = 0;
    this.#rounds = 0;
  }
  #hold(nowMs: number, ms: number): void {
    this.#trial = 'base';
    this.#hasGrown = false;
    this.#rounds = 0;
    this.#holdUntilMs = nowMs + ms;
  }
}

/** Whether the larger of two sizes is worth having. */
const isWorth = (larger: number, smaller: number, much: number): boolean => larger >= smaller * (1 / larger < quickMs ? harmless : much);
