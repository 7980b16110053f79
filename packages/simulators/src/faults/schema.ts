import type { JsonSchema } from '@omh/core';
import Type from 'typebox';
import type { TSchema } from 'typebox';
import { choice, duration, integer, maybe, number, restart, strict, variants } from '../schema-parts.ts';

export const areaChoice = choice(['Area', 'coil, discrete, input or holding.'], ['coil', 'discrete', 'input', 'holding']);
export const point = (title: string, description: string) => integer([title, description], { minimum: 0, maximum: 65535 });
export const exceptionCode = integer(['Code', 'Exception code of the refusal.'], { minimum: 1, maximum: 255, default: 2 });
export const holeRule = choice(
  ['Rule', 'any: a request that touches the range · all: one that asks for nothing else · straddle: one that asks for a part of it.'],
  ['any', 'all', 'straddle'],
  { default: 'any' },
);

const when = {
  fault: Type.String({ title: 'Fault', description: 'What goes wrong.', ...restart }),
  at: maybe(
    duration(['At', 'When it begins, from the start of the simulator, or from now where it is switched on later; at once when absent.']),
  ),
  for: maybe(duration(['For', 'How long; for good when absent.'])),
  every: maybe(duration(['Every', 'Again after this time.'])),
};
const unit = maybe(integer(['Unit', 'Only this unit.'], { minimum: 0, maximum: 255 }));
const points = {
  area: maybe(areaChoice),
  from: maybe(point('From', 'Only addresses from here on, as on the wire.')),
  to: maybe(point('To', 'Last of these addresses; the first when absent.')),
};
/** What narrows a fault, by what it goes wrong with. */
const scopes = {
  requests: {
    ...when,
    unit,
    function: maybe(integer(['Function', 'Only requests of this function code.'], { minimum: 1, maximum: 127 })),
    ...points,
    share: maybe(number(['Share', 'How many of the requests, 0 to 1.'], { minimum: 0, maximum: 1 })),
  },
  values: { ...when, unit, ...points },
  clock: { ...when, unit },
  connections: when,
} as const;
type Scope = keyof typeof scopes;

interface Kind {
  /** What the device does. */
  readonly about: string;
  /** What a client that is well made makes of it. */
  readonly effect: string;
  readonly schema: TSchema;
}
const fault = (about: string, effect: string, properties: Record<string, TSchema> = {}, scope: Scope = 'requests'): Kind => ({
  about,
  effect,
  schema: Type.Object({ ...scopes[scope], ...properties }, { ...strict, title: 'Fault', description: about, ...restart }),
});
const bytes = (description: string, fallback: number) =>
  maybe(integer(['Bytes', description], { minimum: 1, maximum: 260, default: fallback }));

