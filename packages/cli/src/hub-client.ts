import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readRunEndpoint } from '@omh/storage';
import { errors } from './errors.ts';

export interface HubAddress {
  readonly url: string;
  readonly token: string;
}
export interface FindOptions {
  readonly url?: string;
  readonly data?: string;
}

/** `--data`, else the directory of `omh up`, else that of `omh demo`. */
export const dataDirOf = (options: FindOptions): string =>
  resolve(options.data ?? ['omh-data', 'omh-demo'].find((d) => existsSync(d)) ?? 'omh-data');

/** By `--url` or OMH_URL with OMH_TOKEN, else by the data directory's `run/endpoint.json`; undefined when no hub runs there. */
export function findHub(options: FindOptions): HubAddress | undefined {
  const url = options.url ?? process.env['OMH_URL'];
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), token: process.env['OMH_TOKEN'] ?? process.env['OMH_ADMIN_TOKEN'] ?? '' };
  return readRunEndpoint(dataDirOf(options));
}

export function needHub(options: FindOptions): HubAddress {
  const hub = findHub(options);
  if (!hub) throw errors.CLI_NO_HUB({ dir: dataDirOf(options) });
  return hub;
}

/** One request to the hub's REST API; a problem answer becomes the error it describes. */
export async function ask<T>(hub: HubAddress, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`${hub.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${hub.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
  } catch (thrown) {
    const cause = (thrown as { cause?: { code?: string } }).cause?.code;
    throw errors.CLI_HUB_SILENT(
      { url: hub.url, detail: cause === 'ECONNREFUSED' ? 'nothing listens there' : (thrown as Error).message },
      { cause: thrown },
    );
  }
  const text = await answer.text();
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  let problem: { detail?: string; title?: string; next?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    /* a proxy in between may answer anything */
  }
  throw errors.CLI_HUB_REFUSED({
    detail: problem.detail ?? problem.title ?? `The hub answers ${answer.status}.`,
    next: problem.next ?? '',
  });
}
