import { isName, isPunct, isWord, splitStatements, sqlTokens } from './sql-text.ts';
import type { SqlToken } from './sql-text.ts';
import { errors } from './errors.ts';

export interface Statement {
  readonly text: string;
  readonly tokens: readonly SqlToken[];
}

/** Functions that act on the whole store, or run text that no check has seen. */
const forbiddenFunctions = new Set([
  'force_checkpoint',
  'checkpoint',
  'query',
  'query_table',
  'enable_logging',
  'disable_logging',
  'truncate_duckdb_logs',
  'write_log',
  'enable_profiling',
  'disable_profiling',
  'json_execute_serialized_sql',
  'set_config',
  'pg_read_file',
  'getenv',
  'read_text',
  'read_blob',
  'read_csv',
  'read_csv_auto',
  'sniff_csv',
  'read_json',
  'read_json_auto',
  'read_json_objects',
  'read_json_objects_auto',
  'read_ndjson',
  'read_ndjson_auto',
  'read_ndjson_objects',
  'read_parquet',
  'parquet_scan',
  'parquet_metadata',
  'parquet_schema',
  'parquet_file_metadata',
  'parquet_kv_metadata',
  'parquet_bloom_probe',
  'parquet_full_metadata',
  'read_duckdb',
  'glob',
  'duckdb_secrets',
  'arrow_scan',
  'arrow_scan_dumb',
  'seq_scan',
  'sqlite_scan',
]);

/** The statements of a user's text; refuses what no check could read. */
export function readStatements(sql: string): readonly Statement[] {
  const tokens = sqlTokens(sql);
  if (!tokens) throw errors.HISTORIAN_SQL_UNREADABLE();
  const statements = withoutPublic(sql, tokens);
  for (const s of statements) refuseForbiddenFunctions(s.tokens);
  return statements;
}

/** PostgreSQL's schema `public` is DuckDB's `main`; blanks in its place keep positions in error messages. */
function withoutPublic(sql: string, tokens: readonly SqlToken[]): readonly Statement[] {
  let text = sql;
  const kept: SqlToken[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (isName(token) && token.text === 'public' && isPunct(tokens[i + 1], '.') && !isPunct(tokens[i - 1], '.')) {
      const end = tokens[i + 1]!.end;
      text = text.slice(0, token.start) + ' '.repeat(end - token.start) + text.slice(end);
      i++;
    } else kept.push(token);
  }
  return splitStatements(text, kept);
}

export function readOneStatement(sql: string): Statement {
  const statements = readStatements(sql);
  if (statements.length !== 1) throw errors.HISTORIAN_SQL_ONE_STATEMENT({ count: statements.length });
  return statements[0]!;
}

function refuseForbiddenFunctions(tokens: readonly SqlToken[]): void {
  for (let i = 0; i < tokens.length - 1; i++) {
    const token = tokens[i]!;
    if (isName(token) && isPunct(tokens[i + 1], '(') && forbiddenFunctions.has(token.text.toLowerCase())) {
      throw errors.HISTORIAN_SQL_NOT_ALLOWED({ what: `The function ${token.text}` });
    }
  }
}

/** The leading keyword in capitals, for sentences. */
export const kindOf = (s: Statement): string => (s.tokens[0]?.text ?? 'nothing').toUpperCase().slice(0, 40);

const ddlObjects = ['table', 'view', 'index', 'sequence'];
const leadingModifiers = ['or', 'replace', 'unique', 'if', 'not', 'exists'];

/** True for CREATE, ALTER and DROP, whatever they are about. */
export const isDdl = (s: Statement): boolean => isWord(s.tokens[0], 'create', 'alter', 'drop', 'comment');

/** `SELECT create_hypertable(…)`, with its arguments' tokens. */
export function hypertableCall(s: Statement): readonly SqlToken[] | undefined {
  const [select, name, open] = s.tokens;
  if (!isWord(select, 'select') || !isWord(name, 'create_hypertable') || !isPunct(open, '(')) return undefined;
  return s.tokens.slice(3);
}

/** `CREATE DATABASE …` and `CREATE EXTENSION … timescaledb …`: nothing to do here, and no reason to fail. */
export function isNoOp(s: Statement): boolean {
  if (!isWord(s.tokens[0], 'create')) return false;
  if (isWord(s.tokens[1], 'database')) return true;
  return isWord(s.tokens[1], 'extension') && s.tokens.some((t) => isName(t) && t.text.toLowerCase().startsWith('timescaledb'));
}

/** Refuses DDL that is not about user tables, views, indexes and sequences. */
export function checkDdl(s: Statement): void {
  if (!isDdl(s)) throw errors.HISTORIAN_SQL_NOT_DDL({ kind: kindOf(s) });
  let i = 1;
  if (isWord(s.tokens[0], 'comment') && isWord(s.tokens[i], 'on')) {
    i++;
    if (isWord(s.tokens[i], 'column')) {
      checkTargets(s);
      return;
    }
  }
  while (isWord(s.tokens[i], ...leadingModifiers)) i++;
  if (!isWord(s.tokens[i], ...ddlObjects)) {
    throw errors.HISTORIAN_SQL_NOT_ALLOWED({ what: `${kindOf(s)} ${(s.tokens[i]?.text ?? '').toUpperCase().slice(0, 40)}`.trim() });
  }
  checkTargets(s);
}

/** Refuses a writing statement that names the historian's own schema, or its views as the thing that is changed. */
export function checkTargets(s: Statement): void {
  for (const token of s.tokens) {
    if (isName(token) && token.text.toLowerCase() === 'omh') throw errors.HISTORIAN_SQL_NOT_ALLOWED({ what: 'Changing the schema omh' });
  }
  const target = s.tokens.find(
    (t, i) => i > 0 && isName(t) && ['samples', 'last_values'].includes(t.text.toLowerCase()) && isTargetPosition(s.tokens, i),
  );
  if (target) throw errors.HISTORIAN_SQL_NOT_ALLOWED({ what: `Changing the view ${target.text}` });
}

function isTargetPosition(tokens: readonly SqlToken[], i: number): boolean {
  for (let at = i - 1; at >= 0; at--) {
    const token = tokens[at]!;
    if (isPunct(token, '.')) {
      at--;
      continue;
    }
    if (isWord(token, 'exists', 'only', 'not', 'if')) continue;
    return (
      isWord(token, 'table', 'view', 'into', 'update', 'truncate', 'to', 'index') ||
      (isPunct(token, ',') && isWord(tokens[0], 'drop')) ||
      (isWord(token, 'from') && isWord(tokens[at - 1], 'delete'))
    );
  }
  return false;
}

/** DuckDB has JSON where PostgreSQL's texts say JSONB. */
export function localTypes(s: Statement): string {
  let text = s.text;
  for (const token of s.tokens.toReversed()) {
    if (isWord(token, 'jsonb')) text = `${text.slice(0, token.start)}JSON${text.slice(token.end)}`;
  }
  return text;
}
