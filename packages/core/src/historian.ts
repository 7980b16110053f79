import type { Reason } from './errors.ts';
import type { DataType, TagId } from './tag.ts';
import type { Micros } from './time.ts';
import type { ValueBatch } from './value-batch.ts';
import type { QualityWord } from './quality.ts';

/** Where the plant's history lives: embedded, PostgreSQL or TimescaleDB. One suite, core/testing, runs against each. */
export interface Historian {
  readonly dialect: 'duckdb' | 'postgres' | 'timescale';
  /** Makes ids known before their first sample; repeating it updates path and unit. A changed type starts a new typed series under the id. */
  ensureTags(tags: readonly HistoryTag[]): Promise<void>;
  /** Resolves after commit. Rejects with HISTORIAN_OVERLOADED when its bounded queue is full. */
  append(batch: ValueBatch): Promise<void>;
  /**
   * The rule action's door: one INSERT with `$1…$n`, run once per row. Parsed once per text; `now()` in it means when the row was
   * handed in. Resolves after commit with the rows that were refused (type, constraint); rejects when the statement as a whole cannot run.
   */
  insert(statement: string, rows: readonly (readonly SqlValue[])[]): Promise<InsertOutcome>;
  /** CREATE, ALTER, DROP of user tables; `SELECT create_hypertable(…)` and `CREATE EXTENSION` are accepted. */
  ddl(statement: string): Promise<void>;
  query(statement: string, params: readonly SqlValue[], options: QueryOptions): Promise<SqlResult>;
  history(query: HistoryQuery): Promise<HistorySeries>;
  /** Resolves when all that was handed in before is committed. */
  flush(): Promise<void>;
  stats(): HistorianStats;
}

export interface HistoryTag {
  readonly id: TagId;
  readonly path: string;
  readonly device: string;
  readonly group: string;
  readonly name: string;
  readonly type: DataType;
  /** True when decimal or bias make its value a double whatever its type. */
  readonly scaled: boolean;
  readonly unit?: string;
}

/** `Date` never appears: an instant is `{ micros }`, in and out. */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | { readonly micros: Micros };

export interface InsertOutcome {
  readonly inserted: number;
  readonly refused: readonly { readonly row: number; readonly reason: Reason }[];
}

export interface QueryOptions {
  /** `read`: one SELECT over views and user tables. `write`: also INSERT, UPDATE, DELETE and DDL on user tables. */
  readonly rights: 'read' | 'write';
  readonly timeoutMs: number;
  readonly maxRows: number;
}

export interface SqlResult {
  /** `type` is the PostgreSQL name: `timestamptz`, `float8`, `int4`, `int8`, `text`, `bool`, … */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly SqlValue[])[];
  /** More rows existed than `maxRows`. */
  readonly truncated: boolean;
}

export const aggregates = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const;
export type Aggregate = (typeof aggregates)[number];

export interface HistoryQuery {
  readonly tag: TagId;
  readonly from: Micros;
  readonly to: Micros;
  /** At most this many points come back (each bucket gives min and max when `agg` is absent); 1 to 10,000. */
  readonly points: number;
  /** One value per bucket; absent: each bucket's minimum and maximum in their order of time, so no peak is lost. */
  readonly agg?: Aggregate;
}

/** Column by column, in order of time. */
export interface HistorySeries {
  readonly time: readonly Micros[];
  /** null where the sample has no value: the line stops there. */
  readonly value: readonly (number | string | boolean | null)[];
  /** The worst quality in the bucket. */
  readonly quality: readonly QualityWord[];
  /** Spans without good data, for hatching, with the reason written beside them. */
  readonly gaps: readonly { readonly from: Micros; readonly to: Micros; readonly quality: QualityWord; readonly reason: string }[];
  /** 0 when every stored sample came back as it is. */
  readonly bucketMs: number;
  /** Stored samples that the answer stands for. */
  readonly samples: number;
}

export interface HistorianStats {
  readonly samples: number;
  readonly rows: number;
  readonly refused: number;
  readonly queued: number;
  readonly lost: number;
  readonly commits: number;
  /** Median and 95th percentile over the last minute or so. */
  readonly commitP50Ms: number;
  readonly commitP95Ms: number;
  readonly bytesOnDisk: number;
}
