import { join } from 'node:path';
import type { AuditLog } from '@omh/access';
import type { EmbeddedHistorian, StoreContents } from '@omh/historian';
import { checkLog } from '@omh/storage';
import { reasonOf } from '@omh/core';
import { historyFile } from './backup-files.ts';
import { countsOf, inspectDocuments, logFindings, type Finding, type Inspection } from './inspect-directory.ts';

/** The same as `inspectDirectory`, as far as it goes while everything is written to: queues and the rows of the history are not read. */
export async function inspectRunning(dataDir: string, audit: AuditLog, historian: EmbeddedHistorian): Promise<Inspection> {
  const findings: Finding[] = [];
  const checked: string[] = [];
  const verdict = await audit.verify();
  const log = await checkLog(join(dataDir, 'audit'));
  // What is just being written has no end yet; the chain knows whether something is missing there.
  const damage = log.damage.filter(({ why }) => !verdict.ok || why !== 'its end is no whole record');
  findings.push(...logFindings('audit', { ...log, damage }));
  if (verdict.ok) checked.push(`Audit chain: ${verdict.count} records follow one another.`);
  else findings.push({ file: 'audit', position: verdict.at, text: `The audit chain is broken: ${verdict.reason}.` });
  await inspectDocuments(dataDir, findings, checked);
  let history: StoreContents | undefined;
  try {
    history = await historian.contents();
    checked.push(`History: ${history.samples} samples, ${history.tables.length} tables; its rows are read only while no hub runs.`);
  } catch (thrown) {
    findings.push({ file: historyFile, text: reasonOf(thrown).text });
  }
  const counts = countsOf(dataDir, audit.head, history);
  return { ok: findings.length === 0, findings, checked, counts };
}
