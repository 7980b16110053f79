import { reasonOf } from '@omh/core';
import type { Cancel, Clock, EntryResult, Reason, Send, SendResult } from '@omh/core';
import type { Position } from '../append-log/segment-format.ts';
import { errors } from '../errors.ts';
import type { QueuedEntry } from './entry-format.ts';
import type { KeptLog } from './kept-log.ts';
import { Lane } from './lane.ts';
import type { QueueCounts } from './queue-counts.ts';
import type { FullOptions } from './queue-options.ts';
import { TokenBucket } from './rates.ts';
import { isAnswer, reasonIfAway } from './send-answers.ts';
import { TargetLink } from './target-link.ts';

export interface SenderParts {
  readonly queue: string;
  readonly kept: KeptLog;
  readonly clock: Clock;
  readonly counts: QueueCounts;
  /** Resolves when the entry is safe among the dead letters; false when the queue is closed before. */
  readonly bury: (entry: QueuedEntry, reason: Reason) => Promise<boolean>;
  /** Something settled or failed. */
  readonly changed: () => void;
}

/** A batch on its way. */
interface Flight {
  readonly lane: Lane;
  readonly batch: readonly QueuedEntry[];
  readonly number: number;
  readonly abort: AbortController;
  answered: boolean;
  cancel: Cancel;
  readonly landed: Promise<void>;
  readonly land: () => void;
}

const stopMs = 1000;
/** With more gaps than this in what is settled, live entries wait their turn. */
const mostGaps = 4096;
const readRetryMs = 1000;
/** A disk that begins to fail while its cursor is waited for is noticed after this time. */
const cursorWaitMs = 1000;

/** Sends what a log keeps, batch after batch, and settles what the target took. */
export class Sender {
  /** Positions that are on their way. */
  readonly flying = new Set<Position>();
  readonly link: TargetLink;
  /** Why the log cannot be read just now. */
  readFault: Reason | undefined;
  /** What stands below and comes back unsent makes room instead of waiting again. */
  dropBelow: Position = 0;
  readonly #parts: SenderParts;
  readonly #clock: Clock;
  readonly #kept: KeptLog;
  #options: FullOptions;
  #send: Send | undefined;
  readonly #flights = new Set<Flight>();
  #number = 0;
  #backlog: Lane;
  /** Present while the target answers and live entries go first. */
  #live: Lane | undefined;
  /** Live entries left room in their last batch: the target has time for the backlog. */
  #backlogNext = false;
  /** What stands below is late. */
  #fence: Position;
  #bucket: TokenBucket | undefined;
  #scheduled = false;
  #wake: Cancel | undefined;
  #readAgainMs = 0;
  #waitsForCursor = false;
  #stopping = false;
  #closed = false;

