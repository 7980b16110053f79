import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OmhError } from '@omh/core';
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

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One request to the hub's REST API; a problem answer becomes the error it describes. */
export async function ask<T>(hub: HubAddress, method: Method, path: string, body?: unknown, timeoutMs = 60_000): Promise<T> {
  const { ok, text, status } = await request(hub, method, path, body, timeoutMs);
  if (ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw refusal(text, status);
}

/** The error that a problem answer describes. */
export function refusal(text: string, status: number): OmhError {
  let problem: { detail?: string; title?: string; next?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    /* a proxy in between may answer anything */
  }
  return errors.CLI_HUB_REFUSED({
    detail: problem.detail ?? problem.title ?? `The hub answers ${status}.`,
    next: problem.next ?? '',
  });
}

/** Whether the hub knows what stands at this path; every answer but yes and no is the error it describes. */
export async function isThere(hub: HubAddress, path: string): Promise<boolean> {
  const { status } = await request(hub, 'GET', path);
  if (status === 404) return false;
  await ask(hub, 'GET', path);
  return true;
}

/** The bytes of a GET answer; a problem answer becomes the error it describes. */
export async function download(hub: HubAddress, path: string): Promise<Uint8Array> {
  const answer = await reached(hub, path, {
    headers: { authorization: `Bearer ${hub.token}` },
    signal: AbortSignal.timeout(60_000),
  });
  if (!answer.ok) throw refusal(await answer.text(), answer.status);
  return new Uint8Array(await answer.arrayBuffer());
}

async function reached(hub: HubAddress, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${hub.url}${path}`, init);
  } catch (thrown) {
    throw silent(hub, thrown);
  }
}
function silent(hub: HubAddress, thrown: unknown): OmhError {
  const cause = (thrown as { cause?: { code?: string } }).cause?.code;
  return errors.CLI_HUB_SILENT(
    { url: hub.url, detail: cause === 'ECONNREFUSED' ? 'nothing listens there' : (thrown as Error).message },
    { cause: thrown },
  );
}

async function request(
  hub: HubAddress,
  method: Method,
  path: string,
  body?: unknown,
  timeoutMs = 60_000,
): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    const answer = await fetch(`${hub.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${hub.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  } catch (thrown) {
    throw silent(hub, thrown);
  }
}
