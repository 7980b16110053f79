import { close, fdatasync, fstat, fsync, ftruncate, open, promises, read, writev } from 'node:fs';

/** One open file. Every failure rejects with the system's error (`code` ENOSPC, EIO, …). */
export interface LogFile {
  /** Writes the parts one after another from byte `at` on; resolves to the bytes taken, which may be fewer than given. */
  write(parts: readonly Uint8Array[], at: number): Promise<number>;
  /** Fills `into` from byte `at` on; resolves to the bytes read, fewer only at the end of the file. */
  read(into: Uint8Array, at: number): Promise<number>;
  size(): Promise<number>;
  truncate(bytes: number): Promise<void>;
  /** The bytes, and the length that makes them readable, survive a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What the log asks of a disk; `SimulatedFiles` in `@omh/storage/testing` is the twin that fails on command. */
export interface FileSystem {
  makeFolder(folder: string): Promise<void>;
  /** Names of the files in a folder. */
  list(folder: string): Promise<string[]>;
  /** `create` refuses a name that exists, `change` and `read` one that does not. */
  open(path: string, how: 'create' | 'change' | 'read'): Promise<LogFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names made, changed and removed in the folder survive a power cut. */
  syncFolder(folder: string): Promise<void>;
}

const flags = { create: 'wx+', change: 'r+', read: 'r' } as const;
/** What one system call takes (IOV_MAX); the caller goes on with the rest. */
const partsPerWrite = 1000;

const answer =
  (resolve: () => void, reject: (error: Error) => void) =>
  (error: Error | null): void => {
    if (error) reject(error);
    else resolve();
  };

class NodeFile implements LogFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }
  write(parts: readonly Uint8Array[], at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#fd, parts.slice(0, partsPerWrite), at, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    });
  }
  async read(into: Uint8Array, at: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const bytes = await this.#read(into, done, at + done);
      if (bytes === 0) break;
      done += bytes;
    }
    return done;
  }
  #read(into: Uint8Array, offset: number, at: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, into, offset, into.length - offset, at, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    });
  }
  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fstat(this.#fd, (error, stats) => {
        if (error) reject(error);
        else resolve(stats.size);
      });
    });
  }
  truncate(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      ftruncate(this.#fd, bytes, answer(resolve, reject));
    });
  }
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#fd, answer(resolve, reject));
    });
  }
  close(): Promise<void> {
    return new Promise((resolve, reject) => {
      close(this.#fd, answer(resolve, reject));
    });
  }
}

export const diskFiles: FileSystem = {
  async makeFolder(folder) {
    await promises.mkdir(folder, { recursive: true, mode: 0o700 });
  },
  list: (folder) => promises.readdir(folder),
  open: (path, how) =>
    new Promise((resolve, reject) => {
      open(path, flags[how], 0o600, (error, fd) => {
        if (error) reject(error);
        else resolve(new NodeFile(fd));
      });
    }),
  rename: (from, to) => promises.rename(from, to),
  remove: (path) => promises.unlink(path),
  async syncFolder(folder) {
    const fd = await new Promise<number | undefined>((resolve) => {
      open(folder, 'r', (error, found) => resolve(error ? undefined : found));
    });
    // Systems that cannot open or sync a folder keep its names by themselves.
    if (fd === undefined) return;
    try {
      await new Promise<void>((resolve, reject) => {
        fsync(fd, (error) => {
          if (error && !['EPERM', 'EINVAL', 'ENOTSUP', 'EISDIR'].includes(error.code ?? '')) reject(error);
          else resolve();
        });
      });
    } finally {
      close(fd, () => {});
    }
  },
};

/** All parts, whatever the pieces the system takes them in. */
export async function writeAll(file: LogFile, parts: readonly Uint8Array[], at: number): Promise<void> {
  let rest: Uint8Array[] = parts.filter((part) => part.length > 0);
  while (rest.length > 0) {
    let taken = await file.write(rest, at);
    if (taken === 0) throw Object.assign(new Error('the disk takes no bytes'), { code: 'EIO' });
    at += taken;
    let i = 0;
    for (; i < rest.length && taken >= rest[i]!.length; i++) taken -= rest[i]!.length;
    rest = rest.slice(i);
    if (taken > 0) rest[0] = rest[0]!.subarray(taken);
  }
}
