import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from './durable-file.ts';
import { isAlive, ownIdentity } from './process-identity.ts';

/** How a command on this machine finds the hub that runs on a data directory: `run/endpoint.json`, readable by its owner only. */
export interface RunEndpoint {
  readonly pid: number;
  /** `http://127.0.0.1:7070`, without a slash at the end. */
  readonly url: string;
  /** Admin token, new at each start. */
  readonly token: string;
  /** RFC 3339 UTC. */
  readonly startedAt: string;
}

const fileOf = (dataDir: string): string => join(dataDir, 'run', 'endpoint.json');

export function writeRunEndpoint(dataDir: string, endpoint: RunEndpoint): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
  writeFileDurably(fileOf(dataDir), `${JSON.stringify({ ...endpoint, process: ownIdentity() }, undefined, 2)}\n`, 0o600);
}

/** The endpoint of the hub that runs there now; undefined when none was written, its process is gone or the file makes no sense. */
export function readRunEndpoint(dataDir: string): RunEndpoint | undefined {
  try {
    const found = JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as Partial<RunEndpoint> & { process?: ReturnType<typeof ownIdentity> };
    const { pid, url, token, startedAt } = found;
    if (typeof pid !== 'number' || typeof url !== 'string' || typeof token !== 'string' || typeof startedAt !== 'string') return undefined;
    if (!isAlive(found.process ?? { pid, start: '', startedAtMs: Date.parse(startedAt) })) return undefined;
    return { pid, url, token, startedAt };
  } catch {
    return undefined;
  }
}

export function removeRunEndpoint(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}
