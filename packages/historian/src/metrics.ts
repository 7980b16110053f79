import { defineMetrics } from '@omh/core';

export const metrics = defineMetrics({
  omh_historian_samples_total: { type: 'counter', help: 'Samples stored.' },
  omh_historian_rows_total: { type: 'counter', help: 'Rows of user tables stored by insert.' },
  omh_historian_refused_total: { type: 'counter', help: 'Rows refused by type or constraint, and samples older than the retention.' },
  omh_historian_lost_total: { type: 'counter', help: 'Samples and rows not stored because the queue was full or the store stopped.' },
  omh_historian_commits_total: { type: 'counter', help: 'Transactions committed.' },
  omh_historian_queued: { type: 'gauge', help: 'Samples and rows waiting for their commit.' },
  omh_historian_commit_p50_seconds: { type: 'gauge', help: 'Median time of a commit over the last commits.' },
  omh_historian_commit_p95_seconds: { type: 'gauge', help: '95th percentile of the time of a commit over the last commits.' },
  omh_historian_disk_bytes: { type: 'gauge', help: 'Size of the store on disk.' },
  omh_historian_restarts_total: { type: 'counter', help: "Times the store's process was started again." },
  omh_historian_queries_total: { type: 'counter', help: 'Queries and history questions answered or refused.' },
});
