import { topicFilterFault } from '@omh/core';
import type { Registry } from './checks.ts';
import { errors } from './errors.ts';
import type { IssueList } from './issue.ts';
import { show } from './schema-words.ts';

const rows = (list: unknown): [number, Record<string, unknown>][] =>
  Array.isArray(list)
    ? [...(list as unknown[]).entries()].filter(
        (entry): entry is [number, Record<string, unknown>] => typeof entry[1] === 'object' && entry[1] !== null,
      )
    : [];

/** Topics and patterns of the broker's features. */
export function checkBrokerFeatures(broker: Readonly<Record<string, unknown>>, registry: Registry, issues: IssueList): void {
  const filter = (value: unknown, path: (string | number)[]): void => {
    const why = typeof value === 'string' ? topicFilterFault(value) : undefined;
    if (why !== undefined) issues.add(path, errors.CONFIG_FILTER({ filter: show(value), why }));
  };
  for (const [n, { source, pattern }] of rows(broker.rewrite)) {
    filter(source, ['broker', 'rewrite', n, 'source']);
    const why = typeof pattern === 'string' ? registry.patternFault?.(pattern) : undefined;
    if (why !== undefined) issues.add(['broker', 'rewrite', n, 'pattern'], errors.CONFIG_PATTERN({ pattern: show(pattern), why }));
  }
  for (const [n, row] of rows(broker.autoSubscribe)) filter(row['filter'], ['broker', 'autoSubscribe', n, 'filter']);
  const metrics = broker.topicMetrics as { readonly topics?: unknown } | undefined;
  if (Array.isArray(metrics?.topics))
    for (const [n, one] of (metrics.topics as unknown[]).entries()) filter(one, ['broker', 'topicMetrics', 'topics', n]);
}
