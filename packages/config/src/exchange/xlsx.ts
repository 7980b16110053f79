import { readSheet } from 'read-excel-file/universal';
import writeXlsxFile from 'write-excel-file/universal';
import { errors } from '../errors.ts';
import { XlsxSheet } from './sheet.ts';

/** What all parts of a workbook may become when they are unpacked. */
const maxUnpacked = 300_000_000;
const maxParts = 1000;

/**
 * The first sheet of a workbook. Formulas are not evaluated: a cell has the value its writer left. Sizes are read from the directory of
 * the archive before anything is unpacked. Throws CONFIG_IMPORT_FORMAT and CONFIG_IMPORT_LARGE.
 */
export async function readXlsx(bytes: Uint8Array, maxRows: number): Promise<XlsxSheet> {
  checkArchive(bytes);
  let rows: readonly (readonly unknown[])[];
  try {
    rows = await readSheet(new Uint8Array(bytes).buffer, { trim: false });
  } catch (cause) {
    throw errors.CONFIG_IMPORT_FORMAT({ format: 'XLSX', why: 'its sheet cannot be read' }, { cause });
  }
  if (rows.length > maxRows + 1) throw errors.CONFIG_IMPORT_LARGE({ what: `${rows.length - 1} rows`, limit: maxRows });
  return new XlsxSheet(rows);
}

/** A workbook with one sheet; texts stay texts, whatever they begin with. */
export async function writeXlsx(rows: readonly (readonly (string | number | boolean | undefined)[])[], sheet: string): Promise<Uint8Array> {
  const data = rows.map((row) =>
    row.map((value) =>
      value === undefined || value === ''
        ? null
        : typeof value === 'string'
          ? { value: escaped(value), type: String }
          : typeof value === 'number'
            ? { value, type: Number }
            : { value, type: Boolean },
    ),
  );
  const blob = await writeXlsxFile(data as never, { sheet, stickyRowsCount: 1 } as never).toBlob();
  return new Uint8Array(await blob.arrayBuffer());
}

/** XML has no such characters; ECMA-376 writes them as _xHHHH_, and so a text that looks like that too. */
const escaped = (text: string): string =>
  text.replace(/_x([0-9A-Fa-f]{4})_/g, '_x005F_x$1_').replace(/[\p{Cs}\ufffe\uffff]|(?![\t\n])\p{Cc}/gu, hex);
const hex = (character: string): string => `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;

/** Walks the central directory (APPNOTE 4.3.12): a bomb is refused by the sizes it must state there to be unpacked at all. */
function checkArchive(bytes: Uint8Array): void {
  const broken = (): Error => errors.CONFIG_IMPORT_FORMAT({ format: 'XLSX', why: 'the archive is damaged' });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  const least = Math.max(0, end - 65_535);
  while (end >= least && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < least || end < 0) throw broken();
  const parts = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (parts > maxParts) throw errors.CONFIG_IMPORT_LARGE({ what: `${parts} parts`, limit: maxParts });
  let unpacked = 0;
  for (let i = 0; i < parts; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw broken();
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    unpacked += size;
    // Deflate does not pack tighter than about 1:1032: what promises more, or less than it holds, is no honest archive.
    if (size > packed * 1100 + 1000 || (packed > size + 1000 && packed > size * 2)) throw broken();
    if (unpacked > maxUnpacked)
      throw errors.CONFIG_IMPORT_LARGE({ what: 'more than fits when it is unpacked', limit: `${maxUnpacked / 1e6} MB` });
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
}
