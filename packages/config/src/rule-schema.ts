import Type from 'typebox';
import type { Static } from 'typebox';
import { count, description, live, strict, ui } from './schema-parts.ts';

export type RuleAction =
  | { historian: string }
  | { republish: { topic: string; payload?: string; qos?: 0 | 1 | 2; retain?: boolean } }
  | { console: true };

const Republish = Type.Object(
  {
    topic: Type.String({
      title: 'Topic',
      description: 'Where the result is published; ${…} takes parts of the result.',
      minLength: 1,
      maxLength: 1024,
      ...live,
      ...ui({ widget: 'topic' }),
    }),
    payload: Type.Optional(
      Type.String({
        title: 'Payload',
        description: 'Text with ${…}; the whole result as JSON when absent.',
        maxLength: 1_000_000,
        ...live,
      }),
    ),
    qos: Type.Optional(
      Type.Unsafe<0 | 1 | 2>({
        type: 'integer',
        enum: [0, 1, 2],
        enumDescriptions: ['0, at most once', '1, at least once', '2, exactly once'],
        ...count,
        title: 'QoS',
        description: 'Quality of service of the message.',
        default: 0,
        ...live,
      }),
    ),
    retain: Type.Optional(
      Type.Boolean({ title: 'Retain', description: "Keeps the message as the topic's retained one.", default: false, ...live }),
    ),
  },
  { ...strict, title: 'Republish', description: 'Publishes the result.', ...live },
);

const actionKeys = ['historian', 'republish', 'console'] as const;
const Action = Type.Unsafe<RuleAction>({
  ...Type.Object(
    {
      historian: Type.Optional(
        Type.String({
          title: 'Historian',
          description: 'An INSERT with ${…} for parts of the result.',
          minLength: 1,
          maxLength: 100_000,
          ...live,
          ...ui({ widget: 'code-sql' }),
        }),
      ),
      republish: Type.Optional(Republish),
      console: Type.Optional(
        Type.Literal(true, { title: 'Console', description: 'Writes the result to the log.', expects: 'true', ...live }),
      ),
    },
    strict,
  ),
  oneOf: actionKeys.map((key) => ({ required: [key] })),
  title: 'Action',
  description: 'What happens with a result.',
  ...live,
});

/** `rules.*` of a hub file. */
export const Rule = Type.Object(
  {
    sql: Type.String({
      title: 'SQL',
      description: 'SELECT … FROM "topic/filter" WHERE …',
      minLength: 1,
      maxLength: 100_000,
      ...live,
      ...ui({ widget: 'code-sql' }),
    }),
    description,
    enabled: Type.Optional(
      Type.Boolean({ title: 'Enabled', description: 'false leaves the rule in the file and out of the way.', default: true, ...live }),
    ),
    actions: Type.Array(Action, {
      title: 'Actions',
      description: 'What happens with each result, in this order.',
      default: [],
      maxItems: 100,
      ...live,
    }),
  },
  { ...strict, title: 'Rule', description: 'SQL over messages, and what happens with each result.', ...live },
);

export type RuleConfig = Static<typeof Rule>;
