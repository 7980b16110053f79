import { parentPort, workerData } from 'node:worker_threads';
import { OmhError } from '@omh/core';
import { makePlan, type PlanJob } from './plan-work.ts';
import { loadPlugins } from './plugins.ts';

try {
  const job = workerData as PlanJob;
  // A thread has its own modules.
  await loadPlugins(job.file);
  parentPort!.postMessage({ result: makePlan(job) }, []);
} catch (thrown) {
  parentPort!.postMessage({ thrown: thrown instanceof OmhError ? thrown.reason() : { text: String(thrown) } }, []);
}
