import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errors, whyNot } from './errors.ts';
import { isAlive, ownIdentity } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** The data directory while this process owns it. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Makes a folder below when it is missing, and gives its absolute path; `a/b` makes both. */
  sub(name: string): string;
  /** Gives the lock back; safe to call twice. */
  release(): void;
}

const attempts = 200;

/**
 * Makes the directory when it is missing and takes its lock. Throws STORAGE_LOCKED with the owner's pid while that process lives;
 * the lock of a dead process is taken over. Throws STORAGE_UNUSABLE when the directory cannot be written.
 */
export function lockDataDirectory(dir: string): DataDirectory {
  const path = resolve(dir);
  const lock = join(path, 'lock');
  const mine = JSON.stringify(ownIdentity());
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    acquire(path, lock, mine);
  } catch (cause) {
    if ((cause as { code?: string }).code === errors.STORAGE_LOCKED.code) throw cause;
    throw errors.STORAGE_UNUSABLE({ path, why: whyNot(cause) }, { cause });
  }
  return {
    path,
    sub(name) {
      if (!/^[\w-]{1,100}(\/[\w-]{1,100})*$/.test(name)) throw errors.STORAGE_NAME({ name });
      const folder = join(path, name);
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      } catch (cause) {
        throw errors.STORAGE_UNUSABLE({ path: folder, why: whyNot(cause) }, { cause });
      }
      return folder;
    },
    release() {
      if (read(lock) === mine) rmSync(lock, { force: true });
    },
  };
}

function acquire(path: string, lock: string, mine: string): void {
  const takeover = `${lock}.takeover`;
  for (let i = 0; i < attempts; i++) {
    if (create(lock, mine)) return;
    const text = read(lock);
    if (text === undefined) continue;
    const owner = parse(text);
    if (owner !== undefined && isAlive(owner)) throw errors.STORAGE_LOCKED({ path, pid: owner.pid });
    // Two processes may see the same dead owner: only the holder of the takeover file removes its lock.
    if (!create(takeover, mine)) {
      const other = parse(read(takeover) ?? '');
      if (other !== undefined && !isAlive(other)) rmSync(takeover, { force: true });
      pause(10);
      continue;
    }
    try {
      if (read(lock) === text) rmSync(lock, { force: true });
    } finally {
      rmSync(takeover, { force: true });
    }
  }
  throw new Error(`the lock ${lock} does not settle`);
}

/** Atomic and never half-written: the name appears together with its content. False when the name is taken. */
function create(file: string, text: string): boolean {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error;
    return createWithoutLinks(file, text);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function createWithoutLinks(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const { pid, start, startedAtMs } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof start === 'string' && typeof startedAtMs === 'number'
      ? { pid, start, startedAtMs }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lock is taken before anything else runs, so waiting here holds up nothing. */
const pause = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};
