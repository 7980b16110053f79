import type { RequestLogEntry } from './simulator.ts';

const capacity = 500;

/** The newest requests; older ones are forgotten. */
export class RequestLog {
  readonly #ring: RequestLogEntry[] = [];
  #seq = 0;

  get total(): number {
    return this.#seq;
  }

  add(entry: Omit<RequestLogEntry, 'seq'>): void {
    const seq = ++this.#seq;
    this.#ring[(seq - 1) % capacity] = { seq, ...entry };
  }

  /** Oldest first. */
  since(after = 0): RequestLogEntry[] {
    const first = Math.max(after, this.#seq - this.#ring.length, 0);
    const out: RequestLogEntry[] = [];
    for (let seq = first + 1; seq <= this.#seq; seq++) out.push(this.#ring[(seq - 1) % capacity]!);
    return out;
  }
}
