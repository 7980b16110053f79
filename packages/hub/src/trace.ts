import type { CycleProbe, LastValues } from '@omh/acquisition';
import {
  carriesValue,
  qualityWord,
  valueAt,
  type Clock,
  type GroupCycle,
  type Micros,
  type QualityWord,
  type Tag,
  type TagValue,
} from '@omh/core';
import { errors } from './errors.ts';
import type { Recorder } from './recorder.ts';

/** One step of a value's way; `ms` since the step before, `atMs` since the cycle was due. */
export interface TraceHop {
  readonly step:
    | 'started'
    | 'requested'
    | 'answered'
    | 'decoded'
    | 'scaled'
    | 'last value'
    | 'rule'
    | 'reader'
    | 'handed on'
    | 'sent'
    | 'committed';
  /** Which reader, and of which topic. */
  readonly detail?: string;
  readonly atMs: number;
  readonly ms: number;
}
export interface TraceFrame {
  readonly direction: 'tx' | 'rx';
  readonly atMs: number;
  readonly bytes: number;
  /** The first 512 bytes. */
  readonly hex: string;
}
/** One value from the moment its cycle was due to the row in history. */
export interface ValueTrace {
  readonly tag: Tag;
  /** When the cycle was due. */
  readonly time: Micros;
  /** As the device gave it; undefined where it gave none. */
  readonly raw: TagValue | undefined;
  readonly value: TagValue | undefined;
  readonly quality: QualityWord;
  readonly reason: string | undefined;
  /** In order of time; their `ms` add up to `endToEndMs`. */
  readonly hops: readonly TraceHop[];
  /** Of the link between the start of the cycle and its last answer: other groups' frames may be among them. */
  readonly frames: readonly TraceFrame[];
  readonly endToEndMs: number;
  /** Why history did not take the value; undefined when it did. */
  readonly notCommitted: string | undefined;
}

interface Probed {
  probe(probe: CycleProbe | undefined): void;
}
/** What a broker in this process tells while somebody looks. */
interface Watched {
  watchReaders(received: (reader: string, topic: string, fromMs: number, toMs: number) => void): () => void;
  afterNextWrite(written: () => void): void;
  stats(): { readonly messagesOut: number };
}
export interface TracerOptions {
  readonly device: (name: string) => Probed | undefined;
  readonly values: LastValues;
  readonly recorder: Recorder;
  /** undefined when the broker is elsewhere. */
  readonly broker: Watched | undefined;
  readonly clock: Clock;
}

const mostFrames = 64;
const mostReaders = 32;
const longestFrame = 512;

