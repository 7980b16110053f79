/** What a room counts, declared once; docs and `/metrics` come from these rows. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels?: readonly string[];
}
export type MetricCatalog<T extends Record<string, MetricRow>> = Readonly<T>;

/** Names are `omh_<room>_<what>[_total|_bytes|_seconds]`, Prometheus' base units. */
export const defineMetrics = <const T extends Record<string, MetricRow>>(rows: T): MetricCatalog<T> => rows;

/** One reading at scrape time. Rooms keep plain numbers on their hot paths and name them only when asked. */
export interface MetricSample {
  readonly name: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** For names that no catalog declares. */
  readonly type?: MetricRow['type'];
}
