import { faultsIn } from '../../form/faults.ts';
import { nameFault } from '../../form/name-field.tsx';
import { changesOf, isBlock, withoutDefaults, type Block, type Schema } from '../../form/schema.ts';
import { pathOf, type EditOp, type PlanFault } from '../../plan/plan.ts';

/** One line of the table of tags that is edited. */
export interface TagRow {
  readonly key: number;
  /** The name in the file; absent for a new tag. */
  readonly was?: string;
  readonly name: string;
  /** As in the file; a new tag says its access, the others only where it is not the default. */
  readonly value: Block;
}
export interface RowFault {
  readonly column: string;
  readonly message: string;
}

export const columns = ['name', 'address', 'type', 'access', 'decimal', 'bias', 'unit', 'precision', 'description'] as const;
let keys = 0;

export const rowsOf = (schema: Schema, tags: Readonly<Record<string, Block>>): TagRow[] =>
  Object.entries(tags).map(([name, tag]) => ({ key: ++keys, was: name, name, value: withoutDefaults(schema, tag) }));
/** A line to type into; it takes over what its neighbour is, since tags of one group are often alike. */
export const blankRow = (above?: TagRow): TagRow => ({
  key: ++keys,
  name: '',
  value: { type: above?.value['type'] ?? 'int16', access: above === undefined ? 'read' : (above.value['access'] ?? 'read') },
});
/** Nothing was typed into it: it is not there. */
export const isBlank = (row: TagRow): boolean => row.was === undefined && row.name === '' && row.value['address'] === undefined;

/** The row with one cell changed; keys stand in the order of the columns, what stands in no column behind them. */
export function withCell(row: TagRow, column: string, value: unknown): TagRow {
  if (column === 'name') return { ...row, name: typeof value === 'string' ? value : '' };
  const next: Record<string, unknown> = { ...row.value, [column]: value };
  if (value === undefined || (row.was !== undefined && column === 'access' && value === 'read')) delete next[column];
  const keys = [...columns, ...Object.keys(next).filter((key) => !(columns as readonly string[]).includes(key))];
  return { ...row, value: Object.fromEntries(keys.filter((key) => next[key] !== undefined).map((key) => [key, next[key]])) };
}

/** How many settings of a row stand in no column. */
export const hiddenOf = (row: TagRow): number =>
  Object.keys(row.value).filter((key) => !(columns as readonly string[]).includes(key)).length;

const known = new WeakMap<Block, { schema: Schema; faults: ReturnType<typeof faultsIn> }>();
/** A cell that is typed into makes one new block; the others of ten thousand rows are as they were. */
function valueFaults(schema: Schema, value: Block): ReturnType<typeof faultsIn> {
  const former = known.get(value);
  if (former?.schema === schema) return former.faults;
  const faults = faultsIn(schema, value);
  known.set(value, { schema, faults });
  return faults;
}

/** What is wrong with each row, by its key, before the hub is asked. */
export function faultsOfRows(rows: readonly TagRow[], schema: Schema, names: Schema): Map<number, RowFault[]> {
  const out = new Map<number, RowFault[]>();
  const seen = new Map<string, number>();
  for (const row of rows) if (!isBlank(row)) seen.set(row.name, (seen.get(row.name) ?? 0) + 1);
  for (const row of rows) {
    if (isBlank(row)) continue;
    const found: RowFault[] = [];
    const wrong = row.name === row.was ? undefined : nameFault(row.name, 'tag', [], names);
    if (wrong !== undefined) found.push({ column: 'name', message: wrong });
    else if (seen.get(row.name)! > 1)
      found.push({ column: 'name', message: `There are two tags ${row.name} in this group. Choose another name.` });
    for (const f of valueFaults(schema, row.value)) found.push({ column: f.path[0] ?? 'name', message: f.message });
    if (found.length > 0) out.set(row.key, found);
  }
  return out;
}

/** The hub's faults at the rows they are about. */
export function placeFaults(
  rows: readonly TagRow[],
  at: readonly string[],
  faults: readonly PlanFault[],
): { rows: Map<number, RowFault[]>; rest: PlanFault[] } {
  const out = new Map<number, RowFault[]>();
  const rest: PlanFault[] = [];
  for (const fault of faults) {
    const inside = at.every((s, i) => fault.path[i] === s);
    const row = inside ? rows.find((r) => !isBlank(r) && r.name === fault.path[at.length]) : undefined;
    if (row === undefined) {
      rest.push(fault);
      continue;
    }
    const column = fault.path[at.length + 1] ?? 'name';
    out.set(row.key, [...(out.get(row.key) ?? []), { column, message: fault.message }]);
  }
  return { rows: out, rest };
}

/** The changes of the file: what went, what is new, and single cells of what stays. `at` is the path of the group's tags. */
export function changesOfRows(rows: readonly TagRow[], before: readonly TagRow[], at: readonly string[]): EditOp[] {
  const kept = new Set(rows.filter((r) => r.name === r.was).map((r) => r.was));
  const out: EditOp[] = before.filter((b) => !kept.has(b.was)).map((b) => ({ op: 'remove', path: pathOf(...at, b.was!) }));
  const saved = new Map(before.map((b) => [b.was, b.value]));
  for (const row of rows) {
    if (isBlank(row)) continue;
    const former = saved.get(row.was);
    if (row.name === row.was && isBlock(former)) out.push(...changesOf([...at, row.name], former, row.value));
    else out.push({ op: 'add', path: pathOf(...at, row.name), value: row.value });
  }
  return out;
}

/** A block of cells from a spreadsheet, put in from one cell on; rows that are missing are made. */
export function pasteCells(
  rows: readonly TagRow[],
  from: number,
  column: string,
  text: string,
  numeric: ReadonlySet<string>,
): TagRow[] | undefined {
  const lines = text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => line.split('\t'));
  if (lines.length === 1 && lines[0]!.length === 1) return undefined;
  const out = [...rows];
  const first = columns.indexOf(column as (typeof columns)[number]);
  lines.slice(0, 10_000).forEach((cells, i) => {
    const at = from + i;
    let row = out[at] ?? blankRow(out[at - 1]);
    cells.forEach((cell, j) => {
      const c = columns[first + j];
      const t = cell.trim();
      if (c === undefined) return;
      if (t === '' && (c === 'type' || c === 'access')) return;
      const value = t === '' ? undefined : numeric.has(c) && Number.isFinite(Number(t)) ? Number(t) : t;
      row = withCell(row, c, value);
    });
    out[at] = row;
  });
  return out;
}
