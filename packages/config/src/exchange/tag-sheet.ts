import { didYouMean } from '../did-you-mean.ts';
import { errors } from '../errors.ts';
import { spellCell, tagColumns, tagOfCells } from '../tag-cell.ts';
import type { TagColumn } from '../tag-cell.ts';
import type { TagConfig } from '../tag-schema.ts';
import { headerOf } from './sheet.ts';
import type { Sheet } from './sheet.ts';
import { maxTags, TagCollector } from './tags-read.ts';
import type { TagFormat, TagsRead } from './tags-read.ts';

/** The columns of an exported table: where a tag stands, then its properties. */
const sheetColumns = ['device', 'group', 'interval', ...tagColumns] as const;
type Column = (typeof sheetColumns)[number];
const places: ReadonlySet<string> = new Set(['device', 'group', 'interval', 'name']);
const byName = new Map<string, Column>(sheetColumns.map((column) => [column.toLowerCase(), column]));

export interface SheetRow {
  readonly device: string;
  readonly group: string;
  readonly interval: string;
  readonly name: string;
  readonly tag: Partial<TagConfig>;
}

/** A table of tags with one row each, as `tagSheet` writes it. Throws CONFIG_IMPORT_COLUMN and CONFIG_IMPORT_LARGE. */
export function readTagSheet(sheet: Sheet, format: TagFormat): TagsRead {
  const columns = headerOf(sheet, byName);
  for (const missing of ['name', 'type'] as const) if (!columns.includes(missing)) throw errors.CONFIG_IMPORT_COLUMN({ missing });
  if (sheet.rows - 1 > maxTags) throw errors.CONFIG_IMPORT_LARGE({ what: `${sheet.rows - 1} rows`, limit: maxTags });
  const collector = new TagCollector();
  for (const [i, cell] of sheet.cells(0).entries()) {
    if (columns[i] === undefined && cell.trim() !== '')
      collector.skip(
        sheet.where(0, i),
        `the column ${cell.trim().slice(0, 60)}`,
        didYouMean(cell.trim(), sheetColumns) ?? 'no property of a tag has this name',
      );
    else if (columns.indexOf(columns[i]) !== i) columns[i] = undefined;
  }
  const at = (column: Column): number => columns.indexOf(column);
  const [device, group, interval, name] = [at('device'), at('group'), at('interval'), at('name')];
  const ofTag = columns.map((column) => (column === undefined || places.has(column) ? undefined : (column as TagColumn)));
  for (let row = 1; row < sheet.rows; row++) {
    const cells = sheet.cells(row);
    if (cells.every((cell) => cell.trim() === '')) continue;
    const place = (column: number): string | undefined => (column < 0 || (cells[column] ?? '') === '' ? undefined : cells[column]);
    collector.add({
      device: place(device),
      group: place(group),
      interval: place(interval),
      name: place(name) ?? '',
      tag: tagOfCells(cells, ofTag),
      at: row,
    });
  }
  return {
    format,
    tags: collector.tags,
    devices: collector.devices,
    notMapped: collector.notMapped(),
    locate: (tag, field) => sheet.where(tag.at as number, Math.max(0, at((field ?? 'name') as Column))),
  };
}

/** The header and a row of cells for each tag; columns that nobody uses are left out. */
export function tagSheet(rows: readonly SheetRow[]): (string | number | boolean | undefined)[][] {
  const used = new Set<string>(['device', 'group', 'interval', 'name', 'address', 'type', 'access']);
  for (const { tag } of rows) for (const key of Object.keys(tag)) used.add(key);
  const columns = sheetColumns.filter((column) => used.has(column));
  const out: (string | number | boolean | undefined)[][] = [[...columns]];
  for (const row of rows) {
    const { tag } = row;
    out.push(
      columns.map((column) => {
        if (places.has(column)) return row[column as 'device'];
        const value = tag[column as keyof TagConfig];
        return typeof value === 'number' || typeof value === 'boolean' ? value : value === undefined ? undefined : spellCell(value);
      }),
    );
  }
  return out;
}

/** The same as CSV (RFC 4180). */
export function csvOf(rows: readonly (readonly (string | number | boolean | undefined)[])[], eol = '\r\n'): string {
  const cell = (value: string | number | boolean | undefined): string => {
    const text = value === undefined ? '' : String(value);
    return /[",;\t\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(',') + eol).join('');
}
