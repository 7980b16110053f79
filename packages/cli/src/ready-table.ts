import type { Hub } from '@omh/hub';
import { formatTable } from './table.ts';

/** How the next person comes in: by a one-time link, or by name and password. */
export type Entrance = { readonly kind: 'sign-in' | 'first-admin'; readonly code: string } | { readonly kind: 'people' };

/** What stands in the terminal once everything serves: the parts with their addresses and states, and how to come in. */
export function readyTable({
  hub,
  startMs,
  url,
  entrance,
  notes,
}: {
  hub: Hub;
  startMs: number;
  url: string;
  entrance: Entrance;
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
    `Console ${entrance.kind === 'people' ? url : `${url}/#${entrance.kind}=${entrance.code}`}`,
    `        ${hints[entrance.kind]} Ctrl-C stops.`,
    '',
    '',
  ].join('\n');
}

const hints: Readonly<Record<Entrance['kind'], string>> = {
  'sign-in': 'The link signs in once, within ten minutes; `omh sign-in` makes a new one.',
  'first-admin': 'The link makes the first administrator, once, within an hour; after that `omh user add NAME --role admin` does.',
  people: 'Sign in with name and password; `omh sign-in` makes a one-time link for the administrator of this machine.',
};
