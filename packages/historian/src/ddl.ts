import { errors } from './errors.ts';
import { checkDdl, hypertableCall, isNoOp, localTypes, readStatements } from './sql-guard.ts';
import type { Statement } from './sql-guard.ts';
import { isPunct, isWord } from './sql-text.ts';
import type { SqlToken } from './sql-text.ts';
import type { Store } from './store.ts';

/** Runs a DDL text inside the caller's transaction: user tables, views, indexes, and what TimescaleDB's manuals add to them. */
export async function runDdl(store: Store, text: string): Promise<void> {
  const statements = readStatements(text);
  if (statements.length === 0) throw errors.HISTORIAN_SQL_ONE_STATEMENT({ count: 0 });
  for (const statement of statements) await runOne(store, statement);
}

async function runOne(store: Store, statement: Statement): Promise<void> {
  if (isNoOp(statement)) return;
  const call = hypertableCall(statement);
  if (call) {
    await acceptHypertable(store, call);
    return;
  }
  checkDdl(statement);
  await store.writer.run(localTypes(statement));
}

/** DuckDB has no hypertables: the call is checked, so that a wrong name is found here too, and remembered. */
async function acceptHypertable(store: Store, args: readonly SqlToken[]): Promise<void> {
  const positional = args.filter((t, i) => t.kind === 'string' && !isPunct(args[i - 1], '>'));
  const named = (name: string): string | undefined => {
    const at = args.findIndex((t) => isWord(t, name));
    return at === -1 ? undefined : args.slice(at + 1, at + 5).find((t) => t.kind === 'string')?.text;
  };
  const given = positional[0]?.text ?? named('relation') ?? '';
  const column = positional[1]?.text ?? named('time_column_name') ?? '';
  const table = given.replace(/^(?:public|main)\./i, '').replace(/^"(.*)"$/, '$1');
  const found = await store.rows(
    `SELECT t.table_name, c.data_type FROM duckdb_tables() t LEFT JOIN duckdb_columns() c
    ON c.schema_name = t.schema_name AND c.table_name = t.table_name AND lower(c.column_name) = lower($2)
    WHERE t.schema_name = 'main' AND lower(t.table_name) = lower($1)`,
    [table, column],
  );
  const refuse = (why: string): never => {
    throw errors.HISTORIAN_HYPERTABLE_REFUSED({ table: table || 'a table without a name', why });
  };
  if (found.length === 0) refuse('there is no such table');
  const [name, type] = found[0] as [string, string | null];
  if (type === null) refuse(`it has no column "${column}"`);
  if (!/^(TIMESTAMP|DATE|BIGINT|INTEGER|SMALLINT)/.test(type!)) refuse(`its column "${column}" is ${type}`);
  const key = `hypertable/${name}`;
  await store.writer.run('DELETE FROM omh.meta WHERE key = $1', [key]);
  await store.writer.run('INSERT INTO omh.meta VALUES ($1, $2)', [key, column]);
}

/** True when a setup statement failed only because it was run before. */
export const alreadyExists = (thrown: unknown): boolean =>
  thrown instanceof Error && /already exists/.test(thrown.message) && /Catalog Error/.test(thrown.message);
