import type { Micros } from './time.ts';
import type { Reason } from './errors.ts';
import type { MetricSample } from './metrics.ts';

/**
 * running: does its work · degraded: works, but something is wrong · lost: cannot work now and tries again by itself
 * · failed: cannot work until a person acts · stopped: not asked to work · starting: not there yet.
 */
export type PartState = 'starting' | 'running' | 'degraded' | 'lost' | 'failed' | 'stopped';

export interface Health {
  readonly state: PartState;
  /** One sentence: what is true and why. */
  readonly reason: Reason;
  /** Since when `state` holds. */
  readonly since: Micros;
  readonly nextTry?: Micros;
}

/** Everything with a life. `start()` acts and resolves when it serves; `stop()` releases everything and never rejects. */
export interface Part {
  /** `kind/name`, unique in a hub: `broker`, `device/demo`, `rule/ingest`. */
  readonly id: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): Health;
  /** Where it listens or what it talks to, e.g. `127.0.0.1:1883`, `mqtts://…`. */
  address?(): string | undefined;
  metrics?(): Iterable<MetricSample>;
}

/** Holds a part's state and moves `since` only when the state or the sentence changes. */
export class HealthState {
  #health: Health;
  readonly #now: () => Micros;

  constructor(now: () => Micros, text = 'Not started.') {
    this.#now = now;
    this.#health = { state: 'stopped', reason: { code: 'STOPPED', params: {}, text }, since: now() };
  }
  get(): Health {
    return this.#health;
  }

  /** Returns true when something changed. */
  set(state: PartState, reason: Reason | string, nextTry?: Micros): boolean {
    const full: Reason = typeof reason === 'string' ? { code: state.toUpperCase(), params: {}, text: reason } : reason;
    const same = this.#health.state === state && this.#health.reason.text === full.text;
    if (same && this.#health.nextTry === nextTry) {
      this.#health = { ...this.#health, reason: full };
      return false;
    }
    const since = this.#health.state === state && this.#health.reason.code === full.code ? this.#health.since : this.#now();
    this.#health = nextTry === undefined ? { state, reason: full, since } : { state, reason: full, since, nextTry };
    return !same;
  }
}
