import { parseRfc3339, rfc3339 } from '@omh/core';
import type { Cancel, Clock, Logger, Micros, Reason } from '@omh/core';
import { firstPrev, seal, unseal } from './audit-record.ts';
import type { AuditEntry, AuditRecord } from './audit-record.ts';
import { errors } from './errors.ts';
import type { AuditStore, DocumentStore } from './stores.ts';

export interface AuditQuery {
  /** 1 to 1,000. */
  readonly limit?: number;
  /** `cursor` of the page before. */
  readonly cursor?: number;
  /** A principal; a person's own tokens, `person/token`, are found with the person. */
  readonly who?: string;
  readonly verb?: string;
  /** A piece of what it was about, in any case of letters. */
  readonly what?: string;
  readonly result?: AuditEntry['result'];
  /** From this instant on, and before that one. */
  readonly from?: Micros;
  readonly to?: Micros;
}
export interface AuditPage {
  /** The newest first. */
  readonly records: readonly AuditRecord[];
  /** Absent on the last page; a page may be short, even empty, and have one: then older records remain to be looked at. */
  readonly cursor?: number;
}
export type AuditVerdict =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly at: number; readonly reason: string };

/** Where a stretch of records begins. */
interface Mark {
  readonly seq: number;
  readonly position: number;
  readonly hash: string;
}
interface MarksDocument {
  readonly marks: readonly Mark[];
  readonly head: { readonly seq: number; readonly hash: string };
}

const documentName = 'audit-marks';
const stretch = 1000;
const keptRecords = 2000;
const stretchesPerPage = 20;
const maxPending = 1000;
const refusalsPerMinute = 100;

/**
 * Who did what, for ever: records on an append log that is never trimmed, each with the hash of the one before. Whoever can write the
 * files can forge the whole chain; what the chain finds is damage, and forgery of less than all of it. Marks every 1,000 records stand in
 * the document `audit-marks`, so that neither a start nor a page reads the whole log.
 */
export class AuditLog {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #openStore: AuditStore | (() => Promise<AuditStore>) | undefined;
  readonly #documents: DocumentStore | undefined;
  /** The newest records; everything the store may not give back yet is among them. */
  readonly #recent: AuditRecord[] = [];
  readonly #pending: { entry: AuditEntry; at: string }[] = [];
  #store: AuditStore | undefined;
  #marks: Mark[] = [];
  #seq = 0;
  #hash = firstPrev;
  #position: number | undefined;
  #started = false;
  #fault: Reason | undefined;
  #unwritten: Reason | undefined;
  #refusals = { fromMs: 0, count: 0, skipped: 0 };

  /** A store is opened by `start` and closed by `stop`. Without one only the newest records are known, and they end with the process. */
  constructor(options: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly store?: AuditStore | (() => Promise<AuditStore>);
    readonly documents?: DocumentStore;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#openStore = options.store;
    this.#documents = options.documents;
  }
  get count(): number {
    return this.#seq;
  }
  /** The newest record, and where it stands in the log; undefined before the first one. */
  get head(): { readonly seq: number; readonly hash: string; readonly position: number } | undefined {
    return this.#position === undefined ? undefined : { seq: this.#seq, hash: this.#hash, position: this.#position };
  }
  /** What is wrong with the log: damage found at the start, or records that could not be written. */
  fault(): Reason | undefined {
    return this.#unwritten ?? this.#store?.health?.().reason ?? this.#fault;
  }