const kinds = new Map<string, Kind>([
  [
    'silent',
    fault(
      'Requests are taken and never answered.',
      'Requests time out. The last values stay, uncertain and then bad with the reason, until an answer comes.',
    ),
  ],
  [
    'slow',
    fault('Answers take longer.', 'Cycles overrun and values grow older; past the time-out of the device it counts as silent.', {
      delay: duration(['Delay', 'How much longer.']),
      jitter: maybe(duration(['Jitter', 'At most so much more at random.'])),
    }),
  ],
  [
    'late',
    fault(
      'Answers come late, after those to later requests.',
      'Each answer goes to its own request by its number; one past the time-out is dropped.',
      {
        delay: duration(['Delay', 'How late.']),
      },
    ),
  ],
  [
    'refuse',
    fault(
      'Requests are refused with an exception.',
      'The device stays connected. The refused range is found and left out; only its tags are bad, with the reason, and it is tried again now and then.',
      { code: maybe(exceptionCode), rule: maybe(holeRule) },
    ),
  ],
  [
    'busy',
    fault(
      'Requests are answered by "busy", exception 6.',
      'The device stays connected and is asked again; meanwhile its tags are not good.',
    ),
  ],
  [
    'gateway',
    fault(
      'Requests are answered as by a gateway without the device behind it.',
      'The connection stays; the tags of this unit are bad with the reason, other units go on.',
      { code: maybe(choice(['Code', '10: no path · 11: no answer.'], [10, 11], { type: 'integer', default: 11, unit: '1' })) },
    ),
  ],
  [
    'reset',
    fault('A request is answered by a TCP reset.', 'The link is lost and made again, with longer and longer waits between the tries.'),
  ],
  [
    'half-open',
    fault(
      'Connections are neither read nor answered nor closed.',
      'Looks like silence: requests time out, and the driver itself gives the dead connection up and tries a new one.',
      {},
      'connections',
    ),
  ],
  [
    'refuse-connections',
    fault(
      'New connections are refused.',
      'A connection that stands goes on; a lost one cannot come back before this ends.',
      {},
      'connections',
    ),
  ],
  [
    'wrong-transaction',
    fault(
      'Answers carry a wrong transaction number.',
      'They are dropped and counted, never taken for another answer; for the driver the device is silent.',
    ),
  ],
  [
    'wrong-unit',
    fault(
      'Answers carry a wrong unit.',
      'They are dropped, never taken for the answer of another unit; for the driver the device is silent.',
    ),
  ],
  [
    'wrong-count',
    fault('Answers to reads announce two bytes more than they bring.', 'They are not taken as values; the requests fail with the reason.'),
  ],
  [
    'split',
    fault('Answers come in pieces.', 'Nothing is lost: the pieces are put together.', {
      bytes: bytes('Bytes of a piece.', 1),
      pause: maybe(duration(['Pause', 'Time between two pieces.'], { default: '1ms' })),
    }),
  ],
  [
    'glue',
    fault('Two answers come in one piece.', 'Nothing is lost: each answer is taken by itself.', {
      wait: maybe(duration(['Wait', 'How long the first waits for the second.'], { default: '50ms' })),
    }),
  ],
  [
    'garbage',
    fault('Random bytes come.', 'The connection is given up as no Modbus and made again; no wrong value gets through.', {
      bytes: bytes('How many.', 20),
      mode: maybe(choice(['Mode', 'Instead of the answer, before or after it.'], ['instead', 'before', 'after'], { default: 'instead' })),
    }),
  ],
  [
    'truncate',
    fault(
      'The end of answers is missing.',
      'The answer is never whole: the request times out, and what comes next ends the connection as no Modbus.',
      { bytes: bytes('How many bytes.', 3) },
    ),
  ],
  ['stuck', fault('Values stay as they are.', 'Nothing is wrong on the wire: the values stay good and stand still.', {}, 'values')],
  [
    'clock',
    fault(
      'Clock signals are wrong.',
      'Values that carry the time of the device are off; the time-stamps of the hub are its own and stay right.',
      {
        mode: maybe(choice(['Mode', 'The clock stands still, or is off.'], ['freeze', 'jump'], { default: 'freeze' })),
        by: maybe(
          duration(['By', 'How far it is off; -1h for slow.'], {
            pattern: '^-?\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$',
            expects: 'a duration like 1h or -1h',
            default: '1h',
          }),
        ),
      },
      'clock',
    ),
  ],
]);

export const faultSchema = variants('fault', ['Fault', 'What goes wrong.'], kinds, {
  title: 'Fault',
  description: 'Something that goes wrong.',
});
export const faultKinds: readonly string[] = [...kinds.keys()];
/** Each kind of fault with what it does, and the schema of its settings. */
export const faultCatalogue: readonly {
  readonly fault: string;
  readonly about: string;
  readonly effect: string;
  readonly settings: JsonSchema;
}[] = [...kinds].map(([kind, { about, effect, schema }]) => ({ fault: kind, about, effect, settings: schema as unknown as JsonSchema }));
