import { parentPort, workerData } from 'node:worker_threads';
import { OmhError } from '@omh/core';
import { exchange, type ExchangeJob } from './exchange-work.ts';
import { loadPlugins } from './plugins.ts';

try {
  const job = workerData as ExchangeJob;
  // A thread has its own modules.
  await loadPlugins(job.file);
  parentPort!.postMessage({ result: await exchange(job) }, []);
} catch (thrown) {
  parentPort!.postMessage({ thrown: thrown instanceof OmhError ? thrown.reason() : { text: String(thrown) } }, []);
}
