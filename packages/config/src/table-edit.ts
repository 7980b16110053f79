import { errors } from './errors.ts';
import { cellsSaySame, isSilent, spellCell, tagColumns } from './tag-cell.ts';
import type { TagColumn } from './tag-cell.ts';
import { TagTableText } from './tag-table.ts';

type Row = Readonly<Record<string, unknown>>;
type Column = TagColumn;
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The table with exactly these tags. Rows that say the same already stay byte for byte, a changed row keeps its other cells, new rows
 * stand at the end. A field no column holds yet gets its column. Throws CONFIG_EDIT_VALUE.
 */
export function editTable(text: string, target: Readonly<Record<string, Row>>, path: string): string {
  let table = new TagTableText(text);
  if (table.csv.faults.length > 0 || table.csv.rows === 0 || !table.columns.includes('name'))
    throw errors.CONFIG_EDIT_VALUE({ path, why: 'the tag table is not valid' });
  const wanted = new Map(Object.entries(target).map(([name, row]) => [name, cellsFor(name, row, path)]));
  const needed = tagColumns.filter((column) => {
    if (table.columns.includes(column)) return false;
    for (const row of wanted.values()) {
      const cell = row.get(column);
      if (cell !== undefined && !isSilent(column, cell)) return true;
    }
    return false;
  });
  if (needed.length > 0) {
    const end = table.csv.end(0);
    const more = needed.map((column) => table.csv.delimiter + column).join('');
    table = new TagTableText(table.text.slice(0, end) + more + table.text.slice(end));
  }
  return spliced(table.text, changes(table, wanted));
}

function changes(table: TagTableText, wanted: ReadonlyMap<string, ReadonlyMap<Column, string>>): Splice[] {
  const { csv } = table;
  const out: Splice[] = [];
  const left = new Map(wanted);
  for (let row = 1; row < csv.rows; row++) {
    const had = table.cellsOf(row);
    const name = had.get('name') ?? '';
    const next = left.get(name);
    left.delete(name);
    if (next === undefined) {
      const behind = lineEnd(table.text, csv.end(row));
      // The last row takes the line end before it along when it has none itself.
      const start = behind === csv.end(row) && row > 0 ? csv.end(row - 1) : csv.start(row);
      out.push({ start, end: behind, text: '' });
    } else if (differs(had, next)) out.push({ start: csv.start(row), end: csv.end(row), text: respelled(table, row, next) });
  }
  if (left.size === 0) return out;
  const rows = [...left.values()].map((cells) =>
    trimmed(
      table.columns.map((column) => csv.spell((column && cells.get(column)) ?? '')),
      csv.delimiter,
    ),
  );
  const end = table.text.length;
  const open = end > 0 && !/[\r\n]$/.test(table.text);
  out.push({ start: end, end, text: `${open ? csv.eol : ''}${rows.join(csv.eol)}${open ? '' : csv.eol}` });
  return out;
}

/** The row with the cells that say something else written anew; the others keep their spelling. */
function respelled(table: TagTableText, row: number, next: ReadonlyMap<Column, string>): string {
  const { csv, columns } = table;
  const spans = csv.spans(row);
  const had = csv.cells(row);
  const cells = columns.map((column, i) => {
    const value = column === undefined ? (had[i] ?? '') : (next.get(column) ?? '');
    return spans[i] !== undefined && (column === undefined || cellsSaySame(column, had[i] ?? '', value))
      ? table.text.slice(spans[i][0], spans[i][1])
      : csv.spell(value);
  });
  return trimmed(cells, csv.delimiter, spans.length);
}

const trimmed = (cells: readonly string[], delimiter: string, least = 0): string => {
  let length = cells.length;
  while (length > Math.max(1, least) && cells[length - 1] === '') length--;
  return cells.slice(0, length).join(delimiter);
};

function differs(had: ReadonlyMap<Column, string>, next: ReadonlyMap<Column, string>): boolean {
  return tagColumns.some((column) => !cellsSaySame(column, had.get(column) ?? '', next.get(column) ?? ''));
}
function cellsFor(name: string, row: unknown, path: string): Map<Column, string> {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    throw errors.CONFIG_EDIT_VALUE({ path: `${path}/${name}`, why: 'a tag is a block of keys' });
  const out = new Map<Column, string>([['name', name]]);
  for (const [key, value] of Object.entries(row)) {
    const column = key === 'name' || !isColumn(key) ? undefined : key;
    if (column === undefined) throw errors.CONFIG_EDIT_VALUE({ path: `${path}/${name}/${key}`, why: 'a tag table has no such column' });
    if (value === undefined || value === null || (value === '' && column !== 'value' && column !== 'description')) continue;
    const cell = spellCell(value);
    if (cell === undefined) throw errors.CONFIG_EDIT_VALUE({ path: `${path}/${name}/${key}`, why: 'a cell does not hold it' });
    out.set(column, cell);
  }
  return out;
}

const columns: ReadonlySet<string> = new Set(tagColumns);
const isColumn = (key: string): key is Column => columns.has(key);

function lineEnd(text: string, at: number): number {
  if (text[at] === '\r') at++;
  return text[at] === '\n' ? at + 1 : at;
}

function spliced(text: string, splices: readonly Splice[]): string {
  let out = '';
  let at = 0;
  for (const { start, end, text: insert } of splices) {
    out += text.slice(at, Math.max(at, start)) + insert;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}
