import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { errors } from '../errors.ts';

const maxBytes = 20_000_000;

/** Numbers of one column of a CSV file with a heading; an empty or unreadable field repeats the one above. Throws SIMULATORS_CSV. */
export function csvColumn(folder: string, file: string, column: string): readonly number[] {
  const path = resolve(folder, file);
  const fault = (why: string, cause?: unknown) => errors.SIMULATORS_CSV({ file, why }, { cause });
  let text: string;
  try {
    if (statSync(path).size > maxBytes) throw fault(`it is larger than ${maxBytes / 1e6} MB`);
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as { code?: string }).code === errors.SIMULATORS_CSV.code) throw thrown;
    throw fault((thrown as { code?: string }).code === 'ENOENT' ? `there is no ${basename(path)}` : 'it cannot be read', thrown);
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const separator = lines[0]!.includes(';') ? ';' : lines[0]!.includes('\t') ? '\t' : ',';
  const fields = (line: string): string[] => line.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  const at = fields(lines[0]!).indexOf(column);
  if (at < 0) throw fault(`it has no column ${column}`);
  const values: number[] = [];
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue;
    const text = fields(line)[at] ?? '';
    const value = text === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) values.push(value);
    else if (values.length > 0) values.push(values.at(-1)!);
  }
  if (values.length === 0) throw fault(`column ${column} holds no number`);
  return values;
}