  constructor(parts: SenderParts, options: FullOptions) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#kept = parts.kept;
    this.#options = options;
    this.#kept.unsavedLimit = options.batchCount * options.window;
    this.link = new TargetLink(parts.clock, options.retry);
    this.#fence = this.#kept.next;
    this.#backlog = this.#lane(this.#kept.floor);
    this.#limitRate();
    this.#split();
    this.#kept.onSaved = () => {
      if (this.#waitsForCursor) this.schedule();
    };
  }
  get isStarted(): boolean {
    return this.#send !== undefined;
  }
  get isSending(): boolean {
    return this.#flights.size > 0;
  }
  /** The oldest entry in memory. */
  get oldest(): QueuedEntry | undefined {
    let oldest = this.#backlog.first ?? this.#live?.first;
    for (const { batch } of this.#flights) {
      for (const entry of batch) if (oldest === undefined || entry.position < oldest.position) oldest = entry;
    }
    return oldest;
  }

  configure(options: FullOptions): void {
    const rate = this.#options.backlogPerSecond;
    this.#options = options;
    this.#kept.unsavedLimit = options.batchCount * options.window;
    this.link.configure(options.retry);
    if (rate !== options.backlogPerSecond) this.#limitRate();
    if (options.liveFirst) this.#split();
    else this.#join();
    this.schedule();
  }

  /** An entry that was appended this moment. */
  push(position: Position, encoded: Uint8Array, nowMs: number): void {
    (this.#live ?? this.#backlog).push(position, encoded, nowMs, this.#lookahead);
    this.schedule();
  }
  start(send: Send): void {
    this.#send = send;
    this.schedule();
  }
  tryNow(): void {
    this.link.hurry();
    this.#backlog.hurry();
    this.#live?.hurry();
    this.schedule();
  }
  /** Looks for something to do in this turn of the loop. */
  schedule(): void {
    if (this.#scheduled || this.#send === undefined || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  async stop(): Promise<void> {
    this.#send = undefined;
    this.#wake?.();
    this.#wake = undefined;
    if (this.#flights.size === 0) return;
    this.#stopping = true;
    const flights = [...this.#flights];
    let cancel!: Cancel;
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(stopMs, () => {
        for (const flight of flights) if (!flight.answered) this.#answer(flight, { retry: stopped });
        resolve();
      });
    });
    for (const { abort } of flights) abort.abort(new Error(stopped.text));
    await Promise.race([late, Promise.all(flights.map(({ landed }) => landed))]);
    cancel();
    this.#stopping = false;
    this.schedule();
  }
  close(): void {
    this.#closed = true;
    this.#backlog.close();
    this.#live?.close();
  }

  #pump(): void {
    this.#wake?.();
    this.#wake = undefined;
    let wakeMs = Number.POSITIVE_INFINITY;
    while (this.#send !== undefined && !this.#stopping && this.#flights.size < (this.link.isDown ? 1 : this.#options.window)) {
      const nowMs = this.#clock.monotonicMs();
      if (nowMs < this.link.nextTryMs) {
        wakeMs = this.link.nextTryMs;
        break;
      }
      this.#waitsForCursor = this.#kept.isBehind;
      if (this.#waitsForCursor) {
        wakeMs = nowMs + cursorWaitMs;
        break;
      }
      const taken = this.#take(nowMs);
      wakeMs = taken.wakeMs;
      if (taken.lane === undefined) break;
      this.#fly(this.#send, taken.lane, taken.batch);
    }
    this.#parts.changed();
    if (wakeMs === Number.POSITIVE_INFINITY || this.#send === undefined) return;
    this.#wake = this.#clock.after(Math.max(0, wakeMs - this.#clock.monotonicMs()), () => this.schedule());
  }

  #take(nowMs: number): { lane?: Lane; batch: QueuedEntry[]; wakeMs: number } {
    const options = this.#options;
    let wakeMs = Number.POSITIVE_INFINITY;
    const expire = (entry: QueuedEntry): void => {
      this.#parts.counts.droppedExpired += this.#kept.settle(entry.position);
    };
    const cutoff = options.expireMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : this.#clock.now() - options.expireMs * 1000;
    for (const lane of this.#lanes()) {
      if (nowMs >= this.#readAgainMs) this.#fetch(lane);
      else if (!lane.caughtUp) wakeMs = Math.min(wakeMs, this.#readAgainMs);
      const allowance = this.#bucket?.allows(options.batchCount, nowMs) ?? Number.POSITIVE_INFINITY;
      const taken = lane.take({ options, nowMs, cutoff, allowance, fence: this.#fence, expire });
      wakeMs = Math.min(wakeMs, taken.wakeMs);
      if (taken.starved && taken.batch.length === 0) wakeMs = Math.min(wakeMs, this.#bucket!.readyAtMs(options.batchCount));
      if (taken.batch.length === 0) continue;
      this.#bucket?.take(taken.late);
      this.#backlogNext = lane === this.#live && taken.batch.length < options.batchCount;
      return { lane, batch: taken.batch, wakeMs };
    }
    this.#kept.commit();
    return { batch: [], wakeMs };
  }

  /** In the order of their turn. */
  #lanes(): readonly Lane[] {
    if (this.#live === undefined) return [this.#backlog];
    return this.#backlogNext ? [this.#backlog, this.#live] : [this.#live, this.#backlog];
  }
  #fetch(lane: Lane): void {
    if (lane.fetching) return;
    lane.fetch(this.#lookahead)?.then(
      () => {
        this.readFault = undefined;
        this.schedule();
      },
      (cause: unknown) => {
        this.readFault = reasonOf(cause);
        this.#readAgainMs = this.#clock.monotonicMs() + readRetryMs;
        this.schedule();
      },
    );
  }

  #fly(send: Send, lane: Lane, batch: readonly QueuedEntry[]): void {
    let land!: () => void;
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    const flight: Flight = {
      lane,
      batch,
      number: this.#number++,
      abort: new AbortController(),
      answered: false,
      cancel: () => {},
      landed,
      land,
    };
    this.#flights.add(flight);
    for (const entry of batch) {
      entry.replay = entry.late || entry.position < this.#fence;
      if (entry.attempts > 0) this.#parts.counts.retried++;
      this.flying.add(entry.position);
    }
    const { timeoutMs } = this.#options;
    flight.cancel = this.#clock.after(timeoutMs, () => {
      const silent = errors.STORAGE_QUEUE_SILENT({ queue: this.#parts.queue, timeoutMs });
      this.#answer(flight, { retry: silent.reason() });
      flight.abort.abort(silent);
    });
    const sending = (async (): Promise<SendResult> => await send(batch, flight.abort.signal))();
    sending.then(
      (result) => this.#answer(flight, result),
      (thrown: unknown) => this.#answer(flight, { retry: reasonOf(thrown) }),
    );
  }

  #answer(flight: Flight, result: SendResult): void {
    if (flight.answered) {
      if (!this.#closed) this.#parts.counts.lateReply++;
      return;
    }
    flight.answered = true;
    flight.cancel();
    const { batch } = flight;
    const list = Array.isArray(result) ? (result as readonly EntryResult[]) : undefined;
    const of = (i: number): EntryResult => {
      const answer = list === undefined ? (result as EntryResult) : list[i];
      return isAnswer(answer) ? answer : { retry: this.#noAnswer(list?.length ?? 0, batch.length) };
    };
    const dead: { entry: QueuedEntry; reason: Reason }[] = [];
    const again: QueuedEntry[] = [];
    const away = reasonIfAway(batch.length, of);
    for (let i = 0; i < batch.length; i++) {
      const entry = batch[i]!;
      const answer = of(i);
      if (answer === 'done') this.#done(entry);
      else if ('refused' in answer) dead.push({ entry, reason: answer.refused });
      else if (away === undefined && entry.attempts + 1 >= this.#options.maxAttempts) dead.push({ entry, reason: answer.retry });
      else again.push(entry);
    }
    if (!this.#stopping && away === undefined) this.#isUp();
    else if (!this.#stopping && away !== undefined) this.#isAway(away, flight.number);
    for (const entry of again) this.#waitAgain(entry, away !== undefined);
    if (dead.length === 0) this.#land(flight, again);
    else void this.#buryAll(dead).then(() => this.#land(flight, again));
  }

  #noAnswer(answers: number, entries: number): Reason {
    return errors.STORAGE_QUEUE_ANSWER({ queue: this.#parts.queue, answers, entries }).reason();
  }
  #done(entry: QueuedEntry): void {
    const { counts } = this.#parts;
    if (this.#kept.settle(entry.position) === 0) return;
    counts.success++;
    if (entry.attempts > 0) counts.retriedSuccess++;
  }
  #waitAgain(entry: QueuedEntry, away: boolean): void {
    if (this.#stopping) return;
    const { firstMs, maxMs, factor = 2, jitter = 0.2, random = Math.random } = this.#options.retry;
    const full = Math.min(maxMs, firstMs * factor ** Math.min(entry.attempts, 100));
    entry.attempts++;
    entry.notBeforeMs = away ? this.link.nextTryMs : this.#clock.monotonicMs() + full * (1 - jitter * random());
  }
  async #buryAll(dead: readonly { entry: QueuedEntry; reason: Reason }[]): Promise<void> {
    const { counts } = this.#parts;
    for (const { entry, reason } of dead) {
      if (!(await this.#parts.bury(entry, reason)) || this.#kept.settle(entry.position) === 0) continue;
      counts.failed++;
      if (entry.attempts > 0) counts.retriedFailed++;
    }
  }
  #land(flight: Flight, again: readonly QueuedEntry[]): void {
    for (const { position } of flight.batch) this.flying.delete(position);
    flight.lane.release(flight.batch);
    const waiting = again.filter(({ position }) => {
      if (position >= this.dropBelow) return true;
      this.#parts.counts.droppedFull += this.#kept.settle(position);
      return false;
    });
    this.#backlog.putBack(waiting.filter(({ position }) => position < this.#backlog.end));
    this.#live?.putBack(waiting);
    this.#flights.delete(flight);
    this.#kept.commit();
    flight.land();
    this.#parts.changed();
    this.schedule();
  }

  #isUp(): void {
    const wasDown = this.link.isDown;
    this.link.answered();
    if (!wasDown) return;
    this.#fence = this.#kept.next;
    this.#split();
  }
  #isAway(reason: Reason, number: number): void {
    const wasDown = this.link.isDown;
    this.link.failed(reason, number, this.#number - 1);
    if (wasDown) return;
    this.#fence = Number.POSITIVE_INFINITY;
    this.#join();
  }

  /** From the fence on entries go first. */
  #split(): void {
    if (!this.#options.liveFirst || this.#live !== undefined || this.link.isDown || this.#kept.gaps > mostGaps) return;
    // What the one line has fetched already it also sends.
    const start = Math.max(this.#fence, this.#backlog.fetched);
    this.#backlog.end = start;
    this.#live = this.#lane(start);
  }
  #join(): void {
    this.#live?.close();
    this.#live = undefined;
    this.#backlog.end = Number.POSITIVE_INFINITY;
  }
  #lane(start: Position): Lane {
    return new Lane(this.#parts.queue, this.#kept, this.flying, start, (count) => {
      this.#parts.counts.droppedOther += count;
    });
  }
  #limitRate(): void {
    const { backlogPerSecond } = this.#options;
    this.#bucket =
      backlogPerSecond === Number.POSITIVE_INFINITY
        ? undefined
        : new TokenBucket(Math.max(0.001, backlogPerSecond), this.#clock.monotonicMs());
  }
  get #lookahead(): number {
    return 4 * this.#options.batchCount * this.#options.window;
  }
}

const stopped: Reason = { code: 'STOPPED', params: {}, text: 'The queue is stopped.' };
