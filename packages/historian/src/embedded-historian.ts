import { randomUUID } from 'node:crypto';
import { columnOf, HealthState, OmhError } from '@omh/core';
import type {
  Cancel,
  Clock,
  Health,
  Historian,
  HistorianStats,
  HistoryQuery,
  HistorySeries,
  HistoryTag,
  InsertOutcome,
  Logger,
  MetricSample,
  Part,
  QueryOptions,
  Reason,
  SqlResult,
  SqlValue,
  ValueBatch,
} from '@omh/core';
import { errorFrom, errors } from './errors.ts';
import type { Answer, Question, ToParent } from './protocol.ts';
import type { StoreCheck, StoreContents, StoreSnapshot } from './snapshot.ts';
import { StoreProcess } from './store-process.ts';
import { WriteQueue } from './write-queue.ts';

export interface EmbeddedHistorianOptions {
  /** Directory of its own; made when it is missing. */
  readonly dir: string;
  /** Days of samples that ended longer ago are dropped. */
  readonly retentionMs: number;
  /** What the database may use beside Node's own memory; 128 when absent. */
  readonly memoryLimitMb?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** DDL that runs at each start; what exists already is left alone. */
  readonly setup?: readonly string[];
}

const retainEveryMs = 3_600_000;
/** So long after it refused data the historian says so. */
const overloadShownMs = 10_000;
const flushWithinMs = 2000;
const latenciesKept = 512;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/**
 * The historian in the box: DuckDB in a child process of its own. Writes are queued, numbered and sent again when the process ends, so
 * that what resolves is stored once; questions asked meanwhile are refused with HISTORIAN_RESTARTING.
 */
export class EmbeddedHistorian implements Part, Historian {
  readonly id = 'historian';
  readonly dialect = 'duckdb';
  readonly #options: EmbeddedHistorianOptions;
  readonly #clock: Clock;
  readonly #health: HealthState;
  readonly #process: StoreProcess;
  readonly #queue: WriteQueue;
  readonly #known = new Set<number>();
  readonly #wide = new Set<number>();
  readonly #questions = new Map<number, Waiting>();
  readonly #latencies: number[] = [];
  #session = '';
  #setupFault: Reason | null = null;
  #state: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped';
  #stopping: Promise<void> | undefined;
  #nextQuestion = 1;
  #retain: Cancel | undefined;
  #commits = 0;
  #asked = 0;
  #bytesOnDisk = 0;

