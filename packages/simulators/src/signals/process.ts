import { formatDuration } from '@omh/core';
import { chance } from './chance.ts';
import type { Input, SignalOf } from './config.ts';
import { durationMs } from './wave.ts';

/** Steps of physics have this length, whenever a request comes: what is read does not depend on who reads. */
export const stepMs = 50;

/** Present value of an input. */
export type Read = (input: Input) => number;

/** A signal that follows from what was before. */
export interface Process {
  readonly text: string;
  /** One step of {@link stepMs}, the `n`th from 1 on. */
  step(n: number, read: Read): void;
  value(): number;
  /** Further points it drives, by the key of the configuration that places them. */
  readonly outputs?: Readonly<Record<string, () => boolean>>;
}

export function randomWalk(s: SignalOf<'random-walk'>, seed: number): Process {
  const { min, max, step, start = (min + max) / 2 } = s;
  const every = durationMs(s.every ?? '1s');
  let value = start;
  let walked = 0;
  return {
    text: `A random walk between ${min} and ${max}, at most ${step} each ${formatDuration(every)}.`,
    step(n) {
      const due = Math.floor((n * stepMs) / every);
      for (; walked < due; walked++) {
        value += step * (2 * chance(seed, walked) - 1);
        // A wall turns the walk back instead of holding it there.
        if (value > max) value = Math.max(min, 2 * max - value);
        else if (value < min) value = Math.min(max, 2 * min - value);
      }
    },
    value: () => value,
  };
}

export function lag(s: SignalOf<'lag'>): Process {
  const { input, gain = 1 } = s;
  const tau = durationMs(s.tau);
  const share = 1 - Math.exp(-stepMs / tau);
  let value = s.start ?? 0;
  return {
    text: `Follows ${typeof input === 'string' ? input : gain * input}${gain === 1 || typeof input === 'number' ? '' : ` × ${gain}`} with a lag of ${formatDuration(tau)}.`,
    step(_n, read) {
      value += (read(input) * gain - value) * share;
    },
    value: () => value,
  };
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** `inflow` and `outflow` per second, each times its valve from 0 to 1. */
export function tank(s: SignalOf<'tank'>): Process {
  const { capacity, inflow, outflow = 0, valve = 1, drain = 1 } = s;
  const { low = capacity * 0.1, high = capacity * 0.9 } = s;
  let level = s.start ?? 0;
  return {
    text: `Level of a tank of ${capacity}: ${inflow} flows in${valve === 1 ? '' : ` through ${valve}`}, ${outflow} out${drain === 1 ? '' : ` through ${drain}`}.`,
    step(_n, read) {
      const flow = read(inflow) * clamp(read(valve), 0, 1) - read(outflow) * clamp(read(drain), 0, 1);
      level = clamp(level + (flow * stepMs) / 1000, 0, capacity);
    },
    value: () => level,
    outputs: { lowAlarm: () => level <= low, highAlarm: () => level >= high },
  };
}

/** Heats towards `ambient + power` and cools towards `ambient`; with a setpoint a thermostat switches it. */
export function heater(s: SignalOf<'heater'>): Process {
  const { power, ambient = 20, setpoint, hysteresis = 1 } = s;
  const tau = durationMs(s.tau);
  const share = 1 - Math.exp(-stepMs / tau);
  let temperature = s.start ?? (typeof ambient === 'number' ? ambient : 20);
  let on = setpoint === undefined;
  return {
    text: `A temperature that heats by ${power} above ${ambient} with a lag of ${formatDuration(tau)}${setpoint === undefined ? '' : `, held at ${setpoint} within ${hysteresis}`}.`,
    step(_n, read) {
      if (setpoint !== undefined) {
        const wanted = read(setpoint);
        if (temperature <= wanted - hysteresis / 2) on = true;
        else if (temperature >= wanted + hysteresis / 2) on = false;
      }
      const target = read(ambient) + (on ? read(power) : 0);
      temperature += (target - temperature) * share;
    },
    value: () => temperature,
    outputs: { heating: () => on },
  };
}
