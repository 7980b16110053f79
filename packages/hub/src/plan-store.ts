import { randomUUID } from 'node:crypto';
import type { ParsedHub, Plan } from '@omh/config';
import type { Clock } from '@omh/core';
import { errors } from './errors.ts';

export interface KeptPlan {
  readonly base: number;
  readonly target: ParsedHub;
  readonly plan: Plan;
  /** It takes over what stands on disk, so the files are not written. */
  readonly fromDisk: boolean;
}

const maxPlans = 16;
const maxAgeMs = 30 * 60_000;

/** Plans wait here to be applied: the newest few, for half an hour. */
export class PlanStore {
  readonly #clock: Clock;
  readonly #plans = new Map<string, KeptPlan & { readonly madeMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }
  add(plan: KeptPlan): string {
    this.#sweep();
    const first = this.#plans.keys().next();
    if (this.#plans.size >= maxPlans && first.done !== true) this.#plans.delete(first.value);
    const id = randomUUID();
    this.#plans.set(id, { ...plan, madeMs: this.#clock.monotonicMs() });
    return id;
  }
  /** Throws HUB_NO_SUCH_PLAN. */
  get(id: string): KeptPlan {
    this.#sweep();
    const plan = this.#plans.get(id);
    if (plan === undefined) throw errors.HUB_NO_SUCH_PLAN({ plan: id });
    return plan;
  }
  /** After an apply no other plan fits any more. */
  clear(): void {
    this.#plans.clear();
  }
  #sweep(): void {
    const oldest = this.#clock.monotonicMs() - maxAgeMs;
    for (const [id, { madeMs }] of this.#plans) if (madeMs < oldest) this.#plans.delete(id);
  }
}
