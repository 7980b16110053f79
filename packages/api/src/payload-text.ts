import { isUtf8 } from 'node:buffer';

/** A payload in JSON: text where it is valid UTF-8, base64 otherwise. */
export interface PayloadText {
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  /** Bytes of the whole payload, also when `truncated`. */
  readonly size: number;
  readonly truncated?: true;
}

/** At most `max` bytes of it, never a piece of a character. */
export function payloadText(all: Uint8Array, max: number): PayloadText {
  const text = isUtf8(all);
  const bytes = all.length <= max ? all : all.subarray(0, text ? characterEnd(all, max) : max);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    payload: buffer.toString(text ? 'utf8' : 'base64'),
    encoding: text ? 'utf8' : 'base64',
    size: all.length,
    ...(bytes.length < all.length ? { truncated: true as const } : {}),
  };
}

/** The last place not after `at` where a UTF-8 character begins. */
function characterEnd(bytes: Uint8Array, at: number): number {
  while (at > 0 && (bytes[at]! & 0xc0) === 0x80) at--;
  return at;
}
