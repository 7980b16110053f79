import type { Health, Part, PartState } from '@omh/core';

export interface PartStatus {
  readonly id: string;
  readonly health: Health;
  readonly address?: string;
}

export interface HubStatus {
  /** The worst of its parts, counting a part that was stopped by hand as running. */
  readonly state: PartState;
  readonly sentence: string;
  readonly parts: readonly PartStatus[];
}

/** From calm to urgent. */
const order: readonly PartState[] = ['running', 'stopped', 'starting', 'degraded', 'lost', 'failed'];

export function statusOf(parts: Iterable<Part>): HubStatus {
  const rows: PartStatus[] = [];
  let worst: PartStatus | undefined;
  let troubled = 0;
  for (const part of parts) {
    const address = part.address?.();
    const row: PartStatus = { id: part.id, health: part.health(), ...(address === undefined ? {} : { address }) };
    rows.push(row);
    if (row.health.state !== 'running') troubled++;
    if (!worst || order.indexOf(row.health.state) > order.indexOf(worst.health.state)) worst = row;
  }
  if (!worst || worst.health.state === 'running') return { state: 'running', sentence: `All ${rows.length} parts run.`, parts: rows };
  const rest = troubled > 1 ? ` ${troubled - 1} more ${troubled === 2 ? 'needs' : 'need'} attention.` : '';
  return { state: worst.health.state, sentence: `${nameOf(worst.id)}: ${worst.health.reason.text}${rest}`, parts: rows };
}

/** `device/demo` → `Device demo`. */
const nameOf = (id: string): string => {
  const [kind, ...name] = id.split('/');
  return [kind![0]!.toUpperCase() + kind!.slice(1), ...(name.length > 0 ? [name.join('/')] : [])].join(' ');
};
