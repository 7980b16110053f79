import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { errors } from '../errors.ts';

const maxBytes = 20_000_000;

/** Fields of a line; one in quotes may hold the separator, and a quote twice. */
function fieldsOf(line: string, separator: string): string[] {
  const out: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(line.slice(at));
    const end = line.indexOf(separator, at + (quoted?.[0].length ?? 0));
    out.push(quoted === null ? line.slice(at, end < 0 ? undefined : end).trim() : quoted[1]!.replaceAll('""', '"'));
    if (end < 0) return out;
    at = end + 1;
  }
}

/**
 * Numbers of one column of a CSV file with a heading, separated by comma, semicolon or tab; where it is no comma, the decimal point may
 * be one. An empty or unreadable field repeats the one above, at the start the first number below. Throws SIMULATORS_CSV.
 */
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
  const at = fieldsOf(lines[0]!, separator).indexOf(column);
  if (at < 0) throw fault(`it has no column ${column}`);
  const values: number[] = [];
  let missing = 0;
  for (const line of lines.slice(1)) {
    if (line.trim() === '') continue;
    const field = fieldsOf(line, separator)[at] ?? '';
    const value = field === '' ? Number.NaN : Number(separator === ',' ? field : field.replace(',', '.'));
    if (Number.isFinite(value)) values.push(value);
    else if (values.length > 0) values.push(values.at(-1)!);
    else missing++;
  }
  if (values.length === 0) throw fault(`column ${column} holds no number`);
  return [...Array.from({ length: missing }, () => values[0]!), ...values];
}
