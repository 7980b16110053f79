import { parentPort, workerData } from 'node:worker_threads';
import { OmhError } from '@omh/core';
import { makePlan, type PlanJob } from './plan-work.ts';

try {
  parentPort!.postMessage({ result: makePlan(workerData as PlanJob) }, []);
} catch (thrown) {
  parentPort!.postMessage({ thrown: thrown instanceof OmhError ? thrown.reason() : { text: String(thrown) } }, []);
}
