import { OmhError, systemClock } from '@omh/core';
import type { Micros, Reason } from '@omh/core';
import { alreadyExists, runDdl } from './ddl.ts';
import { errors } from './errors.ts';
import { planInsert } from './insert-plan.ts';
import type { InsertPlan } from './insert-plan.ts';
import { LastValues } from './last-values.ts';
import type { StepOutcome, WriteFrame, WriteStep } from './protocol.ts';
import { SampleWriter } from './sample-writer.ts';
import { Slots } from './slots.ts';
import { isFatal, plainMessage, sqlError } from './sql-error.ts';
import type { Store } from './store.ts';
import { TagTable } from './tag-table.ts';

const plansKept = 200;

type InsertStep = Extract<WriteStep, { kind: 'insert' }>;
interface Progress {
  session: string;
  frame: number;
  step: number;
  row: number;
}
/** A step that is checked and ready to be written within a transaction. */
interface Ready {
  write(seq: bigint): Promise<void>;
  committed(): void;
  readonly outcome: StepOutcome;
}

/**
 * The one writer. A frame is one transaction together with its number, so that a frame sent again after a crash is recognised.
 * When something in a frame fails, its steps go one by one, and an insert's rows by halves, until only the bad row is left out.
 */
export class WriteLane {
  readonly tags: TagTable;
  readonly slots: Slots;
  readonly last: LastValues;
  readonly #store: Store;
  readonly #samples: SampleWriter;
  readonly #plans = new Map<string, InsertPlan>();
  readonly #session: string;
  #retentionUs: number;
  #progress: Progress = { session: '', frame: 0, step: 0, row: 0 };
  #seq = 0n;
  #tail: Promise<unknown> = Promise.resolve();
  /** Transactions since opening; what the last frame took, waiting not included. */
  commits = 0;
  lastFrame = { ms: 0, commits: 0 };

  constructor(store: Store, session: string, retentionMs: number) {
    this.#store = store;
    this.#session = session;
    this.#retentionUs = retentionMs * 1000;
    this.tags = new TagTable(store);
    this.slots = new Slots(store);
    this.last = new LastValues(store);
    this.#samples = new SampleWriter(store, this.slots, this.tags, this.last);
  }

  async load(): Promise<void> {
    await this.tags.load();
    await this.slots.load();
    await this.last.load(this.slots);
    const [session, frame, step, row, seq, lkvSeq] = (
      await this.#store.rows('SELECT session, frame, step, "row", seq, lkv_seq FROM omh.progress')
    )[0] as [string, bigint, number, number, bigint, bigint];
    this.#seq = seq > lkvSeq ? seq : lkvSeq;
    this.#progress =
      session === this.#session ? { session, frame: Number(frame), step, row } : { session: this.#session, frame: 0, step: 0, row: 0 };
    await this.#store.writer.run('DELETE FROM omh.outcomes WHERE session <> $1', [this.#session]);
  }

  /** One thing at a time on the writing connection. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work, work);
    this.#tail = result.catch(() => {});
    return result;
  }

  /** Statements of the hub file; what exists already is no fault. Returns the first fault. */
  async setup(statements: readonly string[]): Promise<Reason | null> {
    let fault: Reason | null = null;
    for (const statement of statements) {
      try {
        await this.#transaction(() => runDdl(this.#store, statement));
      } catch (thrown) {
        if (!alreadyExists(thrown)) fault ??= sqlError(thrown).reason();
      }
    }
    this.#forgetPlans();
    return fault;
  }

  run(frame: WriteFrame): Promise<readonly StepOutcome[]> {
    return this.exclusive(async () => {
      const start = systemClock.monotonicMs();
      const before = this.commits;
      const outcomes = await this.#runFrame(frame);
      this.lastFrame = { ms: systemClock.monotonicMs() - start, commits: this.commits - before };
      return outcomes;
    });
  }

  /** Runs a user's writing statement; not sent again after a crash. */
  userWrite<T>(work: () => Promise<T>, isDdl: boolean): Promise<T> {
    return this.exclusive(async () => {
      const result = await this.#transaction(work);
      if (isDdl) this.#forgetPlans();
      return result;
    });
  }

