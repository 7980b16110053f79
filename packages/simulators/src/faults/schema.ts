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

const frame = {
  fault: Type.String({ title: 'Fault', description: 'What goes wrong.', ...restart }),
  at: maybe(duration(['At', 'When it begins, from the start of the simulator; at once when absent.'])),
  for: maybe(duration(['For', 'How long; for good when absent.'])),
  every: maybe(duration(['Every', 'Again after this time.'])),
  unit: maybe(integer(['Unit', 'Only requests to this unit.'], { minimum: 0, maximum: 255 })),
  function: maybe(integer(['Function', 'Only requests of this function code.'], { minimum: 1, maximum: 127 })),
  area: maybe(areaChoice),
  from: maybe(point('From', 'Only requests for addresses from here on, as on the wire.')),
  to: maybe(point('To', 'Last of these addresses; the first when absent.')),
  share: maybe(number(['Share', 'How many of the requests, 0 to 1.'], { minimum: 0, maximum: 1 })),
};
const fault = (about: string, properties: Record<string, TSchema> = {}) => ({
  about,
  schema: Type.Object({ ...frame, ...properties }, { ...strict, title: 'Fault', description: about, ...restart }),
});
const bytes = (description: string, fallback: number) =>
  maybe(integer(['Bytes', description], { minimum: 1, maximum: 260, default: fallback }));

const kinds = new Map<string, ReturnType<typeof fault>>([
  ['refuse', fault('Requests are refused with an exception.', { code: maybe(exceptionCode), rule: maybe(holeRule) })],
  ['busy', fault('Requests are answered by "busy", exception 6.')],
  [
    'gateway',
    fault('Requests are answered as by a gateway without the device behind it.', {
      code: maybe(choice(['Code', '10: no path · 11: no answer.'], [10, 11], { default: 11, unit: '1' })),
    }),
  ],
  ['silent', fault('Requests are taken and never answered.')],
  ['reset', fault('A request is answered by a TCP reset.')],
  ['half-open', fault('Connections are neither read nor answered nor closed.')],
  ['refuse-connections', fault('New connections are refused.')],
  [
    'slow',
    fault('Answers take longer.', {
      delay: duration(['Delay', 'How much longer.']),
      jitter: maybe(duration(['Jitter', 'At most so much more at random.'])),
    }),
  ],
  ['late', fault('Answers come late, after those to later requests.', { delay: duration(['Delay', 'How late.']) })],
  [
    'split',
    fault('Answers come in pieces.', {
      bytes: bytes('Bytes of a piece.', 1),
      pause: maybe(duration(['Pause', 'Time between two pieces.'], { default: '1ms' })),
    }),
  ],
  [
    'glue',
    fault('Two answers come in one piece.', {
      wait: maybe(duration(['Wait', 'How long the first waits for the second.'], { default: '50ms' })),
    }),
  ],
  [
    'garbage',
    fault('Random bytes come.', {
      bytes: bytes('How many.', 20),
      mode: maybe(choice(['Mode', 'Instead of the answer, before or after it.'], ['instead', 'before', 'after'], { default: 'instead' })),
    }),
  ],
  ['truncate', fault('The end of answers is missing.', { bytes: bytes('How many bytes.', 3) })],
  ['wrong-transaction', fault('Answers carry a wrong transaction number.')],
  ['wrong-unit', fault('Answers carry a wrong unit.')],
  ['wrong-count', fault('Answers to reads announce two bytes more than they bring.')],
  ['stuck', fault('Values stay as they are.')],
  [
    'clock',
    fault('Clock signals are wrong.', {
      mode: maybe(choice(['Mode', 'The clock stands still, or is off.'], ['freeze', 'jump'], { default: 'freeze' })),
      by: maybe(
        duration(['By', 'How far it is off; -1h for slow.'], {
          pattern: '^-?\\d+(\\.\\d+)?\\s*(us|ms|s|min|m|h|d|w)$',
          expects: 'a duration like 1h or -1h',
          default: '1h',
        }),
      ),
    }),
  ],
]);

export const faultSchema = variants('fault', ['Fault', 'What goes wrong.'], kinds, {
  title: 'Fault',
  description: 'Something that goes wrong.',
});
export const faultKinds: readonly string[] = [...kinds.keys()];
