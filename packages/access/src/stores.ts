import type { Reason } from '@omh/core';

/** Where small documents are kept: `Documents` of package storage. `put` returns after the document is on disk, or throws. */
export interface DocumentStore {
  get<T>(name: string): T | undefined;
  put(name: string, value: unknown): void;
}

/** Where audit records are kept: `AppendLog` of package storage. Positions grow from record to record. */
export interface AuditStore {
  /** Synchronous and buffered. */
  append(record: Uint8Array): number;
  /** Resolves once everything up to this position is on disk. */
  durable(position: number): Promise<void>;
  /** The records from this position on; 0 is the beginning. */
  read(from: number): AsyncIterable<{ readonly position: number; readonly record: Uint8Array }>;
  /** `reason` while it is not well. */
  health?(): { readonly reason?: Reason };
  close?(): Promise<void>;
}
