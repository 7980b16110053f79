import type { StoreContents } from '@omh/historian';
import type { BackupCounts } from '@omh/storage';

export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
  /** In the log. */
  readonly position: number;
}

/** What a data directory holds, in numbers that are the same before a backup and after its restore. */
export function countDirectory(found: {
  /** Value of a document, `state/people.json`; undefined when there is none. */
  readonly document: (path: string) => unknown;
  readonly revisions: number;
  readonly audit: Pick<AuditHead, 'seq' | 'hash'> | undefined;
  readonly history: StoreContents | undefined;
}): BackupCounts {
  const current = found.document('revisions/current.json') as { revision?: number } | undefined;
  const out: Record<string, number | string> = {
    revision: current?.revision ?? 0,
    revisions: found.revisions,
    people: sizeOf(found.document('state/people.json')),
    tokens: sizeOf(found.document('state/tokens.json')),
    deviceCredentials: sizeOf(found.document('state/device-credentials.json')),
    tagIds: sizeOf((found.document('state/tags.json') as { ids?: unknown } | undefined)?.ids),
    auditRecords: found.audit?.seq ?? 0,
    auditHead: found.audit?.hash ?? '',
    samples: found.history?.samples ?? 0,
  };
  for (const { name, rows } of found.history?.tables ?? []) if (!name.startsWith('omh.hot_')) out[`rows ${name}`] = rows;
  return out;
}

const sizeOf = (value: unknown): number => (typeof value === 'object' && value !== null ? Object.keys(value).length : 0);
