import { dataTypes } from '@omh/core';
import Type from 'typebox';
import type { TSchema } from 'typebox';
import { choice, duration, flag, input, integer, maybe, number, place, restart, strict, text, variants } from '../schema-parts.ts';

const placed = {
  signal: Type.String({ title: 'Signal', description: 'What the value does.', ...restart }),
  at: place(['Address', 'Where it stands, as in a tag without the unit: 40001, 40010#LL, 40020.12H, "00001".']),
  name: maybe(text(['Name', 'What other signals and people call it; the address when absent.'], { maxLength: 200 })),
  type: maybe(choice(['Type', 'How the value stands in the registers; uint16 when absent, in a bit area bit.'], dataTypes)),
  count: maybe(integer(['Count', 'Values of the same kind one after the other.'], { minimum: 1, maximum: 65536 })),
  decimal: maybe(number(['Decimal', 'Value = raw × decimal + bias.'], { default: 1, not: { const: 0 } })),
  bias: maybe(number(['Bias', 'Value = raw × decimal + bias.'], { default: 0 })),
};
const signal = (about: string, properties: Record<string, TSchema>) => ({
  about,
  schema: Type.Object({ ...placed, ...properties }, { ...strict, title: 'Signal', description: about, ...restart }),
});

const period = duration(['Period', 'Time of one turn.']);
const every = maybe(duration(['Every', 'Time from one value to the next.'], { default: '1s' }));
const from = maybe(number(['From', 'First value.'], { default: 0 }));
const to = number(['To', 'Last value.']);
const min = number(['Smallest', 'Smallest value.']);
const max = number(['Largest', 'Largest value.']);
const start = maybe(number(['Start', 'Value at the start.']));
const tau = duration(['Time constant', 'After this time 63 % of the way is gone.']);
const bitPlace = (what: string) =>
  maybe(place(['Address', `Coil or discrete input that is on while ${what}, e.g. "10001".`], { type: 'string' }));
const slope = (about: string) => signal(about, { from, to, period });

const kinds = new Map<string, ReturnType<typeof signal>>([
  [
    'constant',
    signal('Stays, and takes what is written.', {
      value: Type.Unsafe<unknown>({
        type: ['number', 'string', 'boolean', 'array'],
        title: 'Value',
        description:
          'A value of its type: number, text, true or false, bytes as hexadecimal digits; with count a list of them, or one for all.',
        expects: 'a number, a text, true or false, or a list of them',
        unit: '1',
        maxItems: 65536,
        ...restart,
      }),
    }),
  ],
  [
    'sine',
    signal('A sine.', {
      mean: maybe(number(['Mean', 'Around this value.'], { default: 0 })),
      amplitude: maybe(number(['Amplitude', 'As far up and down.'], { default: 1 })),
      period,
      phase: maybe(number(['Phase', 'Where the turn begins, 0 to 1.'], { minimum: 0, maximum: 1, default: 0 })),
      noise: maybe(number(['Noise', 'At most so much more or less at random.'], { minimum: 0, default: 0 })),
    }),
  ],
  ['ramp', slope('From one value to another, where it stays.')],
  ['saw', slope('From one value to another, again and again.')],
  ['triangle', slope('From one value to another and back.')],
  [
    'square',
    signal('One value, then the other.', {
      low: maybe(number(['Low', 'The second value.'], { default: 0 })),
      high: maybe(number(['High', 'The first value.'], { default: 1 })),
      period,
      duty: maybe(number(['Duty', 'Share of the period with the first value.'], { minimum: 0, maximum: 1, default: 0.5 })),
    }),
  ],
  ['random', signal('Any value between two.', { min, max, every })],
  [
    'random-walk',
    signal('Wanders between two values.', {
      start,
      min,
      max,
      step: number(['Step', 'Farthest it goes at once.'], { exclusiveMinimum: 0 }),
      every,
    }),
  ],
  [
    'counter',
    signal('Counts.', {
      start,
      step: maybe(number(['Step', 'How much more each time.'], { default: 1 })),
      every,
      limit: maybe(number(['Limit', 'Past it the count begins again.'])),
    }),
  ],
  [
    'csv',
    signal('Replays a recording.', {
      file: text(['File', 'CSV file with a heading, from the folder of this file.']),
      column: text(['Column', 'Heading of the column.']),
      every,
      loop: maybe(flag(['Loop', 'Begins again at the end.'], { default: true })),
    }),
  ],
  [
    'clock',
    signal("The device's clock.", {
      resolution: maybe(choice(['Resolution', 'Seconds or milliseconds since 1970.'], ['s', 'ms'], { default: 's' })),
    }),
  ],
  [
    'lag',
    signal('Follows another value slowly.', {
      input: input(['Input', 'What it follows.']),
      gain: maybe(number(['Gain', 'Times the input.'], { default: 1 })),
      tau,
      start,
    }),
  ],
  [
    'tank',
    signal('Level of a tank.', {
      capacity: number(['Capacity', 'Level at which it is full.'], { exclusiveMinimum: 0 }),
      start,
      inflow: input(['Inflow', 'Level per second that flows in.']),
      valve: maybe(input(['Valve', 'Share of the inflow, 0 to 1; a coil opens and closes it.'])),
      outflow: maybe(input(['Outflow', 'Level per second that flows out.'])),
      drain: maybe(input(['Drain', 'Share of the outflow, 0 to 1.'])),
      low: maybe(number(['Low', 'At and below this level the low alarm is on; a tenth of the capacity when absent.'])),
      high: maybe(number(['High', 'At and above this level the high alarm is on; nine tenths when absent.'])),
      lowAlarm: bitPlace('the level is low'),
      highAlarm: bitPlace('the level is high'),
    }),
  ],
  [
    'heater',
    signal('Temperature of something that is heated.', {
      power: input(['Power', 'Degrees above ambient that it reaches.']),
      ambient: maybe(input(['Ambient', 'Temperature without heating; 20 when absent.'])),
      tau,
      start,
      setpoint: maybe(input(['Setpoint', 'A thermostat holds this temperature; without it the heater is always on.'])),
      hysteresis: maybe(number(['Hysteresis', 'Between switching on and off.'], { exclusiveMinimum: 0, default: 1 })),
      heating: bitPlace('it heats'),
    }),
  ],
]);

export const signalSchema = variants('signal', ['Signal', 'What the value does.'], kinds, {
  title: 'Signal',
  description: 'A value that moves.',
});