/** Follows single values through the hub, one at a time. Nothing of it is there while nobody asks. */
export class Tracer {
  readonly #options: TracerOptions;
  #busy = false;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** The next value of a tag. Rejects with HUB_TRACE_BUSY (409), HUB_NO_SUCH_TAG or, when none comes in time, HUB_TRACE_NOTHING (504). */
  async next(tag: Tag, withinMs: number): Promise<ValueTrace> {
    const device = this.#options.device(tag.device);
    if (device === undefined) throw errors.HUB_NO_SUCH_TAG({ tag: tag.path });
    if (this.#busy) throw errors.HUB_TRACE_BUSY();
    this.#busy = true;
    const run = new TraceRun(tag, this.#options);
    try {
      device.probe(run.probe);
      return await run.finished(withinMs);
    } finally {
      device.probe(undefined);
      run.release();
      this.#busy = false;
    }
  }
}

type Mark = Omit<TraceHop, 'atMs' | 'ms'> & { readonly atUs: number };

/** Notes of one trace: begun anew with each cycle of the group until one brings the tag. */
class TraceRun {
  readonly #tag: Tag;
  readonly #options: TracerOptions;
  readonly #releases: (() => void)[] = [];
  #marks: Mark[] = [];
  #frames: { direction: 'tx' | 'rx'; atUs: number; bytes: number; hex: string }[] = [];
  #dueUs = 0;
  #time = 0 as Micros;
  /** Between `due` and `decoded` of the group. */
  #reading = false;
  #raw: TagValue | undefined;
  #found: { cycle: GroupCycle; row: number } | undefined;
  #committing: Promise<string | undefined> | undefined;
  #sent: Promise<void> = Promise.resolve();
  #messagesBefore = 0;
  #done: (trace: ValueTrace) => void = () => {};

  constructor(tag: Tag, options: TracerOptions) {
    this.#tag = tag;
    this.#options = options;
    const { values, recorder, broker } = options;
    this.#releases.push(
      values.onChange((ids) => {
        if (this.#found !== undefined && !this.#has('last value') && ids.includes(tag.id)) this.#mark('last value');
      }),
    );
    recorder.watch = (cycle, stored) => {
      if (this.#found?.cycle === cycle) this.#committing = this.#commit(stored);
    };
    this.#releases.push(() => {
      recorder.watch = undefined;
    });
    if (broker !== undefined) this.#releases.push(broker.watchReaders((...call) => this.#received(...call)));
  }
  release(): void {
    for (const release of this.#releases) release();
  }
  finished(withinMs: number): Promise<ValueTrace> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(withinMs, () =>
        reject(errors.HUB_TRACE_NOTHING({ tag: this.#tag.path, seconds: Math.round(withinMs / 1000) })),
      );
      this.#done = (trace) => {
        cancel();
        resolve(trace);
      };
    });
  }

  readonly probe: CycleProbe = {
    due: (_device, group, dueUs, atUs) => {
      if (group !== this.#tag.group || this.#found !== undefined) return;
      const { clock } = this.#options;
      this.#marks = [];
      this.#frames = [];
      this.#raw = undefined;
      // A timer may fire a fraction of a millisecond early.
      this.#dueUs = Math.min(dueUs, atUs);
      this.#time = Math.round(clock.now() - (clock.monotonicMs() * 1000 - this.#dueUs)) as Micros;
      this.#reading = true;
      this.#mark('started', undefined, atUs);
    },
    frame: (_device, direction, frame, atUs) => {
      if (!this.#reading || this.#frames.length >= mostFrames) return;
      this.#frames.push({ direction, atUs, bytes: frame.length, hex: Buffer.from(frame.subarray(0, longestFrame)).toString('hex') });
    },
    decoded: (_device, group, batch, atUs) => {
      if (group !== this.#tag.group || !this.#reading) return;
      this.#reading = false;
      const sent = this.#frames.find(({ direction }) => direction === 'tx');
      const answered = this.#frames.findLast(({ direction }) => direction === 'rx');
      if (sent !== undefined) this.#mark('requested', undefined, sent.atUs);
      if (answered !== undefined) this.#mark('answered', undefined, answered.atUs);
      this.#mark('decoded', undefined, atUs);
      const row = batch.ids.indexOf(this.#tag.id);
      if (row >= 0) this.#raw = valueAt(batch, row, { type: this.#tag.type });
    },
    scaled: (_device, group, atUs) => {
      if (group === this.#tag.group && this.#found === undefined && this.#marks.length > 0) this.#mark('scaled', undefined, atUs);
    },
    emitting: (cycle) => {
      if (cycle.group !== this.#tag.group || this.#found !== undefined || this.#marks.length === 0) return;
      this.#reading = false;
      const row = cycle.batch.ids.indexOf(this.#tag.id);
      if (row < 0) return;
      this.#found = { cycle, row };
      this.#messagesBefore = this.#options.broker?.stats().messagesOut ?? 0;
    },
    emitted: (cycle, atUs) => {
      if (this.#found?.cycle !== cycle) return;
      this.#mark('handed on', undefined, atUs);
      const { broker } = this.#options;
      if (broker !== undefined && broker.stats().messagesOut > this.#messagesBefore)
        this.#sent = new Promise((resolve) => {
          broker.afterNextWrite(() => {
            this.#mark('sent');
            resolve();
          });
        });
      void this.#finish();
    },
  };

  #mark(step: Mark['step'], detail?: string, atUs = this.#options.clock.monotonicMs() * 1000): void {
    this.#marks.push({ step, ...(detail === undefined ? {} : { detail }), atUs });
  }
  #has(wanted: Mark['step']): boolean {
    return this.#marks.some(({ step }) => step === wanted);
  }
  /** Only what is read while the cycle is handed on is about it. */
  #received(reader: string, topic: string, _fromMs: number, toMs: number): void {
    if (this.#found === undefined || this.#marks.length > mostReaders || this.#has('handed on')) return;
    this.#mark(reader.startsWith('rule/') ? 'rule' : 'reader', `${reader} on ${topic}`, toMs * 1000);
  }
  async #commit(stored: Promise<void>): Promise<string | undefined> {
    try {
      await stored;
      this.#mark('committed');
      return undefined;
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message : String(thrown);
    }
  }
  async #finish(): Promise<void> {
    await this.#sent;
    const notCommitted = this.#committing === undefined ? 'The quality did not change: history has it already.' : await this.#committing;
    const { cycle, row } = this.#found!;
    const { batch } = cycle;
    const marks = this.#marks.sort((a, b) => a.atUs - b.atUs);
    let before = this.#dueUs;
    const hops = marks.map(({ atUs, ...rest }) => {
      const hop = { ...rest, atMs: (atUs - this.#dueUs) / 1000, ms: (atUs - before) / 1000 };
      before = atUs;
      return hop;
    });
    const quality = batch.quality[row]!;
    this.#done({
      tag: this.#tag,
      time: this.#time,
      raw: this.#raw,
      value: carriesValue(quality) ? valueAt(batch, row, this.#tag) : undefined,
      quality: qualityWord(quality),
      reason: batch.reasons?.[row]?.text,
      hops,
      frames: this.#frames.map(({ atUs, ...rest }) => ({ ...rest, atMs: (atUs - this.#dueUs) / 1000 })),
      endToEndMs: (before - this.#dueUs) / 1000,
      notCommitted,
    });
  }
}
