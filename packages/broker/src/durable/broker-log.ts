import type { Reason } from '@omh/core';

/** What the broker asks of the append log in its folder; the log's meanings hold. */
export interface BrokerLog {
  readonly oldest: number;
  readonly next: number;
  /** What opening found: bytes of a torn end that were cut off, segments that were damaged and put aside. */
  readonly report: {
    readonly truncatedBytes: number;
    readonly damaged: readonly { readonly file: string }[];
    readonly missing: readonly unknown[];
  };
  append(record: Uint8Array): number;
  durable(position: number): Promise<void>;
  read(from?: number): AsyncIterable<{ readonly position: number; readonly record: Uint8Array }>;
  trim(before: number): Promise<void>;
  health(): { readonly state: 'ok' | 'degraded'; readonly reason?: Reason };
  stats(): {
    readonly records: number;
    readonly bytes: number;
    readonly heldBytes: number;
    readonly diskBytes: number;
    readonly syncs: number;
    readonly failures: number;
  };
  close(): Promise<void>;
}