  constructor(options: EmbeddedHistorianOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#health = new HealthState(() => options.clock.now());
    this.#queue = new WriteQueue(
      options.clock,
      (frame) => this.#process.send({ kind: 'write', frame }),
      (tag) => this.#wide.has(tag),
    );
    this.#process = new StoreProcess(
      () => ({
        kind: 'open',
        dir: options.dir,
        memoryLimitMb: options.memoryLimitMb ?? 128,
        retentionMs: options.retentionMs,
        now: options.clock.now(),
        session: this.#session,
        setup: options.setup ?? [],
      }),
      {
        ready: (setupFault) => {
          this.#setupFault = setupFault;
          this.#sayServing();
          this.#queue.online();
        },
        message: (message) => this.#receive(message),
        lost: (reason, nextTry, crashed) => {
          this.#health.set('lost', reason, nextTry);
          this.#queue.offline(crashed);
          this.#refuseQuestions(errors.HISTORIAN_RESTARTING());
        },
      },
      options.clock,
      options.log,
    );
  }

  async start(): Promise<void> {
    if (this.#state === 'stopping') await this.#stopping;
    if (this.#state !== 'stopped') return;
    this.#state = 'starting';
    this.#session = randomUUID();
    this.#health.set('starting', 'The historian opens its store.');
    try {
      await this.#process.start();
    } catch (thrown) {
      this.#state = 'stopped';
      if (thrown instanceof OmhError) this.#health.set(thrown.code === 'HISTORIAN_STOPPED' ? 'stopped' : 'failed', thrown.reason());
      this.#queue.abandon(errors.HISTORIAN_NOT_RUNNING());
      throw thrown;
    }
    this.#state = 'running';
    this.#scheduleRetention();
  }

  stop(): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve();
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'stopping';
    this.#retain?.();
    if (wasRunning && this.#process.isReady) await this.#within(flushWithinMs, this.#queue.flush());
    await this.#process.stop();
    this.#queue.abandon(errors.HISTORIAN_STOPPED());
    this.#refuseQuestions(errors.HISTORIAN_STOPPED());
    this.#health.set('stopped', 'Stopped.');
    this.#state = 'stopped';
  }

  health(): Health {
    if (this.#state === 'running' && this.#process.isReady) this.#sayServing();
    return this.#health.get();
  }
  address(): string {
    return this.#options.dir;
  }
  /** Process that holds the database, while there is one. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  async ensureTags(tags: readonly HistoryTag[]): Promise<void> {
    this.#mustRun();
    for (const tag of tags) {
      this.#known.add(tag.id);
      if (!tag.scaled && columnOf(tag.type) === 'i64') this.#wide.add(tag.id);
      else this.#wide.delete(tag.id);
    }
    if (tags.length > 0) await this.#queue.tags(tags);
  }

  async append(batch: ValueBatch): Promise<void> {
    this.#mustRun();
    for (let i = 0; i < batch.ids.length; i++) {
      if (!this.#known.has(batch.ids[i]!)) throw errors.HISTORIAN_UNKNOWN_TAG({ tag: batch.ids[i]! });
    }
    if (batch.ids.length > 0) await this.#queue.append(batch);
  }

  async insert(statement: string, rows: readonly (readonly SqlValue[])[]): Promise<InsertOutcome> {
    this.#mustRun();
    return rows.length === 0 ? { inserted: 0, refused: [] } : this.#queue.insert(statement, rows);
  }

  async ddl(statement: string): Promise<void> {
    this.#mustRun();
    await this.#queue.ddl(statement);
  }

  async query(statement: string, params: readonly SqlValue[], options: QueryOptions): Promise<SqlResult> {
    return (await this.#ask({ kind: 'query', statement, params, options })) as SqlResult;
  }
  async history(query: HistoryQuery): Promise<HistorySeries> {
    return (await this.#ask({ kind: 'history', query, now: this.#clock.now() })) as HistorySeries;
  }
  async flush(): Promise<void> {
    await this.#queue.flush();
  }

  /**
   * A moment of the database file for a backup, with what it holds then. Writes wait a fraction of a second. Whoever copies the file looks
   * at its first 12,288 bytes before and after: when they differ, a checkpoint has overtaken the copy and it is worth nothing.
   */
  async snapshot(): Promise<StoreSnapshot> {
    return (await this.#ask({ kind: 'snapshot' })) as StoreSnapshot;
  }
  /** What the store holds now. */
  async contents(): Promise<StoreContents> {
    return (await this.#ask({ kind: 'contents' })) as StoreContents;
  }
  /** Reads every row there is, which takes as long as the history is large, and names the tables that cannot be read. */
  async check(): Promise<StoreCheck> {
    return (await this.#ask({ kind: 'check' })) as StoreCheck;
  }

  stats(): HistorianStats {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      samples: this.#queue.samples,
      rows: this.#queue.rows,
      refused: this.#queue.refused,
      queued: this.#queue.queued,
      lost: this.#queue.lost,
      commits: this.#commits,
      commitP50Ms: at(0.5),
      commitP95Ms: at(0.95),
      bytesOnDisk: this.#bytesOnDisk,
    };
  }

  *metrics(): Iterable<MetricSample> {
    const s = this.stats();
    yield { name: 'omh_historian_samples_total', value: s.samples };
    yield { name: 'omh_historian_rows_total', value: s.rows };
    yield { name: 'omh_historian_refused_total', value: s.refused };
    yield { name: 'omh_historian_lost_total', value: s.lost };
    yield { name: 'omh_historian_commits_total', value: s.commits };
    yield { name: 'omh_historian_queued', value: s.queued };
    yield { name: 'omh_historian_commit_p50_seconds', value: s.commitP50Ms / 1000 };
    yield { name: 'omh_historian_commit_p95_seconds', value: s.commitP95Ms / 1000 };
    yield { name: 'omh_historian_disk_bytes', value: s.bytesOnDisk };
    yield { name: 'omh_historian_restarts_total', value: this.#process.restarts };
    yield { name: 'omh_historian_queries_total', value: this.#asked };
  }

  #sayServing(): void {
    if (this.#clock.monotonicMs() - this.#queue.refusedAtMs < overloadShownMs) {
      this.#health.set('degraded', errors.HISTORIAN_OVERLOADED({ queued: this.#queue.queued }).reason());
    } else if (this.#setupFault) this.#health.set('degraded', this.#setupFault);
    else this.#health.set('running', 'History is stored and answers.');
  }

  #mustRun(): void {
    if (this.#state !== 'running') throw errors.HISTORIAN_NOT_RUNNING();
  }

  async #ask(question: Question): Promise<Answer> {
    this.#mustRun();
    if (!this.#process.isReady) throw errors.HISTORIAN_RESTARTING();
    this.#asked++;
    const id = this.#nextQuestion++;
    return new Promise<Answer>((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#process.send({ kind: 'ask', id, question });
    });
  }
  #refuseQuestions(error: OmhError): void {
    for (const waiting of this.#questions.values()) waiting.reject(error);
    this.#questions.clear();
  }

  #receive(message: Exclude<ToParent, { kind: 'ready' | 'cannotOpen' | 'closed' }>): void {
    switch (message.kind) {
      case 'written':
        this.#commits += message.commits;
        if (message.commits > 0) {
          if (this.#latencies.length >= latenciesKept) this.#latencies.shift();
          this.#latencies.push(message.ms);
        }
        this.#queue.written(message.id, message.outcomes);
        break;
      case 'size':
        this.#bytesOnDisk = message.bytes;
        break;
      default: {
        const waiting = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        if (message.kind === 'answer') waiting?.resolve(message.answer);
        else waiting?.reject(errorFrom(message.reason));
      }
    }
  }

  #scheduleRetention(): void {
    this.#retain = this.#clock.after(retainEveryMs, () => {
      this.#scheduleRetention();
      this.#ask({ kind: 'retain', now: this.#clock.now() }).catch((thrown: unknown) => {
        this.#options.log.warn('Old history could not be dropped.', { error: thrown instanceof Error ? thrown.message : String(thrown) });
      });
    });
  }

  async #within(ms: number, work: Promise<void>): Promise<void> {
    let cancel: Cancel = () => {};
    await Promise.race([
      work,
      new Promise<void>((resolve) => {
        cancel = this.#clock.after(ms, resolve);
      }),
    ]);
    cancel();
  }
}
