import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** Share of the budget at which nobody new comes in, that share less this when somebody does again, and when queues are cut. */
const tightAt = 0.7;
const easyBelow = 0.65;
const criticalAt = 0.85;
/** Of what the machine or the container has, when nothing else is said. */
const ownShare = 0.8;

/** How much of its budget this process uses, 0 to 1 and above: the larger of resident memory and JavaScript heap. `budgetBytes` 0 = by itself. */
export function memoryUse(budgetBytes: number): () => number {
  const heapLimit = getHeapStatistics().heap_size_limit;
  const constrained = process.constrainedMemory() ?? 0;
  const has = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  const budget = budgetBytes > 0 ? budgetBytes : has * ownShare;
  return () => Math.max(process.memoryUsage.rss() / budget, getHeapStatistics().used_heap_size / heapLimit);
}

/** Looked at each second. */
export class MemoryWatch {
  readonly #use: () => number;
  /** Nobody new comes in. */
  tight = false;
  /** The longest queues are cut. */
  critical = false;
  #used = 0;

  constructor(use: () => number) {
    this.#use = use;
  }
  look(): void {
    this.#used = this.#use();
    this.tight = this.#used >= (this.tight ? easyBelow : tightAt);
    this.critical = this.#used >= criticalAt;
  }
  trouble(): string | undefined {
    if (!this.tight) return undefined;
    const share = Math.round(this.#used * 100);
    return `Refuses new clients: ${share} % of the memory budget is in use.${this.critical ? ' The longest QoS 0 queues are cut.' : ''}`;
  }
}
