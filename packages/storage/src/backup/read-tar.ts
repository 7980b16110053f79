import { errors } from '../errors.ts';
import { blockBytes, decodeHeader, decodePax, padding } from './tar-format.ts';

/** One file of an archive. `content` is read to its end before the next entry is asked for. */
export interface TarEntry {
  readonly path: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

const maxPaxBytes = 64 * 1024;

/** The files of an archive, one after another, in memory that does not grow with them. Throws STORAGE_BACKUP_DAMAGED. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(chunks, file);
  try {
    for (;;) {
      let header = decodeHeader(await reader.exactly(blockBytes), file);
      let more: { path?: string; bytes?: number } = {};
      if (header?.kind === 'pax') {
        if (header.bytes > maxPaxBytes) throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'an entry is of an unknown kind' });
        more = decodePax(await reader.exactly(header.bytes), file);
        await reader.exactly(padding(header.bytes));
        header = decodeHeader(await reader.exactly(blockBytes), file);
        if (header?.kind !== 'file') throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'an entry has no file' });
      }
      if (header === undefined) break;
      const bytes = more.bytes ?? header.bytes;
      yield { path: more.path ?? header.path, bytes, content: reader.upTo(bytes) };
      await reader.rest();
      await reader.exactly(padding(bytes));
    }
    if (!(await reader.exactly(blockBytes)).every((byte) => byte === 0) || !(await reader.atEnd()))
      throw errors.STORAGE_BACKUP_DAMAGED({ file, why: 'something follows its end' });
  } finally {
    await reader.close();
  }
}

/** Takes chunks of any size apart. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #file: string;
  #chunk: Uint8Array = new Uint8Array(0);
  #left = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, file: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#file = file;
  }
  async exactly(bytes: number): Promise<Uint8Array> {
    const out = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) {
      const part = await this.#some(bytes - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  async *upTo(bytes: number): AsyncGenerator<Uint8Array> {
    for (this.#left = bytes; this.#left > 0; ) {
      const part = await this.#some(this.#left);
      this.#left -= part.length;
      yield part;
    }
  }
  /** What of the present entry was not read. */
  async rest(): Promise<void> {
    while (this.#left > 0) this.#left -= (await this.#some(this.#left)).length;
  }
  async atEnd(): Promise<boolean> {
    return !(await this.#fill());
  }
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #some(most: number): Promise<Uint8Array> {
    if (!(await this.#fill())) throw errors.STORAGE_BACKUP_DAMAGED({ file: this.#file, why: 'its end is missing' });
    const part = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
    }
    return true;
  }
}
