import {
  BoundedQueue,
  OmhError,
  RetrySchedule,
  reasonOf,
  type Cancel,
  type Clock,
  type Historian,
  type InsertOutcome,
  type Logger,
  type Reason,
  type SqlValue,
} from '@omh/core';
import { boundValues, sqlTemplate, type SqlTemplate } from '@omh/expr';
import { ActionCounters, type Action } from './action.ts';
import { errors } from './errors.ts';
import type { ActionStatus } from './rule-config.ts';

export const maxPendingRows = 10_000;
export const maxBatchRows = 5_000;
/** Only gathers what one turn of the loop brings; the historian itself commits in groups. */
export const maxBatchDelayMs = 2;
const stopWithinMs = 2_000;

interface PendingRow {
  readonly values: readonly SqlValue[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Writes outputs as rows, in the order they came, one batch at a time. A refused row is counted and not tried again; while the historian
 * is away rows wait, bounded, and are tried again; nothing is dropped without its promise being rejected and counted.
 */
export class HistorianAction implements Action {
  readonly #rule: string;
  readonly #template: SqlTemplate;
  readonly #historian: Historian;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rows = new BoundedQueue<PendingRow>(maxPendingRows);
  readonly #counters: ActionCounters;
  readonly #retry = new RetrySchedule({ firstMs: 250, maxMs: 10_000 });
  #batch: PendingRow[] = [];
  #timer: Cancel | undefined;
  #inserting = false;
  #stopping = false;
  #idle: (() => void) | undefined;
  #lost: { reason: Reason; nextTry: number | undefined } | undefined;

  /** Throws EXPR_TEMPLATE when the statement's placeholders are wrong. */
  constructor(rule: string, statement: string, deps: { historian: Historian; clock: Clock; log: Logger }) {
    this.#rule = rule;
    this.#template = sqlTemplate(statement);
    this.#historian = deps.historian;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#counters = new ActionCounters('historian', statement);
  }

  run(output: unknown): Promise<void> {
    if (this.#stopping || this.#counters.pending >= maxPendingRows) {
      const error = this.#stopping
        ? errors.RULES_STOPPED({ rule: this.#rule })
        : errors.RULES_OVERLOADED({ rule: this.#rule, limit: maxPendingRows });
      this.#counters.fail(error.reason());
      return Promise.reject(error);
    }
    let values: SqlValue[];
    try {
      values = boundValues(this.#template, output);
    } catch (thrown) {
      this.#counters.fail(reasonOf(thrown));
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#rows.push({ values, resolve, reject });
      this.#counters.pending++;
      if (this.#inserting || this.#lost) return;
      if (this.#rows.size >= maxBatchRows) this.#flush();
      else this.#timer ??= this.#clock.after(maxBatchDelayMs, () => this.#flush());
    });
  }

  status(): ActionStatus {
    return this.#counters.status();
  }
  get failing(): boolean {
    return this.#counters.failing;
  }
  lost(): { readonly reason: Reason; readonly nextTry: number | undefined } | undefined {
    return this.#lost;
  }
  start(): void {
    this.#stopping = false;
    this.#retry.reset();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#flush();
    if (this.#counters.pending > 0) {
      let cancel: Cancel = () => {};
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#idle = resolve;
        }),
        new Promise<void>((resolve) => {
          cancel = this.#clock.after(stopWithinMs, resolve);
        }),
      ]);
      cancel();
    }
    this.#timer?.();
    this.#timer = undefined;
    this.#giveUp();
    this.#lost = undefined;
  }

  #flush(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (this.#inserting) return;
    while (this.#batch.length < maxBatchRows) {
      const row = this.#rows.shift();
      if (row === undefined) break;
      this.#batch.push(row);
    }
    if (this.#batch.length === 0) {
      this.#idle?.();
      return;
    }
    this.#inserting = true;
    const batch = this.#batch;
    void this.#write(batch);
  }

  async #write(batch: readonly PendingRow[]): Promise<void> {
    let outcome: InsertOutcome | undefined;
    let thrown: unknown;
    try {
      outcome = await this.#historian.insert(
        this.#template.statement,
        batch.map((row) => row.values),
      );
    } catch (error) {
      thrown = error;
    }
    // After stop() gave these rows up, a late answer changes nothing.
    if (batch !== this.#batch) return;
    this.#inserting = false;
    if (outcome) this.#committed(batch, outcome);
    else this.#refused(batch, thrown);
    if (this.#lost === undefined) this.#flush();
  }

  #committed(batch: readonly PendingRow[], outcome: InsertOutcome): void {
    if (this.#lost) this.#log.info('historian takes rows again', { rule: this.#rule });
    this.#lost = undefined;
    this.#retry.reset();
    const refused = new Set<number>();
    for (const { row, reason } of outcome.refused) {
      refused.add(row);
      this.#counters.fail(reason);
    }
    const succeeded = batch.length - refused.size;
    if (succeeded > 0) this.#counters.success += succeeded;
    if (refused.size === 0) this.#counters.failing = false;
    this.#settle(batch);
  }

  #refused(batch: readonly PendingRow[], thrown: unknown): void {
    const reason = reasonOf(thrown);
    if (isDefinite(thrown)) {
      this.#lost = undefined;
      this.#retry.reset();
      this.#counters.fail(reason, batch.length);
      this.#log.warn('historian refuses the statement', { rule: this.#rule, code: reason.code, reason: reason.text, rows: batch.length });
      this.#settle(batch);
      return;
    }
    if (this.#stopping) {
      this.#giveUp();
      return;
    }
    const delayMs = this.#retry.next();
    if (this.#lost === undefined) this.#log.warn('historian takes no rows', { rule: this.#rule, code: reason.code, reason: reason.text });
    this.#lost = { reason, nextTry: this.#clock.now() + Math.round(delayMs * 1000) };
    this.#timer = this.#clock.after(delayMs, () => this.#flush());
  }

  #settle(batch: readonly PendingRow[]): void {
    this.#batch = [];
    this.#counters.pending -= batch.length;
    for (const row of batch) row.resolve();
  }

  /** Rejects everything that still waits, so that a durable sender keeps it. */
  #giveUp(): void {
    const rows = this.#batch;
    this.#batch = [];
    this.#inserting = false;
    for (let row = this.#rows.shift(); row !== undefined; row = this.#rows.shift()) rows.push(row);
    if (rows.length === 0) return;
    const error = errors.RULES_STOPPED({ rule: this.#rule });
    this.#counters.pending -= rows.length;
    this.#counters.fail(error.reason(), rows.length);
    this.#log.warn('rows were not written before the stop', { rule: this.#rule, rows: rows.length });
    for (const row of rows) row.reject(error);
  }
}

/** The statement itself is wrong, as against a historian that is away: trying again would not help. */
const isDefinite = (thrown: unknown): boolean =>
  thrown instanceof OmhError && (thrown.row.blame === 'config' || thrown.row.blame === 'caller');
