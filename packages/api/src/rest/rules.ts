import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import type { RuleStatus } from '@omh/hub';
import { testRule } from '@omh/rules';
import { problemResponses } from '../problem.ts';
import { AnyJson, PartStateWord, ReasonSchema, StrictObject, Time } from '../schemas.ts';

const Json = Type.Unsafe<unknown>({ description: 'A JSON value.' });
export const RuleRow = Type.Object({
  name: Type.String(),
  sql: Type.String(),
  description: Type.Optional(Type.String()),
  state: PartStateWord,
  reason: ReasonSchema,
  matched: Type.Number(),
  passed: Type.Number(),
  failed: Type.Number(),
  noResult: Type.Number(),
  actions: Type.Array(
    Type.Object({
      kind: Type.Unsafe<'historian' | 'republish' | 'console'>({ type: 'string', enum: ['historian', 'republish', 'console'] }),
      text: Type.String(),
      success: Type.Number(),
      failed: Type.Number(),
      pending: Type.Number(),
      lastError: Type.Optional(ReasonSchema),
    }),
  ),
  lastOutput: Type.Optional(Type.Object({ at: Time, value: Json })),
  lastError: Type.Optional(Type.Object({ at: Time, reason: ReasonSchema })),
});
export type RuleRow = Static<typeof RuleRow>;
export const RulesAnswer = Type.Object({ rules: Type.Array(RuleRow) });
export type RulesAnswer = Static<typeof RulesAnswer>;

export const RuleTestBody = StrictObject({
  sql: Type.String({ maxLength: 100_000 }),
  topic: Type.String({ maxLength: 65_535 }),
  payload: Type.Unsafe<unknown>({ description: 'Text as it would arrive, or a JSON value that stands for its text.' }),
});
export type RuleTestBody = Static<typeof RuleTestBody>;
export const RuleTestAnswer = Type.Object({
  outputs: Type.Optional(Type.Array(AnyJson)),
  because: Type.Optional(Type.String({ description: 'Why nothing comes out.' })),
  error: Type.Optional(Type.Object({ line: Type.Integer(), column: Type.Integer(), message: Type.String() })),
});
export type RuleTestAnswer = { outputs: unknown[]; because?: string } | { error: { line: number; column: number; message: string } };

const reasonToJson = (r: RuleStatus['reason']): Static<typeof ReasonSchema> => ({ code: r.code, params: { ...r.params }, text: r.text });

export function ruleToJson(rule: RuleStatus): RuleRow {
  const { lastOutput, lastError, actions, reason, ...rest } = rule;
  return {
    ...rest,
    reason: reasonToJson(reason),
    actions: actions.map(({ lastError: e, ...a }) => ({ ...a, ...(e ? { lastError: reasonToJson(e) } : {}) })),
    ...(lastOutput ? { lastOutput: { at: rfc3339(lastOutput.at), value: lastOutput.value } } : {}),
    ...(lastError ? { lastError: { at: rfc3339(lastError.at), reason: reasonToJson(lastError.reason) } } : {}),
  };
}

export function registerRules(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/rules',
    {
      config: { permission: 'rules.read' },
      schema: {
        operationId: 'getRules',
        tags: ['rules'],
        summary: 'Rules with their counters.',
        response: { 200: RulesAnswer, ...problemResponses },
      },
    },
    async () => ({ rules: hub.rules().map(ruleToJson) }),
  );

  app.post(
    '/api/v1/rules/test',
    {
      config: { permission: 'rules.test', audit: false },
      schema: {
        operationId: 'testRule',
        tags: ['rules'],
        summary: 'Runs rule SQL on one message without any action.',
        body: RuleTestBody,
        response: { 200: RuleTestAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { sql, topic, payload } = request.body;
      return testRule({ sql, topic, payload: typeof payload === 'string' ? payload : JSON.stringify(payload ?? null) }) as Static<
        typeof RuleTestAnswer
      >;
    },
  );
}
