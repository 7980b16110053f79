import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBTimestampTZValue,
  HUGEINT,
  SQLNULL,
  StatementType,
  TIMESTAMPTZ,
  VARCHAR,
  blobValue,
} from '@duckdb/node-api';
import type { DuckDBPreparedStatement, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { Micros, OmhError, SqlValue } from '@omh/core';
import { columnTypeError, columnWriter } from './coerce.ts';
import type { ColumnWriter } from './coerce.ts';
import { errors } from './errors.ts';
import { checkTargets, kindOf, readOneStatement } from './sql-guard.ts';
import type { Statement } from './sql-guard.ts';
import { isName, isPunct, isWord } from './sql-text.ts';
import type { SqlToken } from './sql-text.ts';
import type { Store } from './store.ts';

type Row = readonly SqlValue[];

/** One INSERT text, understood once. */
export interface InsertPlan {
  /** Why row i cannot be stored, before anything is tried. */
  check(row: Row): OmhError | undefined;
  /** Stores rows inside the caller's transaction, row i as of `at[i]`; throws what the database says. */
  write(rows: readonly Row[], at: readonly Micros[]): Promise<void>;
  close(): void;
}

interface Column {
  readonly name: string;
  readonly dataType: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}
type Source = { readonly param: number } | { readonly constant: Exclude<SqlValue, null> | null } | 'now';

/** Reads the text; the common form `INSERT INTO t(a, b) VALUES ($1, now())` gets the column path, everything else a prepared statement. */
export async function planInsert(store: Store, text: string): Promise<InsertPlan> {
  const statement = readOneStatement(text);
  if (!isWord(statement.tokens[0], 'insert', 'with')) throw errors.HISTORIAN_SQL_NOT_INSERT({ kind: kindOf(statement) });
  checkTargets(statement);
  const general = await preparedPlan(store, statement);
  const simple = simpleInsert(statement.tokens);
  const direct = simple && (await columnPlan(store, simple));
  if (!direct) return general;
  general.close();
  return direct;
}

interface SimpleInsert {
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  readonly sources: readonly Source[];
}

function simpleInsert(tokens: readonly SqlToken[]): SimpleInsert | undefined {
  let i = 0;
  const next = (): SqlToken | undefined => tokens[i++];
  if (!isWord(next(), 'insert') || !isWord(next(), 'into')) return undefined;
  let table = next();
  if (isPunct(tokens[i], '.')) {
    if (!isName(table) || table.text.toLowerCase() !== 'main') return undefined;
    i++;
    table = next();
  }
  if (!isName(table)) return undefined;
  let columns: string[] | undefined;
  if (isPunct(tokens[i], '(')) {
    i++;
    columns = [];
    for (;;) {
      const name = next();
      if (!isName(name)) return undefined;
      columns.push(name.text);
      const after = next();
      if (isPunct(after, ')')) break;
      if (!isPunct(after, ',')) return undefined;
    }
  }
  if (!isWord(next(), 'values') || !isPunct(next(), '(')) return undefined;
  const sources: Source[] = [];
  for (;;) {
    const parsed = sourceAt(tokens, i);
    if (!parsed) return undefined;
    sources.push(parsed.source);
    i = parsed.next;
    const after = next();
    if (isPunct(after, ')')) break;
    if (!isPunct(after, ',')) return undefined;
  }
  if (i !== tokens.length || (columns && columns.length !== sources.length)) return undefined;
  return { table: table.text, columns, sources };
}

function sourceAt(tokens: readonly SqlToken[], i: number): { source: Source; next: number } | undefined {
  const token = tokens[i];
  if (!token) return undefined;
  if (token.kind === 'param') return { source: { param: Number(token.text) - 1 }, next: i + 1 };
  if (token.kind === 'string') return { source: { constant: token.text }, next: i + 1 };
  if (token.kind === 'number') return { source: { constant: Number(token.text.replaceAll('_', '')) }, next: i + 1 };
  if (isPunct(token, '-') && tokens[i + 1]?.kind === 'number') {
    return { source: { constant: -Number(tokens[i + 1]!.text.replaceAll('_', '')) }, next: i + 2 };
  }
  if (isWord(token, 'null')) return { source: { constant: null }, next: i + 1 };
  if (isWord(token, 'true', 'false')) return { source: { constant: token.text === 'true' }, next: i + 1 };
  const length = nowLength(tokens, i);
  return length > 0 ? { source: 'now', next: i + length } : undefined;
}

/** How many tokens at i say "now", 0 when they do not. */
function nowLength(tokens: readonly SqlToken[], i: number): number {
  if (isWord(tokens[i], 'current_timestamp')) return isPunct(tokens[i + 1], '(') ? 0 : 1;
  const call = isWord(tokens[i], 'now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp');
  return call && isPunct(tokens[i + 1], '(') && isPunct(tokens[i + 2], ')') ? 3 : 0;
}

/** Straight into the table's columns; undefined when the table has something only a real INSERT honours. */
async function columnPlan(store: Store, insert: SimpleInsert): Promise<InsertPlan | undefined> {
  const tables = await store.rows(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT temporary AND lower(table_name) = lower($1)",
    [insert.table],
  );
  if (tables.length !== 1) return undefined;
  const table = tables[0]![0] as string;
  const described = await store.rows(
    `SELECT column_name, data_type, is_nullable, column_default IS NOT NULL
    FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $1 ORDER BY column_index`,
    [table],
  );
  const columns: Column[] = described.map((r) => ({
    name: r[0] as string,
    dataType: r[1] as string,
    nullable: r[2] as boolean,
    hasDefault: r[3] as boolean,
  }));
  const sources = matchSources(columns, insert);
  const writers = columns.map((c) => columnWriter(c.dataType));
  if (!sources || writers.some((w) => w === undefined)) return undefined;
  const known = writers as ColumnWriter[];
  const types = known.map((w) => w.type);
  const params = insert.sources.reduce((n, s) => (typeof s === 'object' && 'param' in s ? Math.max(n, s.param + 1) : n), 0);
  return {
    check(row) {
      if (row.length < params) return errors.HISTORIAN_PARAMETER_MISSING({ expected: params, given: row.length });
      for (let c = 0; c < columns.length; c++) {
        const source = sources[c]!;
        if (source === 'now') continue;
        const value = 'param' in source ? row[source.param]! : source.constant;
        const column = columns[c]!;
        if (value === null || value === undefined) {
          if (!column.nullable) return errors.HISTORIAN_COLUMN_MISSING({ column: column.name });
        } else if (known[c]!.convert(value) === undefined) return columnTypeError(column.name, column.dataType, value);
      }
      return undefined;
    },
    async write(rows, at) {
      const appender = await store.writer.createAppender(table, 'main');
      try {
        for (let from = 0; from < rows.length; from += 2048) {
          const part = rows.slice(from, from + 2048);
          const now = at.slice(from, from + 2048);
          const chunk = DuckDBDataChunk.create(types, part.length);
          for (let c = 0; c < columns.length; c++) chunk.setColumnValues(c, columnValues(part, sources[c]!, known[c]!, now));
          appender.appendDataChunk(chunk);
        }
        appender.flushSync();
      } catch (thrown) {
        appender.clear();
        throw thrown;
      } finally {
        appender.closeSync();
      }
    },
    close() {},
  };
}

function columnValues(rows: readonly Row[], source: Source, writer: ColumnWriter, now: readonly Micros[]): DuckDBValue[] {
  return rows.map((row, i) => {
    const value = source === 'now' ? { micros: now[i]! } : 'param' in source ? row[source.param]! : source.constant;
    return value === null || value === undefined ? null : writer.convert(value)!;
  });
}

/** One source per column of the table, in its order; NULL where the statement says nothing. */
function matchSources(columns: readonly Column[], insert: SimpleInsert): Source[] | undefined {
  const names = insert.columns ?? columns.map((c) => c.name);
  if (names.length !== insert.sources.length) return undefined;
  const byName = new Map(names.map((name, i) => [name.toLowerCase(), insert.sources[i]!]));
  if (byName.size !== names.length || names.some((n) => !columns.some((c) => c.name.toLowerCase() === n.toLowerCase()))) return undefined;
  const sources: Source[] = [];
  for (const column of columns) {
    const source = byName.get(column.name.toLowerCase());
    if (source === undefined && column.hasDefault) return undefined;
    if (source === 'now' && !column.dataType.startsWith('TIMESTAMP') && column.dataType !== 'VARCHAR') return undefined;
    sources.push(source ?? { constant: null });
  }
  return sources;
}

async function preparedPlan(store: Store, statement: Statement): Promise<InsertPlan> {
  let text = statement.text;
  let params = 0;
  for (const t of statement.tokens) if (t.kind === 'param') params = Math.max(params, Number(t.text));
  const nowParam = params + 1;
  let saysNow = false;
  for (let i = statement.tokens.length - 1; i >= 0; i--) {
    const length = nowLength(statement.tokens, i);
    if (length === 0) continue;
    saysNow = true;
    text = `${text.slice(0, statement.tokens[i]!.start)}$${nowParam}::TIMESTAMPTZ${text.slice(statement.tokens[i + length - 1]!.end)}`;
  }
  const prepared: DuckDBPreparedStatement = await store.writer.prepare(text);
  if (prepared.statementType !== StatementType.INSERT) {
    prepared.destroySync();
    throw errors.HISTORIAN_SQL_NOT_INSERT({ kind: kindOf(statement) });
  }
  return {
    check: (row) => (row.length < params ? errors.HISTORIAN_PARAMETER_MISSING({ expected: params, given: row.length }) : undefined),
    async write(rows, at) {
      for (const [i, row] of rows.entries()) {
        for (let p = 0; p < params; p++) bindParam(prepared, p + 1, row[p] ?? null);
        if (saysNow) prepared.bindValue(nowParam, new DuckDBTimestampTZValue(BigInt(at[i]!)), TIMESTAMPTZ);
        await prepared.run();
      }
    },
    close: () => prepared.destroySync(),
  };
}

/** Binds by the value's own type; DuckDB casts to the column's. */
export function bindParam(prepared: DuckDBPreparedStatement, index: number, value: SqlValue): void {
  const [type, bound] = typed(value);
  prepared.bindValue(index, bound, type);
}

function typed(value: SqlValue): [DuckDBType, DuckDBValue] {
  if (value === null) return [SQLNULL, null];
  if (typeof value === 'boolean') return [BOOLEAN, value];
  if (typeof value === 'string') return [VARCHAR, value];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? [BIGINT, BigInt(value)] : [DOUBLE, value];
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? [BIGINT, value] : [HUGEINT, value];
  if (value instanceof Uint8Array) return [BLOB, blobValue(value)];
  return [TIMESTAMPTZ, new DuckDBTimestampTZValue(BigInt(value.micros))];
}