  retain(now: number): Promise<number> {
    return this.exclusive(async () => {
      const dropped = await this.slots.dropBefore(now - this.#retentionUs);
      await this.#store.writer.run('DELETE FROM omh.outcomes WHERE frame < $1', [BigInt(this.#progress.frame - 1000)]);
      return dropped;
    });
  }

  /** `omh.lkv` as of now. */
  storeLast(): Promise<void> {
    return this.exclusive(async () => {
      if (this.last.dirty === 0) return;
      await this.#transaction(() => this.last.write(this.#seq));
      this.last.settled();
    });
  }

  async #runFrame(frame: WriteFrame): Promise<readonly StepOutcome[]> {
    const known = this.#progress;
    if (known.frame >= frame.id) return this.#storedOutcomes(frame);
    const untouched = known.frame < frame.id - 1 || (known.step === 0 && known.row === 0);
    const together =
      (untouched && !frame.steps.some((s) => s.kind === 'ddl' || s.kind === 'tags')) || (frame.steps.length === 1 && untouched);
    if (together) {
      const outcomes = await this.#tryTogether(frame);
      if (outcomes) return outcomes;
    }
    const first = untouched ? 0 : known.step;
    const outcomes = first === 0 && known.row === 0 ? [] : (await this.#storedOutcomes(frame)).slice(0, first);
    for (let step = first; step < frame.steps.length; step++) outcomes.push(await this.#runStep(frame, step));
    await this.#transaction(() => this.#mark({ frame: frame.id, step: 0, row: 0 }));
    return outcomes;
  }

  async #tryTogether(frame: WriteFrame): Promise<StepOutcome[] | undefined> {
    const ready: Ready[] = [];
    try {
      for (const [step, s] of frame.steps.entries()) ready.push(await this.#ready(frame, step, s));
      await this.#transaction(async () => {
        this.#nextSeq(frame.now);
        for (const r of ready) await r.write(this.#seq);
        await this.#mark({ frame: frame.id, step: 0, row: 0 });
      });
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      return undefined;
    }
    for (const r of ready) r.committed();
    return ready.map((r) => r.outcome);
  }

  async #runStep(frame: WriteFrame, step: number): Promise<StepOutcome> {
    const s = frame.steps[step]!;
    try {
      if (s.kind === 'insert') return await this.#runInsert(frame, step, s);
      const ready = await this.#ready(frame, step, s);
      await this.#transaction(async () => {
        await ready.write(this.#nextSeq(frame.now));
        await this.#mark({ frame: frame.id - 1, step: step + 1, row: 0 });
      });
      ready.committed();
      return ready.outcome;
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      const reason = sqlError(thrown).reason();
      await this.#transaction(async () => {
        await this.#remember(frame, step, [{ row: -1, reason }]);
        await this.#mark({ frame: frame.id - 1, step: step + 1, row: 0 });
      });
      return { kind: 'failed', reason };
    }
  }

  /** Everything that needs no transaction is done here: parsing, checking, making tables. */
  async #ready(frame: WriteFrame, step: number, s: WriteStep): Promise<Ready> {
    switch (s.kind) {
      case 'tags': {
        let apply = (): void => {};
        return {
          write: async () => {
            apply = await this.tags.ensure(s.tags);
          },
          committed: () => apply(),
          outcome: { kind: 'done' },
        };
      }
      case 'ddl':
        return { write: () => runDdl(this.#store, s.statement), committed: () => this.#forgetPlans(), outcome: { kind: 'done' } };
      case 'samples': {
        const plan = await this.#samples.plan(s.columns, frame.now, frame.now - this.#retentionUs);
        return {
          write: (seq) => this.#samples.write(plan, seq),
          committed: () => this.#samples.noteLast(plan, frame.now),
          outcome: { kind: 'stored', samples: plan.samples, expired: plan.expired },
        };
      }
      case 'insert': {
        const plan = await this.#plan(s.statement);
        const refused: { row: number; reason: Reason }[] = [];
        const good: InsertStep['rows'][number][] = [];
        const goodAt: Micros[] = [];
        for (const [row, values] of s.rows.entries()) {
          const fault = plan.check(values);
          if (fault) refused.push({ row, reason: fault.reason() });
          else {
            good.push(values);
            goodAt.push(s.at[row]!);
          }
        }
        return {
          write: async () => {
            if (good.length > 0) await plan.write(good, goodAt);
            await this.#remember(frame, step, refused);
          },
          committed: () => {},
          outcome: { kind: 'inserted', outcome: { inserted: good.length, refused } },
        };
      }
    }
  }

  /** Halves the rows until those that fit are stored and the others are named; continues where a crash stopped it. */
  async #runInsert(frame: WriteFrame, step: number, s: InsertStep): Promise<StepOutcome> {
    const plan = await this.#plan(s.statement);
    const known = this.#progress;
    const resumed = known.frame === frame.id - 1 && known.step === step ? known.row : 0;
    const refused: { row: number; reason: Reason }[] = resumed > 0 ? [...(await this.#storedRefusals(frame, step))] : [];
    const store = async (from: number, to: number): Promise<void> => {
      const mark = (): Promise<void> => this.#mark({ frame: frame.id - 1, step, row: to });
      let reason = to - from === 1 ? plan.check(s.rows[from]!)?.reason() : undefined;
      if (!reason) {
        try {
          const rows = s.rows.slice(from, to);
          const fault = to - from > 1 ? rows.find((row) => plan.check(row)) : undefined;
          if (!fault) {
            await this.#transaction(async () => {
              await plan.write(rows, s.at.slice(from, to));
              await mark();
            });
            return;
          }
        } catch (thrown) {
          if (isFatal(thrown)) throw thrown;
          reason = rowReason(thrown);
        }
      }
      if (to - from === 1) {
        refused.push({ row: from, reason: reason! });
        await this.#transaction(async () => {
          await this.#remember(frame, step, [{ row: from, reason: reason! }]);
          await mark();
        });
        return;
      }
      const middle = (from + to) >> 1;
      await store(from, middle);
      await store(middle, to);
    };
    if (resumed < s.rows.length) await store(resumed, s.rows.length);
    await this.#transaction(() => this.#mark({ frame: frame.id - 1, step: step + 1, row: 0 }));
    return { kind: 'inserted', outcome: { inserted: s.rows.length - refused.length, refused } };
  }

  async #plan(statement: string): Promise<InsertPlan> {
    let plan = this.#plans.get(statement);
    if (plan) return plan;
    try {
      plan = await planInsert(this.#store, statement);
    } catch (thrown) {
      throw sqlError(thrown);
    }
    if (this.#plans.size >= plansKept) this.#forgetPlans();
    this.#plans.set(statement, plan);
    return plan;
  }
  #forgetPlans(): void {
    for (const plan of this.#plans.values()) plan.close();
    this.#plans.clear();
  }

  async #transaction<T>(work: () => Promise<T>): Promise<T> {
    const { writer } = this.#store;
    const before = { ...this.#progress };
    await writer.run('BEGIN');
    try {
      const result = await work();
      await writer.run('COMMIT');
      this.commits++;
      return result;
    } catch (thrown) {
      this.#progress = before;
      await writer.run('ROLLBACK').catch(() => {});
      throw thrown;
    }
  }

  async #mark(at: Omit<Progress, 'session'>): Promise<void> {
    this.#progress = { session: this.#session, ...at };
    await this.#store.writer.run('UPDATE omh.progress SET session = $1, frame = $2, step = $3, "row" = $4, seq = $5', [
      this.#session,
      BigInt(at.frame),
      at.step,
      at.row,
      this.#seq,
    ]);
  }
  #nextSeq(now: Micros): bigint {
    const wall = BigInt(Math.floor(now));
    this.#seq = wall > this.#seq ? wall : this.#seq + 1n;
    return this.#seq;
  }

  async #remember(frame: WriteFrame, step: number, refused: readonly { row: number; reason: Reason }[]): Promise<void> {
    if (refused.length === 0) return;
    const appender = await this.#store.writer.createAppender('outcomes', 'omh');
    for (const { row, reason } of refused) {
      appender.appendVarchar(this.#session);
      appender.appendBigInt(BigInt(frame.id));
      appender.appendInteger(step);
      appender.appendInteger(row);
      appender.appendVarchar(JSON.stringify(reason));
      appender.endRow();
    }
    appender.closeSync();
  }
  async #storedRefusals(frame: WriteFrame, step: number): Promise<readonly { row: number; reason: Reason }[]> {
    const rows = await this.#store.rows(
      'SELECT "row", reason FROM omh.outcomes WHERE session = $1 AND frame = $2 AND step = $3 ORDER BY "row"',
      [this.#session, BigInt(frame.id), step],
    );
    return rows.map((r) => ({ row: r[0] as number, reason: JSON.parse(r[1] as string) as Reason }));
  }
  /** What the answer to a frame was whose commit is known but whose answer was lost. */
  async #storedOutcomes(frame: WriteFrame): Promise<StepOutcome[]> {
    const outcomes: StepOutcome[] = [];
    for (const [step, s] of frame.steps.entries()) {
      const stored = await this.#storedRefusals(frame, step);
      const failed = stored.find((r) => r.row === -1);
      if (failed) outcomes.push({ kind: 'failed', reason: failed.reason });
      else if (s.kind === 'insert')
        outcomes.push({ kind: 'inserted', outcome: { inserted: s.rows.length - stored.length, refused: stored } });
      else if (s.kind === 'samples') outcomes.push({ kind: 'stored', samples: s.columns.ids.length, expired: 0 });
      else outcomes.push({ kind: 'done' });
    }
    return outcomes;
  }
}

function rowReason(thrown: unknown): Reason {
  if (thrown instanceof OmhError) return thrown.reason();
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return errors.HISTORIAN_ROW_REFUSED({ message: plainMessage(text).replace(/\.$/, '') }, { cause: thrown }).reason();
}
