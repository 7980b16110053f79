import type { TagConfig } from './tag-schema.ts';

/** The columns of a tag table, one for each property of a tag. */
export const tagColumns = [
  'name',
  'address',
  'type',
  'access',
  'count',
  'value',
  'expression',
  'decimal',
  'bias',
  'clampMin',
  'clampMax',
  'unit',
  'precision',
  'labels',
  'report',
  'deadband',
  'heartbeat',
  'expire',
  'writeMin',
  'writeMax',
  'writeStep',
  'writeRole',
  'writeReason',
  'readBack',
  'description',
] as const;
export type TagColumn = (typeof tagColumns)[number];

type Kind = 'number' | 'flag' | 'labels' | 'value' | 'width';
/** What is not here is text. */
const kinds: Readonly<Partial<Record<TagColumn, Kind>>> = {
  count: 'number',
  value: 'value',
  decimal: 'number',
  bias: 'number',
  clampMin: 'number',
  clampMax: 'number',
  precision: 'number',
  labels: 'labels',
  deadband: 'width',
  writeMin: 'number',
  writeMax: 'number',
  writeStep: 'number',
  writeReason: 'flag',
  readBack: 'flag',
};
/** What an empty cell says, where that is something. */
const silent: Readonly<Partial<Record<TagColumn, string>>> = { access: 'read', report: 'cycle', writeReason: 'false', readBack: 'false' };

const byLowerCase = new Map<string, TagColumn>(tagColumns.map((column) => [column.toLowerCase(), column]));
export const columnNamed = (name: string): TagColumn | undefined => byLowerCase.get(name.toLowerCase());

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
export const numberIn = (cell: string): number | undefined => (number.test(cell) ? Number(cell) : undefined);

/** A cell as the property it stands for; what does not fit stays text, and the schema says so. `type` is the tag's, for its own value. */
export function readCell(column: TagColumn, cell: string, type: string | undefined): unknown {
  const kind = kinds[column];
  if (kind === undefined) return plain(cell);
  if (kind === 'number' || kind === 'width') return numberIn(cell) ?? cell;
  if (kind === 'flag') return flagIn(cell) ?? cell;
  if (kind === 'labels') return labelsIn(plain(cell)) ?? plain(cell);
  if (type === 'string' || type === 'bytes') return plain(cell);
  if (type === 'bool' || type === 'bit') return flagIn(cell) ?? numberIn(cell) ?? plain(cell);
  const found = numberIn(cell);
  return found === undefined || (Number.isInteger(found) && !Number.isSafeInteger(found)) ? plain(cell) : found;
}

/** A property as the cell that `readCell` makes it from; undefined for what no cell holds. */
export function spellCell(value: unknown): string | undefined {
  if (typeof value === 'string') return guarded(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const labels = Object.entries(value);
  if (labels.length === 0 || labels.some(([, word]) => typeof word !== 'string')) return undefined;
  return guarded(labels.map(([key, word]) => `${escaped(key)}=${escaped(word as string)}`).join(';'));
}

/** Whether two cells of one column say the same. */
export function cellsSaySame(column: TagColumn, a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [a === '' ? (silent[column] ?? '') : a, b === '' ? (silent[column] ?? '') : b];
  if (left === right) return true;
  const kind = kinds[column];
  if (left === '' || right === '') return false;
  if (kind === 'number' || kind === 'width') return numberIn(left) !== undefined && numberIn(left) === numberIn(right);
  return kind === 'flag' && flagIn(left) !== undefined && flagIn(left) === flagIn(right);
}
/** Whether this property says no more than its absence. */
export const isSilent = (column: TagColumn, cell: string): boolean => silent[column] === cell;

/** The cells of one row as a tag; `at` says which column each cell is in. Empty cells are absent. */
export function tagOfCells(cells: readonly string[], at: readonly (TagColumn | undefined)[]): Partial<TagConfig> {
  const tag: Record<string, unknown> = {};
  const type = cells[at.indexOf('type')];
  for (let i = 0; i < cells.length; i++) {
    const column = at[i];
    const cell = cells[i]!;
    if (cell !== '' && column !== undefined && column !== 'name') tag[column] = readCell(column, cell, type);
  }
  return tag;
}

const flagIn = (cell: string): boolean | undefined => (/^true$/i.test(cell) ? true : /^false$/i.test(cell) ? false : undefined);

/** A spreadsheet takes a cell that begins so for a formula; ' before it makes it text. */
const formula = /^[=+\-@'\t\r]/;
const guarded = (text: string): string => (text === '' || (formula.test(text) && !number.test(text)) ? `'${text}` : text);
const plain = (cell: string): string => (cell === "'" || (cell.startsWith("'") && formula.test(cell.slice(1))) ? cell.slice(1) : cell);

/** `0=stopped;1=running`; \ before ; = \ and blanks at the ends. Undefined when a part has no = or a key stands there twice. */
function labelsIn(text: string): Record<string, string> | undefined {
  const out: Record<string, string> = {};
  for (const part of text.match(/(?:\\[^]|[^;\\])+/g) ?? []) {
    const found = /^((?:\\[^]|[^=\\])+)=([^]*)$/.exec(part);
    const key = found === null ? '' : unescaped(found[1]!);
    if (found === null || key === '' || key === '__proto__' || Object.hasOwn(out, key)) return undefined;
    out[key] = unescaped(found[2]!);
  }
  return Object.keys(out).length === 0 ? undefined : out;
}
const escaped = (text: string): string => text.replace(/[;=\\]|^\s|\s$/g, '\\$&');
const unescaped = (text: string): string =>
  text
    .replace(/^\s+/, '')
    .replace(/(\\[^])?\s*$/, '$1')
    .replace(/\\([^])/g, '$1');