  /** Finds the end of the chain. Damage does not stop it: the log says what it found and goes on from the last sound record. */
  async start(): Promise<void> {
    if (this.#started) return;
    try {
      this.#store = typeof this.#openStore === 'function' ? await this.#openStore() : this.#openStore;
      await this.#findEnd();
    } catch (thrown) {
      this.#cannotWrite(thrown);
    }
    this.#started = true;
    for (const { entry, at } of this.#pending.splice(0)) this.#append(entry, at);
  }
  async #findEnd(): Promise<void> {
    this.#recent.length = 0;
    const kept = this.#documents?.get<MarksDocument>(documentName);
    let from: Mark | undefined;
    for (const mark of [...(kept?.marks ?? [])].reverse()) {
      if (await this.#isThere(mark)) {
        from = mark;
        break;
      }
      this.#damaged(`the record ${mark.seq} is not where it was written`);
    }
    this.#marks = from === undefined ? [] : kept!.marks.filter(({ seq }) => seq < from.seq);
    await this.#walk(from, (record, hash, position) => this.#taken(record, hash, position), undefined).then((verdict) => {
      if (!verdict.ok) this.#damaged(verdict.reason);
    });
    if (kept !== undefined && kept.head.seq > this.#seq)
      this.#damaged(`the records ${this.#seq + 1} to ${kept.head.seq} are missing at its end`);
  }
  async stop(): Promise<void> {
    if (!this.#started) return;
    await this.settled(2000);
    this.#started = false;
    this.#keepMarks();
    await this.#store?.close?.();
    this.#store = undefined;
  }

  /** Adds a record; what comes before `start` waits for it. Never throws: a log that takes no records says so in `fault()`. */
  record(entry: AuditEntry): void {
    const at = rfc3339(this.#clock.now());
    if (this.#started) this.#append(entry, at);
    else if (this.#pending.length < maxPending) this.#pending.push({ entry, at });
  }
  /** A refusal: at most 100 a minute are kept, so that nobody fills the disk; the next one says how many were left out. */
  refused(entry: Omit<AuditEntry, 'result'>): void {
    const nowMs = this.#clock.monotonicMs();
    const window = this.#refusals;
    if (nowMs - window.fromMs >= 60_000) {
      window.fromMs = nowMs;
      window.count = 0;
    }
    if (window.count >= refusalsPerMinute) {
      window.skipped++;
      return;
    }
    window.count++;
    const detail = window.skipped === 0 ? entry.detail : { ...entry.detail, leftOut: window.skipped };
    window.skipped = 0;
    this.record({ ...entry, result: 'refused', ...(detail === undefined ? {} : { detail }) });
  }
  /** Resolves once every record so far is on disk; rejects when that fails, and `fault()` tells it then. */
  async durable(): Promise<void> {
    if (this.#position === undefined) return;
    try {
      await this.#store?.durable(this.#position);
      this.#unwritten = undefined;
    } catch (thrown) {
      this.#cannotWrite(thrown);
      throw errors.ACCESS_AUDIT_UNWRITTEN({ fault: textOf(thrown) }, { cause: thrown });
    }
  }

  /** Waits until every record so far is on disk, but not longer than this: a disk that fails must not stop those who only report. */
  async settled(limitMs: number): Promise<void> {
    let cancel: Cancel | undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = this.#clock.after(limitMs, resolve);
    });
    await Promise.race([limit, this.durable().catch(() => {})]);
    cancel?.();
  }

  /** The newest first. A page looks at some ten thousand records at most, whatever the filter. */
  async list(query: AuditQuery = {}): Promise<AuditPage> {
    const limit = Math.min(1000, Math.max(1, query.limit ?? 100));
    const records: AuditRecord[] = [];
    let before = Math.min(query.cursor ?? Infinity, this.#seq + 1);
    const matches = matcher(query);
    const take = (some: readonly AuditRecord[]): boolean => {
      for (let i = some.length - 1; i >= 0; i--) {
        const record = some[i]!;
        if (record.seq >= before) continue;
        if (records.length === limit) return false;
        before = record.seq;
        if (matches(record)) records.push(record);
      }
      return true;
    };
    let whole = take([...this.#recent]);
    for (let n = 0; whole && n < stretchesPerPage; n++) {
      const at = this.#marks.findLastIndex(({ seq }) => seq < before);
      if (at < 0) break;
      const older = await this.#stretch(this.#marks[at]!, before);
      whole = take(older);
      if (whole) before = Math.min(before, this.#marks[at]!.seq);
      // A wall clock that was set back mixes neighbours, not whole stretches.
      if (whole && query.from !== undefined && older.every(({ at: time }) => instantOf(time) < query.from!)) return { records };
    }
    const more = this.#store === undefined ? before > (this.#recent[0]?.seq ?? 1) : before > (this.#marks[0]?.seq ?? 1);
    return more ? { records, cursor: before } : { records };
  }

  /** Reads the whole log and checks every byte of it against its chain, the marks and the end that is known. */
  async verify(): Promise<AuditVerdict> {
    const verdict = await this.#verify();
    if (!verdict.ok) this.#damaged(verdict.reason);
    return verdict;
  }
  async #verify(): Promise<AuditVerdict> {
    if (this.#store === undefined) return { ok: true, count: this.#seq };
    const head = { seq: this.#seq, hash: this.#hash };
    await this.settled(2000);
    const marks = new Map(this.#marks.map((mark) => [mark.seq, mark.hash]));
    let fault: { at: number; reason: string } | undefined;
    const verdict = await this.#walk(
      undefined,
      (record, hash) => {
        const known = record.seq === head.seq ? head.hash : marks.get(record.seq);
        if (known !== undefined && known !== hash)
          fault ??= { at: record.seq, reason: `the record ${record.seq} is not the one that was written` };
      },
      head.seq,
    );
    if (!verdict.ok) return verdict;
    if (fault !== undefined) return { ok: false, ...fault };
    if (verdict.count < head.seq)
      return { ok: false, at: verdict.count + 1, reason: `the records ${verdict.count + 1} to ${head.seq} are missing at its end` };
    return verdict;
  }

  #append(entry: AuditEntry, at: string): void {
    const record: AuditRecord = { seq: this.#seq + 1, at, ...entry };
    const { bytes, hash } = seal(record, this.#hash);
    let position: number | undefined;
    try {
      position = this.#store?.append(bytes);
    } catch (thrown) {
      this.#cannotWrite(thrown);
      return;
    }
    const marked = this.#taken(unseal(bytes)!.record, hash, position ?? 0);
    if (marked && this.#store !== undefined)
      // A mark on disk before its record would look like a lost record after a crash.
      void this.durable().then(
        () => this.#keepMarks(),
        () => {},
      );
  }
  /** True when the record begins a stretch. */
  #taken(record: AuditRecord, hash: string, position: number): boolean {
    this.#seq = record.seq;
    this.#hash = hash;
    this.#position = position;
    if (this.#recent.push(record) > keptRecords) this.#recent.splice(0, this.#recent.length - keptRecords / 2);
    const last = this.#marks.at(-1);
    if (this.#store === undefined || (last !== undefined && record.seq < last.seq + stretch)) return false;
    this.#marks.push({ seq: record.seq, position, hash });
    return true;
  }
  #keepMarks(): void {
    try {
      this.#documents?.put(documentName, { marks: this.#marks, head: { seq: this.#seq, hash: this.#hash } } satisfies MarksDocument);
    } catch (thrown) {
      this.#cannotWrite(thrown);
    }
  }

  async #isThere(mark: Mark): Promise<boolean> {
    try {
      for await (const { record } of this.#store?.read(mark.position) ?? []) {
        const sealed = unseal(record);
        return sealed?.record.seq === mark.seq && sealed.hash === mark.hash;
      }
    } catch {
      return false;
    }
    return false;
  }
  /** Goes from a mark, or the beginning, to the end or to `last`; unsound records are left out, and the first fault is the verdict. */
  async #walk(
    from: Mark | undefined,
    see: (record: AuditRecord, hash: string, position: number) => void,
    last: number | undefined,
  ): Promise<AuditVerdict> {
    let seq = (from?.seq ?? 1) - 1;
    let hash = from === undefined ? firstPrev : undefined;
    let fault: { at: number; reason: string } | undefined;
    try {
      for await (const { position, record: bytes } of this.#store?.read(from?.position ?? 0) ?? []) {
        const sealed = unseal(bytes);
        if (sealed === undefined) {
          fault ??= { at: seq + 1, reason: `the record after ${seq} is changed` };
          hash = undefined;
          continue;
        }
        const { record, prev } = sealed;
        if (record.seq !== seq + 1)
          fault ??=
            record.seq > seq + 1
              ? { at: seq + 1, reason: `the records ${seq + 1} to ${record.seq - 1} are missing` }
              : { at: record.seq, reason: `the record ${record.seq} stands twice` };
        else if (hash !== undefined && prev !== hash)
          fault ??= { at: record.seq, reason: `the record ${record.seq} does not follow the one before` };
        seq = record.seq;
        hash = sealed.hash;
        see(record, hash, position);
        if (seq === last) break;
      }
    } catch (thrown) {
      fault ??= { at: seq + 1, reason: `it cannot be read after record ${seq}: ${textOf(thrown)}` };
    }
    return fault === undefined ? { ok: true, count: seq } : { ok: false, ...fault };
  }
  /** The sound records of one stretch that are older than `before`. */
  async #stretch(mark: Mark, before: number): Promise<AuditRecord[]> {
    const out: AuditRecord[] = [];
    try {
      for await (const { record } of this.#store!.read(mark.position)) {
        const sealed = unseal(record);
        if (sealed === undefined) continue;
        if (sealed.record.seq >= before || out.length > 2 * stretch) break;
        out.push(sealed.record);
      }
    } catch (thrown) {
      this.#damaged(textOf(thrown));
    }
    return out;
  }

  #damaged(fault: string): void {
    const error = errors.ACCESS_AUDIT_DAMAGED({ fault });
    if (this.#fault?.text === error.text) return;
    this.#fault ??= error.reason();
    this.#log.error('the audit log is damaged', { fault });
  }
  #cannotWrite(thrown: unknown): void {
    if (this.#unwritten === undefined) this.#log.error('the audit log takes no records', { err: thrown });
    this.#unwritten = errors.ACCESS_AUDIT_UNWRITTEN({ fault: textOf(thrown) }).reason();
  }
}

const instantOf = (time: string): number => parseRfc3339(time) ?? 0;
function matcher({ who, verb, what, result, from, to }: AuditQuery): (record: AuditRecord) => boolean {
  const piece = what?.toLowerCase();
  return (r) =>
    (who === undefined || r.who === who || r.who.startsWith(`${who}/`)) &&
    (verb === undefined || r.verb === verb) &&
    (result === undefined || r.result === result) &&
    (piece === undefined || r.what.toLowerCase().includes(piece)) &&
    (from === undefined || instantOf(r.at) >= from) &&
    (to === undefined || instantOf(r.at) < to);
}

const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
