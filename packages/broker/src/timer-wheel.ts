/** Something with a due time on the wheel; `slot` belongs to the wheel. */
export interface Timed {
  dueTick: number;
  slot: number;
  onDue(tick: number): void;
}

const size = 512;

/** One turn per second for every time-out of the broker: no timer per client. */
export class TimerWheel {
  tick = 0;
  readonly #slots: Set<Timed>[] = Array.from({ length: size }, () => new Set<Timed>());

  /** Calls `onDue` once, `seconds` from now, at the earliest one turn later. Replaces an earlier due time. */
  set(item: Timed, seconds: number): void {
    this.cancel(item);
    item.dueTick = this.tick + Math.max(1, Math.ceil(seconds));
    item.slot = item.dueTick % size;
    this.#slots[item.slot]!.add(item);
  }
  cancel(item: Timed): void {
    if (item.slot >= 0) this.#slots[item.slot]!.delete(item);
    item.slot = -1;
  }
  advance(): void {
    this.tick++;
    const slot = this.#slots[this.tick % size]!;
    if (slot.size === 0) return;
    for (const item of [...slot]) {
      if (item.dueTick > this.tick || item.slot < 0) continue;
      this.cancel(item);
      item.onDue(this.tick);
    }
  }
}
