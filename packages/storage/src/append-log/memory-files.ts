import { basename, dirname } from 'node:path';
import type { FileSystem, LogFile } from './file-system.ts';

/** The bytes of one file, in a buffer that doubles. */
export class MemoryContent {
  #buffer: Uint8Array = new Uint8Array(0);
  length = 0;

  write(bytes: Uint8Array, at: number): void {
    this.#reserve(at + bytes.length);
    this.#buffer.set(bytes, at);
    this.length = Math.max(this.length, at + bytes.length);
  }
  read(into: Uint8Array, at: number): number {
    const bytes = Math.max(0, Math.min(into.length, this.length - at));
    into.set(this.#buffer.subarray(at, at + bytes));
    return bytes;
  }
  truncate(bytes: number): void {
    this.#reserve(bytes);
    this.#buffer.fill(0, Math.min(bytes, this.length), Math.max(bytes, this.length));
    this.length = bytes;
  }
  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.length);
  }
  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const next = new Uint8Array(Math.max(bytes, this.#buffer.length * 2, 4096));
    next.set(this.#buffer.subarray(0, this.length));
    this.#buffer = next;
  }
}

export const systemError = (code: string, path: string): Error => Object.assign(new Error(`${code}, '${path}'`), { code });

/** Files that live and die with the process, at most `capacity` bytes of them: past it a write fails with ENOSPC. */
export class MemoryFiles implements FileSystem {
  capacity: number;
  readonly #contents = new Map<string, MemoryContent>();

  constructor(capacity: number = Number.POSITIVE_INFINITY) {
    this.capacity = capacity;
  }
  async makeFolder(): Promise<void> {}
  async list(folder: string): Promise<string[]> {
    return [...this.#contents.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }
  async open(path: string, how: 'create' | 'change' | 'read'): Promise<LogFile> {
    let content = this.#contents.get(path);
    if (how === 'create') {
      if (content !== undefined) throw systemError('EEXIST', path);
      content = new MemoryContent();
      this.#contents.set(path, content);
    } else if (content === undefined) throw systemError('ENOENT', path);
    return this.#file(content, path);
  }
  async rename(from: string, to: string): Promise<void> {
    const content = this.#contents.get(from);
    if (content === undefined) throw systemError('ENOENT', from);
    this.#contents.delete(from);
    this.#contents.set(to, content);
  }
  async remove(path: string): Promise<void> {
    if (!this.#contents.delete(path)) throw systemError('ENOENT', path);
  }
  async syncFolder(): Promise<void> {}

  #file(content: MemoryContent, path: string): LogFile {
    return {
      write: async (parts, at) => {
        const bytes = parts.reduce((sum, part) => sum + part.length, 0);
        const used = [...this.#contents.values()].reduce((sum, one) => sum + one.length, 0);
        if (used - content.length + Math.max(content.length, at + bytes) > this.capacity) throw systemError('ENOSPC', path);
        for (const part of parts) {
          content.write(part, at);
          at += part.length;
        }
        return bytes;
      },
      read: async (into, at) => content.read(into, at),
      size: async () => content.length,
      truncate: async (bytes) => {
        content.truncate(bytes);
      },
      sync: async () => {},
      close: async () => {},
    };
  }
}
