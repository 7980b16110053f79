import type { AuditRow } from '@omh/api';

/** Spreadsheets take a cell that begins so for a formula, and others may write into the log. */
const cell = (text: string): string => {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
const head = ['number', 'time', 'who', 'kind', 'from', 'verb', 'what', 'result', 'detail'];

/** RFC 4180, one record a line. */
export const auditCsv = (records: readonly AuditRow[]): string =>
  [
    head.join(','),
    ...records.map((r) =>
      [
        String(r.seq),
        r.at,
        r.who,
        r.kind,
        r.from ?? '',
        r.verb,
        r.what,
        r.result,
        r.detail === undefined
          ? ''
          : Object.entries(r.detail)
              .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
              .join('; '),
      ]
        .map(cell)
        .join(','),
    ),
  ].join('\r\n');

/** Hands a text to the browser as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
