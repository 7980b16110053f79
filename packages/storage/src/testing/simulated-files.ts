import { basename, dirname } from 'node:path';
import type { DiskFault, DiskOperation, SuiteDisk } from '@omh/core/testing';
import type { FileSystem, LogFile } from '../append-log/file-system.ts';
import { MemoryContent, systemError } from '../append-log/memory-files.ts';

interface Change {
  readonly at: number;
  /** Absent: cut to `at` bytes. */
  readonly bytes?: Uint8Array;
}
interface Content {
  /** What programs see. */
  readonly live: MemoryContent;
  /** What is on the plates. */
  readonly plate: MemoryContent;
  /** In the system's memory; a sync brings it to the plates. */
  unsynced: Change[];
}
type Naming = (names: Map<string, Content>) => void;

/**
 * A disk that fails on command and loses power: bytes that were not synced are gone from any byte on, names that were not synced from any
 * change on. As on Linux, a failed sync drops the unsynced bytes: they stay readable, and no later sync of the file brings them to the plates.
 */
export class SimulatedFiles implements FileSystem, SuiteDisk {
  /** Asked before every operation with its number from 0; what it returns happens. */
  fault: (operation: DiskOperation, path: string, n: number) => DiskFault | undefined = () => undefined;
  /** Every change waits for it before it happens. */
  pause: (() => Promise<void>) | undefined;
  /** Operations so far. */
  operations = 0;
  /** All files together; more fails with ENOSPC. */
  capacity: number = Number.POSITIVE_INFINITY;
  #names = new Map<string, Content>();
  #plateNames = new Map<string, Content>();
  #unsyncedNames: Naming[] = [];
  /** Descriptors of before a power cut are dead. */
  #power = 0;

  async makeFolder(): Promise<void> {}
  async list(folder: string): Promise<string[]> {
    this.#enter('list', folder);
    return this.names(folder);
  }
  async open(path: string, how: 'create' | 'change' | 'read'): Promise<LogFile> {
    this.#enter('open', path);
    if (how === 'create') await this.#pause();
    let content = this.#names.get(path);
    if (how === 'create') {
      if (content !== undefined) throw systemError('EEXIST', path);
      const made = { live: new MemoryContent(), plate: new MemoryContent(), unsynced: [] };
      content = made;
      this.#name((names) => names.set(path, made));
    } else if (content === undefined) throw systemError('ENOENT', path);
    return this.#file(content, path);
  }
  async rename(from: string, to: string): Promise<void> {
    this.#enter('rename', from);
    await this.#pause();
    if (!this.#names.has(from)) throw systemError('ENOENT', from);
    this.#name((names) => {
      const content = names.get(from);
      if (content === undefined) return;
      names.delete(from);
      names.set(to, content);
    });
  }
  async remove(path: string): Promise<void> {
    this.#enter('remove', path);
    await this.#pause();
    if (!this.#names.has(path)) throw systemError('ENOENT', path);
    this.#name((names) => names.delete(path));
  }
  async syncFolder(folder: string): Promise<void> {
    this.#enter('syncFolder', folder);
    await this.#pause();
    for (const naming of this.#unsyncedNames.splice(0)) naming(this.#plateNames);
  }

  /** Power fails and comes back; `random` from 0 to 1 chooses what of the unsynced got through. */
  crash(random: () => number): void {
    this.#power++;
    const namings = this.#unsyncedNames.splice(0);
    for (const naming of namings.slice(0, Math.floor(random() * (namings.length + 1)))) naming(this.#plateNames);
    for (const content of new Set([...this.#plateNames.values()])) {
      let left = Math.floor(random() * (content.unsynced.reduce((sum, change) => sum + (change.bytes?.length ?? 1), 0) + 1));
      for (const change of content.unsynced.splice(0)) {
        if (left <= 0) break;
        apply(content.plate, change.bytes === undefined ? change : { at: change.at, bytes: change.bytes.subarray(0, left) });
        left -= change.bytes?.length ?? 1;
      }
      content.live.truncate(0);
      content.live.write(content.plate.bytes(), 0);
    }
    this.#names = new Map(this.#plateNames);
  }

  /** The process ends: what it wrote stays, its descriptors are dead. */
  kill(): void {
    this.#power++;
  }

  /** Names in a folder, sorted. */
  names(folder: string): string[] {
    return [...this.#names.keys()]
      .filter((path) => dirname(path) === folder)
      .map((path) => basename(path))
      .sort();
  }
  bytes(path: string): Uint8Array {
    return this.#names.get(path)!.live.bytes();
  }
  /** Another program, or the disk, changes a file behind the log's back. */
  replace(path: string, bytes: Uint8Array): void {
    const content: Content = { live: new MemoryContent(), plate: new MemoryContent(), unsynced: [] };
    content.live.write(bytes, 0);
    content.plate.write(bytes, 0);
    this.#names.set(path, content);
    this.#plateNames.set(path, content);
  }
  erase(path: string): void {
    this.#names.delete(path);
    this.#plateNames.delete(path);
  }

  #enter(operation: DiskOperation, path: string): DiskFault | undefined {
    const fault = this.fault(operation, path, this.operations++);
    if (fault?.code !== undefined && operation !== 'write') throw systemError(fault.code, path);
    return fault;
  }
  /** A program that ended meanwhile changes nothing any more. */
  async #pause(): Promise<void> {
    const power = this.#power;
    await this.pause?.();
    if (power !== this.#power) throw systemError('EIO', 'a disk without power');
  }
  #name(naming: Naming): void {
    naming(this.#names);
    this.#unsyncedNames.push(naming);
  }

  #file(content: Content, path: string): LogFile {
    const power = this.#power;
    const enter = (operation: DiskOperation): DiskFault | undefined => {
      if (power !== this.#power) throw systemError('EIO', path);
      return this.#enter(operation, path);
    };
    const change = (one: Change): void => {
      apply(content.live, one);
      content.unsynced.push(one);
    };
    return {
      write: async (parts, at) => {
        const fault = enter('write');
        await this.#pause();
        const all = Buffer.concat(parts);
        const used = [...this.#names.values()].reduce((sum, one) => sum + one.live.length, 0);
        const room = Math.max(0, this.capacity - used);
        const bytes = Math.min(all.length, fault?.takes ?? (fault?.code === undefined ? all.length : 0), room);
        if (bytes > 0) change({ at, bytes: new Uint8Array(all.subarray(0, bytes)) });
        if (fault?.code !== undefined) throw systemError(fault.code, path);
        if (bytes === 0 && all.length > 0) throw systemError('ENOSPC', path);
        return bytes;
      },
      read: async (into, at) => {
        enter('read');
        return content.live.read(into, at);
      },
      size: async () => content.live.length,
      truncate: async (bytes) => {
        enter('truncate');
        change({ at: bytes });
      },
      sync: async () => {
        try {
          enter('sync');
        } catch (cause) {
          if (power === this.#power) content.unsynced = [];
          throw cause;
        }
        await this.#pause();
        for (const one of content.unsynced.splice(0)) apply(content.plate, one);
      },
      close: async () => {
        enter('close');
      },
    };
  }
}

function apply(to: MemoryContent, change: Change): void {
  if (change.bytes === undefined) to.truncate(change.at);
  else to.write(change.bytes, change.at);
}
