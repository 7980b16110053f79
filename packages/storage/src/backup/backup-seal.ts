import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/**
 * The end of a backup: an empty gzip member (RFC 1952, section 2.3) whose extra field `OM` is the SHA-256 of all bytes before it. Any
 * gzip reads over it; a changed, missing or added byte anywhere, the unused bits of the compressed data included, breaks it.
 */
export const sealBytes = 58;

export function sealOf(digest: Uint8Array): Uint8Array {
  const seal = new Uint8Array(sealBytes);
  // Magic, deflate, flag "extra field", no time, no flags, unknown system.
  seal.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
  // 36 bytes of extra field, one part of 32 bytes in it.
  seal.set([36, 0, 0x4f, 0x4d, 32, 0], 10);
  seal.set(digest, 16);
  // An empty block; its checksum and its length are 0.
  seal.set([3, 0], 48);
  return seal;
}

/** Hands on what comes and adds the seal. */
export class Sealing extends Transform {
  readonly #hash: Hash = createHash('sha256');

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    done(null, chunk);
  }
  override _flush(done: TransformCallback): void {
    done(null, sealOf(this.#hash.digest()));
  }
}
