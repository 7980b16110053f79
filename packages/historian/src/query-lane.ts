import { StatementType } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { systemClock } from '@omh/core';
import type { QueryOptions, SqlResult, SqlValue } from '@omh/core';
import { runDdl } from './ddl.ts';
import { errors } from './errors.ts';
import { bindParam } from './insert-plan.ts';
import { checkTargets, hypertableCall, isDdl, isNoOp, kindOf, readOneStatement } from './sql-guard.ts';
import type { Statement } from './sql-guard.ts';
import { sqlError } from './sql-error.ts';
import { isName, isPunct, isWord } from './sql-text.ts';
import { resultColumn } from './sql-types.ts';
import type { Store } from './store.ts';
import type { WriteLane } from './write-lane.ts';

const atOnce = 4;
const waitingMost = 64;
/** An answer of more than this many characters and bytes is cut as if it had too many rows. */
const answerBytes = 32 * 1024 * 1024;
const lastValuesFreshMs = 250;
const readingWords = ['select', 'with', 'explain', 'show', 'describe', 'desc', 'summarize', 'values', 'table', 'from'];
const writes: readonly StatementType[] = [StatementType.INSERT, StatementType.UPDATE, StatementType.DELETE, StatementType.MERGE_INTO];

/** Questions on connections of their own: each ends by its time-out and never holds a commit. */
export class QueryLane {
  readonly #store: Store;
  readonly #lane: WriteLane;
  readonly #idle: DuckDBConnection[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #lastStored = -Infinity;

  constructor(store: Store, lane: WriteLane) {
    this.#store = store;
    this.#lane = lane;
  }

  async query(text: string, params: readonly SqlValue[], options: QueryOptions): Promise<SqlResult> {
    const statement = readOneStatement(text);
    if (options.rights === 'write') {
      const result = await this.#write(statement, params, options);
      if (result) return result;
    }
    if (!isPunct(statement.tokens[0], '(') && !isWord(statement.tokens[0], ...readingWords)) {
      // What does not even parse is told as that, whoever asks.
      await this.read(options.timeoutMs, (connection) => connection.extractStatements(statement.text));
      throw errors.HISTORIAN_SQL_READ_ONLY({ kind: kindOf(statement) });
    }
    if (statement.tokens.some((t) => isName(t) && t.text.toLowerCase() === 'last_values')) await this.#storeLast();
    return this.read(options.timeoutMs, (connection) => this.#select(connection, statement, params, options.maxRows));
  }

  /** Work on a reading connection inside a read-only transaction, ended by time. */
  async read<T>(timeoutMs: number, work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    await this.#enter();
    let connection: DuckDBConnection | undefined;
    try {
      connection = this.#idle.pop() ?? (await this.#store.connect());
      return await limited(connection, timeoutMs, async () => {
        await connection!.run('BEGIN TRANSACTION READ ONLY');
        return work(connection!);
      });
    } catch (thrown) {
      throw sqlError(thrown);
    } finally {
      if (connection) {
        await connection.run('ROLLBACK').catch(() => {});
        this.#idle.push(connection);
      }
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  close(): void {
    for (const connection of this.#idle) connection.closeSync();
    this.#idle.length = 0;
  }

  async #enter(): Promise<void> {
    if (this.#running >= atOnce) {
      if (this.#waiting.length >= waitingMost) throw errors.HISTORIAN_BUSY({ count: this.#running + this.#waiting.length });
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#running++;
  }

  async #storeLast(): Promise<void> {
    if (systemClock.monotonicMs() - this.#lastStored < lastValuesFreshMs) return;
    this.#lastStored = systemClock.monotonicMs();
    await this.#lane.storeLast();
  }

  async #select(connection: DuckDBConnection, statement: Statement, params: readonly SqlValue[], maxRows: number): Promise<SqlResult> {
    const extracted = await connection.extractStatements(statement.text);
    if (extracted.count !== 1) throw errors.HISTORIAN_SQL_ONE_STATEMENT({ count: extracted.count });
    const prepared = await extracted.prepare(0);
    try {
      const type = prepared.statementType;
      if (type !== StatementType.SELECT && type !== StatementType.EXPLAIN)
        throw errors.HISTORIAN_SQL_READ_ONLY({ kind: kindOf(statement) });
      bindAll(prepared, params);
      return await collect(await prepared.stream(), maxRows);
    } finally {
      prepared.destroySync();
    }
  }

  /** undefined when the statement only reads. */
  async #write(statement: Statement, params: readonly SqlValue[], options: QueryOptions): Promise<SqlResult | undefined> {
    const { writer } = this.#store;
    if (isDdl(statement) || isNoOp(statement) || hypertableCall(statement)) {
      await this.#guarded(options.timeoutMs, () => runDdl(this.#store, statement.text), true);
      return { columns: [], rows: [], truncated: false };
    }
    if (!['insert', 'update', 'delete', 'merge', 'truncate', 'with'].includes(statement.tokens[0]?.text ?? '')) return undefined;
    if (statement.tokens[0]!.text !== 'with') checkTargets(statement);
    return this.#guarded(
      options.timeoutMs,
      async () => {
        const prepared = await writer.prepare(statement.text);
        try {
          if (!writes.includes(prepared.statementType)) return undefined;
          checkTargets(statement);
          bindAll(prepared, params);
          return await collect(await prepared.stream(), options.maxRows);
        } finally {
          prepared.destroySync();
        }
      },
      false,
    );
  }

  async #guarded<T>(timeoutMs: number, work: () => Promise<T>, ddl: boolean): Promise<T> {
    try {
      return await this.#lane.userWrite(() => limited(this.#store.writer, timeoutMs, work), ddl);
    } catch (thrown) {
      throw sqlError(thrown);
    }
  }
}

function bindAll(prepared: Awaited<ReturnType<DuckDBConnection['prepare']>>, params: readonly SqlValue[]): void {
  if (prepared.parameterCount !== params.length) {
    throw errors.HISTORIAN_PARAMETER_MISSING({ expected: prepared.parameterCount, given: params.length });
  }
  for (const [i, value] of params.entries()) bindParam(prepared, i + 1, value);
}

/** Interrupts what runs on the connection when the time is over. */
async function limited<T>(connection: DuckDBConnection, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let late = false;
  const cancel = systemClock.after(timeoutMs, () => {
    late = true;
    connection.interrupt();
  });
  try {
    const result = await work();
    return result;
  } catch (thrown) {
    if (late) throw errors.HISTORIAN_SQL_TIMEOUT({ seconds: Math.round(timeoutMs / 100) / 10 }, { cause: thrown });
    throw thrown;
  } finally {
    cancel();
  }
}

/** A column without an alias has its function's name, as in PostgreSQL. */
const columnName = (name: string): string => (name === 'count_star()' ? 'count' : (/^(\w+)\(.*\)$/s.exec(name)?.[1] ?? name));

/** Rows chunk by chunk, never more than asked for. */
async function collect(result: DuckDBResult, maxRows: number): Promise<SqlResult> {
  const types = result.columnTypes().map(resultColumn);
  const columns = result.columnNames().map((name, i) => ({ name: columnName(name), type: types[i]!.name }));
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return { columns, rows, truncated: false };
    for (const row of chunk.getRows()) {
      if (rows.length >= maxRows || bytes > answerBytes) return { columns, rows, truncated: true };
      const out = row.map((value, i) => (value === null ? null : types[i]!.convert(value)));
      for (const value of out) bytes += typeof value === 'string' || value instanceof Uint8Array ? value.length + 16 : 16;
      rows.push(out);
    }
  }
}
