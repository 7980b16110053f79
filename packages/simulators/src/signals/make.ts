import { seedOf } from './chance.ts';
import type { SignalConfig } from './config.ts';
import { heater, lag, randomWalk, tank, type Process } from './process.ts';
import { counter, random, replay, sine, slope, square, wallClock, type Wave } from './wave.ts';

export type Source = { readonly wave: Wave } | { readonly process: Process } | { readonly text: string };

/** What moves a signal. `column` gives the numbers of a column of a CSV file. */
export function sourceOf(
  config: SignalConfig,
  name: string,
  seed: number,
  whole: boolean,
  column: (file: string, column: string) => readonly number[],
): Source {
  const own = seedOf(seed, name);
  switch (config.signal) {
    case 'constant':
      return { text: 'Stays as it is written.' };
    case 'sine':
      return { wave: sine(config, own) };
    case 'ramp':
    case 'saw':
    case 'triangle':
      return { wave: slope(config) };
    case 'square':
      return { wave: square(config) };
    case 'random':
      return { wave: random(config, own, whole) };
    case 'counter':
      return { wave: counter(config) };
    case 'csv':
      return { wave: replay(config, column(config.file, config.column)) };
    case 'clock':
      return { wave: wallClock(config) };
    case 'random-walk':
      return { process: randomWalk(config, own) };
    case 'lag':
      return { process: lag(config) };
    case 'tank':
      return { process: tank(config) };
    case 'heater':
      return { process: heater(config) };
  }
}

/** The names of other signals that a configuration reads, with the key that names them. */
export function inputsOf(config: SignalConfig): { readonly key: string; readonly name: string }[] {
  const keys = { lag: ['input'], tank: ['inflow', 'valve', 'outflow', 'drain'], heater: ['power', 'ambient', 'setpoint'] } as const;
  const own: readonly string[] = config.signal in keys ? keys[config.signal as keyof typeof keys] : [];
  return own.flatMap((key) => {
    const name = (config as unknown as Record<string, unknown>)[key];
    return typeof name === 'string' ? [{ key, name }] : [];
  });
}

/** Keys that place a further point, driven by the process. */
export const outputKeys = ['lowAlarm', 'highAlarm', 'heating'] as const;
