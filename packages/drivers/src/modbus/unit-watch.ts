import { Quality, type Clock, type Reason } from '@omh/core';
import { errors } from '../errors.ts';
import type { ModbusLink } from './link.ts';
import type { ResolvedSettings } from './settings.ts';

interface State {
  /** Cycles in a row without an answer. */
  cycles: number;
  /** Monotonic; cycles that overlap count as one. */
  countedAtMs: number;
  /** Monotonic end of its rest; 0 while it is asked. */
  restUntilMs: number;
  reason: Reason | undefined;
  /** The line's number of revivals when its rest began. */
  revivals: number;
}

/**
 * Units that do not answer. One that owes its last answer is asked once before the rest of its requests goes out; one that let
 * `degradeAfter` cycles pass is left alone for `degradeFor`, so that it costs the others on the line nothing. Where nothing on the line
 * answers there are no others: then they are asked in turn, and all of them once the line is back.
 */
export class UnitWatch {
  readonly quality = Quality.badTimeout;
  readonly #device: string;
  readonly #clock: Clock;
  readonly #settings: ResolvedSettings;
  readonly #line: Pick<ModbusLink, 'place' | 'silence'>;
  #deaf: Reason | undefined;
  readonly #units = new Map<number, State>();

  constructor(device: string, clock: Clock, settings: ResolvedSettings, line: Pick<ModbusLink, 'place' | 'silence'>) {
    this.#device = device;
    this.#clock = clock;
    this.#settings = settings;
    this.#line = line;
  }

  /** Units that owe an answer; zero is the common case. */
  get size(): number {
    return this.#units.size;
  }
  /** The unit's last request got no answer. */
  has(unit: number): boolean {
    return this.#units.has(unit);
  }
  /** The unit answers. */
  delete(unit: number): void {
    this.#units.delete(unit);
  }
  clear(): void {
    this.#units.clear();
  }

  /** A request of a cycle that began at `startedMs` (monotonic) got no answer. */
  silent(unit: number, startedMs: number): void {
    const { degradeAfter, degradeForMs } = this.#settings;
    const now = this.#clock.monotonicMs();
    let state = this.#units.get(unit);
    if (state === undefined) {
      state = { cycles: 0, countedAtMs: Number.NEGATIVE_INFINITY, restUntilMs: 0, reason: undefined, revivals: 0 };
      this.#units.set(unit, state);
    }
    if (startedMs < state.countedAtMs) return;
    state.countedAtMs = now;
    state.cycles++;
    if (degradeAfter === 0 || state.cycles < degradeAfter) return;
    state.restUntilMs = now + degradeForMs;
    state.revivals = this.#line.silence?.revivals ?? 0;
    const at = new Date((this.#clock.now() + degradeForMs * 1000) / 1000).toISOString().slice(0, 19);
    state.reason = errors.DRIVERS_MODBUS_UNIT_RESTS({ unit, device: this.#device, cycles: state.cycles, at: `${at}Z` }).reason();
  }

  /** Why the unit is not asked now; undefined when it is. Once its rest is over one cycle may ask, and the others wait for it. */
  resting(unit: number): Reason | undefined {
    const state = this.#units.get(unit);
    if (state === undefined || this.#clock.monotonicMs() >= state.restUntilMs) return undefined;
    const { place = this.#device, silence } = this.#line;
    const isDeaf = silence?.isDeaf === true;
    if (silence !== undefined && (state.revivals !== silence.revivals || (isDeaf && silence.takesTry()))) {
      state.restUntilMs = 0;
      return undefined;
    }
    if (!isDeaf) return state.reason;
    if (this.#deaf?.params['place'] !== place) this.#deaf = errors.DRIVERS_MODBUS_LINE_SILENT({ place }).reason();
    return this.#deaf;
  }
}
