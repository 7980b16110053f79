import type { BackupCounts } from '@omh/storage';
import { formatTable } from './table.ts';

const words: Readonly<Record<string, string>> = {
  revision: 'revision that runs',
  tagIds: 'tag ids',
  deviceCredentials: 'device credentials',
  auditRecords: 'audit records',
  auditHead: 'audit chain ends with',
};

/** What was counted, and beside it what was counted again. */
export function countsTable(counts: BackupCounts, again?: BackupCounts): string {
  const shown = (value: number | string | undefined): string | number =>
    value === undefined || value === '' ? '-' : typeof value === 'string' ? `${value.slice(0, 16)}…` : value;
  const rows = Object.entries(counts).map(([name, value]) => {
    const row = [words[name] ?? name, String(shown(value))];
    return again === undefined ? row : [...row, String(shown(again[name])), again[name] === value ? 'equal' : 'DIFFERENT'];
  });
  return formatTable(again === undefined ? ['what', 'in the backup'] : ['what', 'in the backup', 'restored', ''], rows);
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
