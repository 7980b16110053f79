import { useQuery } from '@tanstack/react-query';
import { runSql } from '../../api/queries.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
}
export type Schema = Readonly<Record<string, readonly Column[]>>;

const views: Schema = {
  samples: ['time', 'path', 'device', 'group', 'tag', 'value', 'text', 'quality', 'reason'].map((name) => ({
    name,
    type: name === 'time' ? 'TIMESTAMP WITH TIME ZONE' : name === 'value' ? 'DOUBLE' : 'VARCHAR',
  })),
  last_values: ['time', 'path', 'device', 'group', 'tag', 'value', 'text', 'quality', 'reason', 'age'].map((name) => ({
    name,
    type: name === 'time' ? 'TIMESTAMP WITH TIME ZONE' : name === 'value' || name === 'age' ? 'DOUBLE' : 'VARCHAR',
  })),
};
const ask =
  "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'main' ORDER BY table_name, ordinal_position";

/** Tables and columns of the history; the two standing views when the hub does not tell. */
export function useSchema(): { schema: Schema; loading: boolean } {
  const query = useQuery({
    queryKey: ['sql-schema'],
    staleTime: 60_000,
    retry: false,
    queryFn: async ({ signal }): Promise<Schema> => {
      const answer = await runSql(ask, 5_000, signal);
      const out: Record<string, Column[]> = {};
      for (const [table, name, type] of answer.rows) {
        const key = String(table);
        if (key.startsWith('_') || /^(?:duckdb_|pg_|sqlite_)/.test(key)) continue;
        (out[key] ??= []).push({ name: String(name), type: String(type) });
      }
      return { ...out, ...Object.fromEntries(Object.entries(views).filter(([name]) => out[name] === undefined)) };
    },
  });
  return { schema: query.data ?? views, loading: query.isLoading };
}

const plain = /^[a-z_][a-z0-9_]*$/;
const reserved = new Set(['group', 'order', 'select', 'from', 'table', 'where', 'limit', 'end', 'user']);
/** A name as it must stand in SQL. */
export const quoted = (name: string): string => (plain.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`);

export interface Built {
  table: string;
  columns: readonly string[];
  order: string;
  newest: boolean;
  limit: number;
}
export function buildSql(b: Built): string {
  const columns = b.columns.length === 0 ? '*' : b.columns.map(quoted).join(', ');
  return `SELECT ${columns}\nFROM ${quoted(b.table)}${b.order === '' ? '' : `\nORDER BY ${quoted(b.order)}${b.newest ? ' DESC' : ''}`}\nLIMIT ${b.limit}`;
}
