import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AuditLog } from '@omh/access';
import { EmbeddedHistorian, type StoreContents } from '@omh/historian';
import { checkDocuments, checkLog, peekDocument, readLog, type BackupCounts, type LogCheck } from '@omh/storage';
import { reasonOf, silentLogger, systemClock } from '@omh/core';
import { historyFile, listDataFiles } from './backup-files.ts';
import { countDirectory, type AuditHead } from './count-directory.ts';

/** Something that is not as it was written. */
export interface Finding {
  /** Path in the data directory: `audit/0000000000000000-1.seg`, `state/people.json`, `historian/history.duckdb`. */
  readonly file: string;
  /** First record or byte that is wrong, as the sentence says it too. */
  readonly position?: number;
  readonly byte?: number;
  readonly text: string;
}
export interface Inspection {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** What was looked at, one sentence each. */
  readonly checked: readonly string[];
  readonly counts: BackupCounts;
}

/**
 * Reads everything in a data directory that no process uses: each record of each log and the chain of the audit log, each document, each
 * row of the history. Logs and documents are not touched; opening the history ends what a crash left in its write-ahead log.
 */
export async function inspectDirectory(dataDir: string): Promise<Inspection> {
  const findings: Finding[] = [];
  const checked: string[] = [];
  for (const folder of listDataFiles(dataDir, new Set()).logs) {
    const log = await checkLog(join(dataDir, folder));
    findings.push(...logFindings(folder, log));
    checked.push(`${folder}: ${log.records} records in ${log.segments} segments.`);
  }
  const audit = await auditChain(dataDir);
  if (audit.fault !== undefined)
    findings.push({ file: 'audit', position: audit.fault.at, text: `The audit chain is broken: ${audit.fault.reason}.` });
  else checked.push(`Audit chain: ${audit.head?.seq ?? 0} records follow one another.`);
  await inspectDocuments(dataDir, findings, checked);
  const history = await inspectHistory(dataDir, findings, checked);
  const counts = countsOf(dataDir, audit.head, history);
  return { ok: findings.length === 0, findings, checked, counts };
}

/** The numbers of a data directory, whether a hub works in it or not; documents are replaced whole, so each is read as it is. */
export const countsOf = (
  dataDir: string,
  audit: Pick<AuditHead, 'seq' | 'hash'> | undefined,
  history: StoreContents | undefined,
): BackupCounts =>
  countDirectory({
    document: (path) => peekDocument(join(dataDir, path.split('/')[0]!), path.split('/')[1]!.replace(/\.json$/, '')),
    revisions: revisionNumbers(dataDir).length,
    audit,
    history,
  });

export const logFindings = (folder: string, { damage }: LogCheck): Finding[] =>
  damage.map(({ file, byte, bytes, position, why }) => ({
    file: `${folder}/${file}`,
    position,
    byte,
    text: `In ${folder}/${file}, from record ${position} on, at byte ${byte} (${bytes} bytes): ${why}.`,
  }));

/** Every document of `state/` and `revisions/`, and that the revision that runs is there. */
export async function inspectDocuments(dataDir: string, findings: Finding[], checked: string[]): Promise<void> {
  let documents = 0;
  for (const folder of ['state', 'revisions']) {
    const found = await checkDocuments(join(dataDir, folder));
    documents += found.documents;
    for (const { file, why } of found.faults)
      findings.push({ file: `${folder}/${file}`, text: `${folder}/${file} is no sound document: ${why}.` });
  }
  const current = peekDocument(join(dataDir, 'revisions'), 'current') as { revision?: number } | undefined;
  if (current?.revision !== undefined && !revisionNumbers(dataDir).includes(current.revision))
    findings.push({ file: 'revisions', text: `Revision ${current.revision} is the current one and is not there.` });
  checked.push(`Documents: ${documents} in state and revisions.`);
}

async function inspectHistory(dataDir: string, findings: Finding[], checked: string[]): Promise<StoreContents | undefined> {
  if (!existsSync(join(dataDir, historyFile))) return undefined;
  const historian = new EmbeddedHistorian({
    dir: join(dataDir, 'historian'),
    retentionMs: Number.MAX_SAFE_INTEGER,
    clock: systemClock,
    log: silentLogger,
  });
  try {
    await historian.start();
    const found = await historian.check();
    for (const { table, why } of found.faults) findings.push({ file: historyFile, text: `The table ${table} cannot be read: ${why}.` });
    checked.push(`History: ${found.samples} samples, ${found.tables.length} tables.`);
    return found;
  } catch (thrown) {
    findings.push({ file: historyFile, text: reasonOf(thrown).text });
    return undefined;
  } finally {
    await historian.stop();
  }
}

/** The audit log of a directory that nobody writes to: its newest record, and the first fault of its chain. */
export async function auditChain(
  dataDir: string,
): Promise<{ readonly head: AuditHead | undefined; readonly fault?: { readonly at: number; readonly reason: string } }> {
  const folder = join(dataDir, 'audit');
  const audit = new AuditLog({
    clock: systemClock,
    log: silentLogger,
    store: {
      append: () => {
        throw new Error('this log is only read');
      },
      durable: async () => {},
      read: (from) => readLog(folder, from),
    },
    documents: { get: <T>(name: string) => peekDocument(join(dataDir, 'state'), name) as T | undefined, put: () => {} },
  });
  await audit.start();
  const unsound = audit.fault();
  const verdict = await audit.verify();
  const { head } = audit;
  if (!verdict.ok) return { head, fault: verdict };
  return unsound === undefined
    ? { head }
    : { head, fault: { at: (head?.seq ?? 0) + 1, reason: String(unsound.params['fault'] ?? unsound.text) } };
}

function revisionNumbers(dataDir: string): number[] {
  try {
    return readdirSync(join(dataDir, 'revisions'))
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Number(name.slice(0, -5)));
  } catch {
    return [];
  }
}
