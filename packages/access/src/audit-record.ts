import { createHash } from 'node:crypto';
import type { Principal } from '@omh/core';

/** What somebody did or was refused. Holds no secret, and nothing that was typed where a name was expected and nobody has it. */
export interface AuditEntry {
  readonly who: string;
  readonly kind: Principal['kind'];
  /** Address of the peer. */
  readonly from?: string;
  /** A verb of access, or `login`, `logout`, `password` and the like. */
  readonly verb: string;
  /** On what: `devices/press`, `acme/line1/humidity`. */
  readonly what: string;
  /** failed: allowed, but it did not work. */
  readonly result: 'ok' | 'refused' | 'failed';
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}
export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
}
export interface Sealed {
  readonly record: AuditRecord;
  readonly prev: string;
  readonly hash: string;
}

/** What stands before the first record. */
export const firstPrev = '0'.repeat(64);
const tail = /^,"hash":"([0-9a-f]{64})"\}$/;
const tailBytes = 75;

/**
 * The bytes of a record: JSON whose last members are `prev`, the hash of the record before, and `hash`, SHA-256 over all bytes before
 * its own member. A changed byte breaks the record itself, a missing or moved record breaks the one after it.
 */
export function seal(record: AuditRecord, prev: string): { bytes: Buffer; hash: string } {
  const { seq, at, who, kind, from, verb, what, result, detail } = record;
  const ordered = {
    seq,
    at,
    who: clip(who),
    kind,
    from: from && clip(from),
    verb: clip(verb),
    what: clip(what),
    result,
    detail: clipped(detail),
    prev,
  };
  const body = Buffer.from(JSON.stringify(ordered).slice(0, -1), 'utf8');
  const hash = sha256(body);
  return { bytes: Buffer.concat([body, Buffer.from(`,"hash":"${hash}"}`)]), hash };
}

/** Undefined when a byte of it is not the one that was sealed. */
export function unseal(bytes: Uint8Array): Sealed | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (all.length <= tailBytes) return undefined;
  const body = all.subarray(0, -tailBytes);
  const hash = tail.exec(all.subarray(-tailBytes).toString('latin1'))?.[1];
  if (hash === undefined || sha256(body) !== hash) return undefined;
  try {
    const { prev, ...record } = JSON.parse(`${body.toString('utf8')}}`) as AuditRecord & { prev: string };
    return Number.isSafeInteger(record.seq) && typeof prev === 'string' ? { record, prev, hash } : undefined;
  } catch {
    return undefined;
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const clip = (text: string): string => (text.length > 500 ? `${text.slice(0, 499)}…` : text);
const clipped = (detail: AuditEntry['detail']): AuditEntry['detail'] =>
  detail &&
  Object.fromEntries(
    Object.entries(detail)
      .slice(0, 20)
      .map(([key, value]) => [clip(key), typeof value === 'string' ? clip(value) : value]),
  );
