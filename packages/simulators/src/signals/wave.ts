import { formatDuration, parseDurationMs } from '@omh/core';
import { chance } from './chance.ts';
import type { SignalKind, SignalOf } from './config.ts';

/** A signal that is known at any time without what was before. */
export interface Wave {
  /** One sentence: what the value does. */
  readonly text: string;
  /** Value of entry `i` at `ms` of the device's time; the wall clock of the device is `wallMs`. */
  at(ms: number, i: number, wallMs: number): number;
}

export const durationMs = (text: string): number => parseDurationMs(text) ?? 1000;

/** Entries of an array stand evenly over the period. */
const turn = (ms: number, period: number, phase: number, i: number, count: number): number => {
  const turns = ms / period + phase + i / count;
  return turns - Math.floor(turns);
};

export function sine(s: SignalOf<'sine'>, seed: number): Wave {
  const { mean = 0, amplitude = 1, phase = 0, noise = 0, count = 1 } = s;
  const period = durationMs(s.period);
  return {
    text: `A sine around ${mean}, ${amplitude} up and down, once in ${formatDuration(period)}${noise === 0 ? '' : `, with noise of up to ${noise}`}.`,
    at(ms, i) {
      const wave = mean + amplitude * Math.sin(2 * Math.PI * turn(ms, period, phase, i, count));
      return noise === 0 ? wave : wave + noise * (2 * chance(seed + i, Math.floor(ms / 10)) - 1);
    },
  };
}

export function slope(s: SignalOf<'ramp' | 'saw' | 'triangle'>): Wave {
  const { from = 0, to, signal, count = 1 } = s;
  const period = durationMs(s.period);
  const time = formatDuration(period);
  switch (signal) {
    case 'ramp':
      return { text: `From ${from} to ${to} in ${time}; it stays there.`, at: (ms) => from + (to - from) * Math.min(1, ms / period) };
    case 'saw':
      return {
        text: `From ${from} to ${to} in ${time}, then from the beginning.`,
        at: (ms, i) => from + (to - from) * turn(ms, period, 0, i, count),
      };
    case 'triangle':
      return {
        text: `From ${from} to ${to} and back in ${time}.`,
        at: (ms, i) => from + (to - from) * (1 - Math.abs(2 * turn(ms, period, 0, i, count) - 1)),
      };
  }
}

export function square(s: SignalOf<'square'>): Wave {
  const { low = 0, high = 1, duty = 0.5, count = 1 } = s;
  const period = durationMs(s.period);
  return {
    text: `${high} for ${Math.round(duty * 100)} % of ${formatDuration(period)}, else ${low}.`,
    at: (ms, i) => (turn(ms, period, 0, i, count) < duty ? high : low),
  };
}

const span = (ms: number): string => (ms === 1000 ? 'every second' : `every ${formatDuration(ms)}`);

/** Whole numbers where the type has no fraction: both ends are as likely as the rest. */
export function random(s: SignalOf<'random'>, seed: number, whole: boolean): Wave {
  const { min, max } = s;
  const every = durationMs(s.every ?? '1s');
  return {
    text: `A new random ${whole ? 'whole ' : ''}number from ${min} to ${max} ${span(every)}.`,
    at(ms, i) {
      const part = chance(seed + i * 7919, Math.floor(ms / every));
      return whole ? min + Math.floor(part * (max - min + 1)) : min + part * (max - min);
    },
  };
}

export function counter(s: SignalOf<'counter'>): Wave {
  const { start = 0, step = 1, limit } = s;
  const every = durationMs(s.every ?? '1s');
  return {
    text: `${step} more ${span(every)}${limit === undefined ? '' : `, from ${start} again past ${limit}`}.`,
    at(ms) {
      const steps = Math.floor(ms / every);
      if (limit === undefined || step === 0) return start + steps * step;
      const round = Math.floor(Math.abs((limit - start) / step)) + 1;
      return start + (steps % round) * step;
    },
  };
}

export function replay(s: SignalOf<'csv'>, values: readonly number[]): Wave {
  const every = durationMs(s.every ?? '1s');
  const loop = s.loop ?? true;
  return {
    text: `Column ${s.column} of ${s.file}, a row ${span(every)}${loop ? ', again and again' : '; the last one stays'}.`,
    at(ms, i) {
      const row = Math.floor(ms / every) + i;
      return values[loop ? row % values.length : Math.min(row, values.length - 1)]!;
    },
  };
}

export function wallClock(s: SignalOf<'clock'>): Wave {
  const unit = s.resolution ?? 's';
  return {
    text: `The device's clock in ${unit === 's' ? 'seconds' : 'milliseconds'} since 1970.`,
    at: (_ms, _i, wallMs) => Math.floor(unit === 's' ? wallMs / 1000 : wallMs),
  };
}

/** The kinds that are waves; the others are steps or stay. */
export const waveKinds: ReadonlySet<SignalKind> = new Set([
  'sine',
  'ramp',
  'saw',
  'triangle',
  'square',
  'random',
  'counter',
  'csv',
  'clock',
]);
