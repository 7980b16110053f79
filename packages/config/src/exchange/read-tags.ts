import { errors } from '../errors.ts';
import { readKepware } from './kepware.ts';
import { readNeuronJson, readNeuronSheet } from './neuron.ts';
import { CsvSheet } from './sheet.ts';
import type { Sheet } from './sheet.ts';
import { readTagSheet } from './tag-sheet.ts';
import { maxTags } from './tags-read.ts';
import type { ReadContext, TagFormat, TagsRead } from './tags-read.ts';
import { readTelegraf } from './telegraf.ts';
import { readThingsboard } from './thingsboard.ts';
import { readXlsx } from './xlsx.ts';

const maxBytes = 64_000_000;

/**
 * The tags of a file, in the words of a hub file; without `format` it is told by the content. Nothing is checked yet but the form.
 * Throws CONFIG_IMPORT_FORMAT, CONFIG_IMPORT_LARGE and CONFIG_IMPORT_COLUMN.
 */
export async function readTags(bytes: Uint8Array, format: TagFormat | undefined, context: ReadContext): Promise<TagsRead> {
  if (bytes.length > maxBytes)
    throw errors.CONFIG_IMPORT_LARGE({ what: `${Math.ceil(bytes.length / 1e6)} MB`, limit: `${maxBytes / 1e6} MB` });
  if (isZip(bytes)) {
    if (format !== undefined && format !== 'xlsx' && format !== 'neuron')
      throw errors.CONFIG_IMPORT_FORMAT({ format, why: 'it is a workbook or another archive' });
    const sheet = await readXlsx(bytes, maxTags);
    return format === 'neuron' || (format === undefined && isNeuron(sheet)) ? readNeuronSheet(sheet) : readTagSheet(sheet, 'xlsx');
  }
  if (format === 'xlsx') throw errors.CONFIG_IMPORT_FORMAT({ format: 'XLSX', why: 'it is no workbook' });
  const text = textIn(bytes);
  const kind = format ?? kindOf(text);
  if (kind === 'telegraf') return readTelegraf(text, context);
  if (kind === 'thingsboard') return readThingsboard(json(text), context);
  if (kind === 'neuron' && /^\s*[[{]/.test(text)) return readNeuronJson(json(text), context);
  const sheet = new CsvSheet(text);
  if (kind === 'kepware') return readKepware(sheet, context);
  return kind === 'neuron' ? readNeuronSheet(sheet) : readTagSheet(sheet, 'csv');
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
const isNeuron = (sheet: Sheet): boolean => sheet.rows > 0 && sheet.cells(0).some((cell) => cell.trim().toLowerCase() === 'attribute');

function kindOf(text: string): TagFormat {
  if (/^\s*[[{]/.test(text) && !/^\s*\[\[?[\w.]+\]/.test(text))
    return /"(slaves|configurationJson)"\s*:/.test(text) ? 'thingsboard' : 'neuron';
  if (/^\s*\[\[\s*inputs\.modbus\s*\]\]/m.test(text)) return 'telegraf';
  const header = text
    .slice(0, 2000)
    .split(/[\r\n]/, 1)[0]!
    .toLowerCase();
  if (/tag name/.test(header) && /data type/.test(header)) return 'kepware';
  return /\battribute\b/.test(header) ? 'neuron' : 'csv';
}

/** UTF-8, UTF-16 with its mark, else what Windows wrote. */
function textIn(bytes: Uint8Array): string {
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw errors.CONFIG_IMPORT_FORMAT({ format: 'JSON', why: (cause as Error).message }, { cause });
  }
}
