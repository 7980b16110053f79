import type { HubConfig } from '../hub-schema.ts';
import { tagColumns } from '../tag-cell.ts';
import type { TagConfig } from '../tag-schema.ts';
import { csvOf, tagSheet } from './tag-sheet.ts';
import type { SheetRow } from './tag-sheet.ts';
import { writeXlsx } from './xlsx.ts';

/** All tags of a configuration, or of one device, in the order of the file; templates are filled in. */
export function tagRows(config: HubConfig, device?: string): SheetRow[] {
  const out: SheetRow[] = [];
  for (const [name, { groups }] of Object.entries(config.devices)) {
    if (device !== undefined && name !== device) continue;
    for (const [group, { interval, tags }] of Object.entries(groups))
      for (const [tag, definition] of Object.entries(tags)) out.push({ device: name, group, interval, name: tag, tag: definition });
  }
  return out;
}

/** A table that `readTags` reads back without loss; no cell of it is a formula. */
export const exportCsv = (rows: readonly SheetRow[]): string => csvOf(tagSheet(rows));
export const exportXlsx = (rows: readonly SheetRow[]): Promise<Uint8Array> => writeXlsx(tagSheet(rows), 'tags');

/** The text of a tag table for `tags: { file: … }`. */
export function tagTableText(tags: Readonly<Record<string, Partial<TagConfig>>>): string {
  const used = new Set<string>(['name', 'address', 'type']);
  for (const tag of Object.values(tags))
    for (const [key, value] of Object.entries(tag)) if (!(key === 'access' && value === 'read')) used.add(key);
  const rows = tagSheet(Object.entries(tags).map(([name, tag]) => ({ device: '', group: '', interval: '', name, tag })));
  const header = rows[0] as string[];
  const kept = tagColumns.filter((column) => used.has(column)).map((column) => header.indexOf(column));
  return csvOf(
    rows.map((row) => kept.map((i) => row[i])),
    '\n',
  );
}
