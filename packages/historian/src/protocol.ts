import type { HistoryQuery, HistorySeries, HistoryTag, InsertOutcome, Micros, QueryOptions, Reason, SqlResult, SqlValue } from '@omh/core';
import type { StoreCheck, StoreContents, StoreSnapshot } from './snapshot.ts';

/** Samples of many batches as columns of equal length; `any` holds only the rows that have one. */
export interface SampleColumns {
  readonly ids: Uint32Array;
  readonly quality: Uint16Array;
  readonly num: Float64Array;
  /** µs UTC. */
  readonly time: Float64Array;
  readonly i64: BigInt64Array | null;
  readonly any: ReadonlyMap<number, string> | null;
}

export type WriteStep =
  | { readonly kind: 'tags'; readonly tags: readonly HistoryTag[] }
  | { readonly kind: 'ddl'; readonly statement: string }
  /** Rows of one statement from any number of callers; `at[i]` is when row i was handed in. */
  | { readonly kind: 'insert'; readonly statement: string; readonly rows: readonly (readonly SqlValue[])[]; readonly at: readonly Micros[] }
  | { readonly kind: 'samples'; readonly columns: SampleColumns };

/** What is committed together, in order; resent with the same number until it is answered. */
export interface WriteFrame {
  readonly id: number;
  readonly now: Micros;
  readonly steps: readonly WriteStep[];
}
export type StepOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'stored'; readonly samples: number; readonly expired: number }
  | { readonly kind: 'inserted'; readonly outcome: InsertOutcome }
  | { readonly kind: 'failed'; readonly reason: Reason };

export interface OpenRequest {
  readonly kind: 'open';
  readonly dir: string;
  readonly memoryLimitMb: number;
  readonly retentionMs: number;
  readonly now: Micros;
  /** Frames are numbered within one session; a frame of another session is never taken for a resend. */
  readonly session: string;
  readonly setup: readonly string[];
}

export type Question =
  | { readonly kind: 'query'; readonly statement: string; readonly params: readonly SqlValue[]; readonly options: QueryOptions }
  | { readonly kind: 'history'; readonly query: HistoryQuery; readonly now: Micros }
  | { readonly kind: 'retain'; readonly now: Micros }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'contents' }
  | { readonly kind: 'check' };
export type Answer = SqlResult | HistorySeries | StoreSnapshot | StoreContents | StoreCheck | null;

export type ToChild =
  | OpenRequest
  | { readonly kind: 'write'; readonly frame: WriteFrame }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'close' };

export type ToParent =
  | { readonly kind: 'ready'; readonly setupFault: Reason | null }
  /** The store cannot be opened, or not be written any more; the process ends. */
  | { readonly kind: 'cannotOpen'; readonly reason: Reason }
  | {
      readonly kind: 'written';
      readonly id: number;
      readonly outcomes: readonly StepOutcome[];
      readonly ms: number;
      readonly commits: number;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'refusal'; readonly id: number; readonly reason: Reason }
  | { readonly kind: 'size'; readonly bytes: number }
  | { readonly kind: 'closed' };
