import { Option, type Command } from 'commander';
import type { FindOptions } from '../hub-client.ts';

/** What the commands about people, tokens and device credentials share. */
export type AccessFlags = FindOptions & { readonly json?: true };

/** With the options that every command about a running hub has. */
export const onHub = (command: Command): Command =>
  command
    .option('--url <url>', 'the hub, with its token in OMH_TOKEN')
    .option('--data <dir>', 'data directory of a hub on this machine')
    .option('--json', 'print JSON');

export const roleOption = (what: string): Option =>
  new Option('--role <role>', what).choices(['viewer', 'operator', 'engineer', 'admin']).conflicts('permission');
export const permissionOption = (): Option =>
  new Option('--permission <permission...>', "instead of a role: verb or 'verb subtree'; may be given several times");

/** A new secret goes to stdout alone, so that a script can keep it; the sentence about it goes to stderr. */
export function tellSecret(secret: string | undefined, sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  if (secret !== undefined) process.stdout.write(`${secret}\n`);
}

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

interface Page {
  readonly cursor?: string;
}
/** Everything of a paged list. */
export async function allPages<P extends Page, R>(page: (query: string) => Promise<P>, rows: (page: P) => readonly R[]): Promise<R[]> {
  const out: R[] = [];
  let cursor: string | undefined;
  do {
    const answer = await page(cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`);
    out.push(...rows(answer));
    cursor = answer.cursor;
  } while (cursor !== undefined);
  return out;
}

/** `2026-11-23T21:15:19.123456Z` as people read it: minutes, UTC. */
export const minutes = (time: string): string => time.slice(0, 16).replace('T', ' ');
