import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { expandMacros } from '@omh/dashboards';
import { msFromMicros, type SqlResult } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { instantMs } from '../instant.ts';
import { sqlValueToJson, type JsonScalar } from '../json-value.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { StrictObject } from '../schemas.ts';

const Cell = Type.Unsafe<JsonScalar>({
  description: 'timestamptz as RFC 3339, int8 beyond 2^53 as decimal string, NaN as "NaN", bytea as \\x….',
});
export const SqlAnswer = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String({ description: "PostgreSQL's name of the type." }) })),
  rows: Type.Array(Type.Array(Cell)),
  truncated: Type.Boolean({ description: 'There are more rows than `limit`.' }),
  ms: Type.Number({ description: 'How long the query took.' }),
});
export type SqlAnswer = Static<typeof SqlAnswer>;

const Instant = Type.Union([Type.String({ maxLength: 100 }), Type.Number()], {
  description: 'RFC 3339, milliseconds since 1970, now, now-15m.',
});
/** With `range` the dashboard macros $__timeFilter(col), $__from, $__to and $__interval are filled in. */
export const SqlBody = StrictObject({
  sql: Type.String({ minLength: 1, maxLength: 100_000 }),
  params: Type.Optional(
    Type.Array(Type.Unsafe<JsonScalar>({ type: ['string', 'number', 'boolean', 'null'] }), { maxItems: 1000, description: '$1, $2, …' }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, default: 1000 })),
  range: Type.Optional(
    StrictObject({
      from: Instant,
      to: Instant,
      intervalMs: Type.Optional(Type.Number({ minimum: 1, description: 'Width of one point; a thousandth of the range when absent.' })),
    }),
  ),
});
export type SqlBody = Static<typeof SqlBody>;

const timeoutMs = 30_000;
/** Rows turned into text in one turn of the loop. */
const rowsPerTurn = 1000;

export function registerSql(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/sql',
    {
      config: { permission: 'sql.read', audit: false },
      schema: {
        operationId: 'runSql',
        tags: ['history'],
        summary: 'One SQL statement over history and user tables; SELECT only without sql.write.',
        body: SqlBody,
        response: { 200: SqlAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const { sql: text, params = [], limit = 1000, range } = request.body;
      const sql = range === undefined ? text : withRange(text, range, msFromMicros(hub.clock.now()));
      const rights = allows(signedIn(request), 'sql.write') ? 'write' : 'read';
      const change = rights === 'write' ? changeOf(sql) : undefined;
      // The statement may hold anything, so only its kind is recorded.
      if (change !== undefined) request.audited = { verb: 'sql.write', what: change };
      const begin = hub.clock.monotonicMs();
      const result = await hub.historian.query(sql, params, { rights, timeoutMs, maxRows: limit });
      const ms = Math.round((hub.clock.monotonicMs() - begin) * 10) / 10;
      if (result.rows.length > rowsPerTurn)
        return reply.type('application/json; charset=utf-8').send(Readable.from(inSlices(result, ms)) as never);
      return {
        columns: result.columns.map((c) => ({ name: c.name, type: c.type })),
        rows: result.rows.map((row) => row.map(sqlValueToJson)),
        truncated: result.truncated,
        ms,
      };
    },
  );
}

/** The word of a statement that may change something; undefined for one that only reads. */
const changeOf = (sql: string): string | undefined =>
  /\b(?:insert|update|delete|merge|truncate|create|alter|drop|copy|call|vacuum|checkpoint|comment)\b/i.exec(sql)?.[0].toUpperCase();

function withRange(sql: string, range: NonNullable<SqlBody['range']>, nowMs: number): string {
  const from = instantMs('from', String(range.from), nowMs);
  const to = instantMs('to', String(range.to), nowMs);
  if (from >= to) throw errors.API_RANGE_EMPTY();
  return expandMacros(sql, { from, to, intervalMs: range.intervalMs ?? Math.max(1, (to - from) / 1000) });
}

/** A large answer as text, slice by slice, so that no turn of the loop is long. */
async function* inSlices(result: SqlResult, ms: number): AsyncGenerator<string> {
  yield `{"columns":${JSON.stringify(result.columns)},"truncated":${String(result.truncated)},"ms":${ms},"rows":[`;
  for (let at = 0; at < result.rows.length; at += rowsPerTurn) {
    if (at > 0) await nextTurn();
    const slice = result.rows
      .slice(at, at + rowsPerTurn)
      .map((row) => JSON.stringify(row.map(sqlValueToJson)))
      .join(',');
    yield at === 0 ? slice : `,${slice}`;
  }
  yield ']}';
}
