import type { Hub } from '@omh/hub';
import { formatTable } from './table.ts';

/** What stands in the terminal once everything serves: the parts with their addresses and states, and one link. */
export function readyTable({
  hub,
  startMs,
  signIn,
  notes,
}: {
  hub: Hub;
  startMs: number;
  signIn: string;
  notes: readonly string[];
}): string {
  const { parts } = hub.status();
  const rows = parts.map((part) => [part.id, part.health.state, part.address ?? '', part.health.reason.text]);
  return [
    '',
    `Open Manufacturing Hub ${hub.version}, hub ${hub.config.hub.name}, ready in ${(startMs / 1000).toFixed(1)} s.`,
    ...notes,
    '',
    formatTable(['part', 'state', 'address', ''], rows),
    '',
    `Data    ${hub.dataDir}`,
    `Console ${signIn}`,
    '        The link signs in once, within ten minutes; `omh sign-in` makes a new one. Ctrl-C stops.',
    '',
    '',
  ].join('\n');
}
