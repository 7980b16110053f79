import { Worker } from 'node:worker_threads';
import { configErrors, type ConfigIssue } from '@omh/config';
import { OmhError, type ErrorRow, type Reason, type Result } from '@omh/core';
import { errors } from './errors.ts';
import { makePlan, type PlanJob, type PlanMade } from './plan-work.ts';

/** Larger hubs are read and compared in a worker; reading this much takes a few milliseconds. */
const inPlaceCharacters = 16_000;
type Answer = { result: Result<PlanMade, ConfigIssue[]> } | { thrown: Partial<Reason> };

/** Makes a plan without holding up the loop. Throws what `makePlan` throws. */
export async function runPlan(job: PlanJob): Promise<Result<PlanMade, ConfigIssue[]>> {
  const size = (texts: Iterable<string>): number => [...texts].reduce((n, text) => n + text.length, 0);
  const { source } = job;
  const more =
    'text' in source
      ? source.text.length
      : 'ops' in source
        ? JSON.stringify(source.ops).length
        : 'files' in source
          ? size(Object.values(source.files))
          : 0;
  if (!('disk' in source) && size(job.running.files.texts.values()) + more < inPlaceCharacters) return makePlan(job);
  const worker = new Worker(new URL('./plan-worker.js', import.meta.url), { workerData: job });
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(errors.HUB_PLAN_FAILED({ detail: `its worker ended with code ${code}` })));
    });
    if ('result' in answer) return answer.result;
    const { code = '', params = {}, text = '' } = answer.thrown;
    const rows = configErrors as unknown as Readonly<Record<string, { row: ErrorRow } | undefined>>;
    const own = errors as unknown as Readonly<Record<string, { row: ErrorRow } | undefined>>;
    const row = rows[code]?.row ?? own[code]?.row;
    throw row === undefined ? errors.HUB_PLAN_FAILED({ detail: text }) : new OmhError(code, row, params);
  } finally {
    void worker.terminate();
  }
}
