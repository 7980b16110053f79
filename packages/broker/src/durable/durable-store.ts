import { OmhError } from '@omh/core';
import type { Cancel, Clock, Logger, Reason } from '@omh/core';
import type { Delivery } from '../delivery.ts';
import { errors } from '../errors.ts';
import type { DelayedEntry, DelayedStore } from '../features/delayed.ts';
import type { BrokerLimits } from '../limits.ts';
import type { Publish } from '../publish.ts';
import type { Retained, RetainedEntry } from '../retained.ts';
import type { ClientSubscription, Session } from '../session.ts';
import type { BrokerLog } from './broker-log.ts';
import { writeMessage } from './message-fields.ts';
import { Entry, GroupWriter, SessionState } from './record-format.ts';
import { writeDelivery, writeSession, writeSubscription } from './session-fields.ts';
import { Snapshot } from './snapshot.ts';

/** Waits for something in the log to be safe; `waiting` belongs to the store. */
export interface SafetyWaiter {
  waiting: boolean;
  /** More is safe, or the log takes more, than when it began to wait. Waits again by `wait()`. */
  onSafe(): void;
}

/** What stands in the log and must be able to be written again. */
export interface DurableContents {
  readonly retained: Retained;
  sessions(): Iterable<Session>;
  delayed?(): Iterable<DelayedEntry>;
}

/** A group is closed when it is longer; what one packet did never stands in two. */
const groupBytes = 262_144;
/** What a message costs in the log besides its bytes. */
const overhead = 64;
const retryMs = 100;
const pressurePollMs = 20;
const maxMessageBytes = 12 << 20;

/**
 * Everything that outlives the process, in the order it happened: written into groups, one or a few per turn of the loop, and the
 * groups into the log. It never waits; who must not speak before something is safe asks `isSafe` and waits.
 */
export class DurableStore {
  readonly #log: BrokerLog;
  readonly #contents: DurableContents;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: BrokerLimits;
  readonly #group = new GroupWriter();
  /** Groups that the log did not take yet. */
  readonly #late: Buffer[] = [];
  /** Topics whose retained message changed while the log took nothing. */
  readonly #lateTopics = new Set<string>();
  #scheduled = false;
  #following = false;
  #safe: number;
  /** What stands before this position is not counted on: a snapshot replaces it. */
  #since = 0;
  #waiters: SafetyWaiter[] = [];
  #spare: SafetyWaiter[] = [];
  #cancelRetry: Cancel | undefined;
  #messageNumbers: number;
  #sessionNumbers: number;
  #snapshot: Snapshot | undefined;
  #bytesAtSnapshot: number;
  #snapshotBytes = 0;
  #closed = false;
  /** Entries written since the start; moves with each. */
  entries = 0;
  snapshots = 0;
  /** The log holds so much that the disk has not taken that publishers are not read from. */
  pressed = false;
  /** Bytes of messages that are referred to. */
  liveBytes = 0;
  /** The broker stops: sessions that lose their connection now count as left when it is back. */
  stopping = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(
    log: BrokerLog,
    contents: DurableContents,
    numbers: { readonly messages: number; readonly sessions: number },
    clock: Clock,
    logger: Logger,
    limits: BrokerLimits,
  ) {
    this.#log = log;
    this.#contents = contents;
    this.#clock = clock;
    this.#logger = logger;
    this.#limits = limits;
    this.#safe = log.next;
    this.#messageNumbers = numbers.messages;
    this.#sessionNumbers = numbers.sessions;
    this.#bytesAtSnapshot = -log.stats().diskBytes;
  }

  // ---- groups and their safety

  /** Position of the group that the next entry goes into. */
  get head(): number {
    return this.#log.next + this.#late.length;
  }
  /** Position of the group that the last entry went into. */
  get last(): number {
    return this.#group.length > 1 ? this.head : this.head - 1;
  }
  isSafe(position: number): boolean {
    return position < this.#safe;
  }
  /** The log takes nothing more; only what ends something is still written. */
  get full(): boolean {
    return this.#late.length > 0;
  }
  /** Larger messages than this do not fit into a group. */
  fits(p: Publish): boolean {
    return p.size <= maxMessageBytes;
  }
  wait(waiter: SafetyWaiter): void {
    if (waiter.waiting) return;
    waiter.waiting = true;
    this.#waiters.push(waiter);
  }
  /** Resolves when what was written until now is safe. Rejects when the store is closed before. */
  settled(): Promise<void> {
    return this.#log.durable(this.last);
  }
  /** Before the first entry of a packet: closes a group that has grown large. */
  begin(): void {
    if (this.#group.length > groupBytes) this.flush();
  }
  #entry(type: number): void {
    this.#group.byte(type);
    this.entries++;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }
  /** What one read of a socket brought goes into the log at once: one turn of the loop less to wait. */
  chunkEnd(): void {
    if (this.#group.length > 1) this.flush();
  }
  flush(): void {
    if (this.#closed) return;
    while (this.#late.length > 0 && this.#append(this.#late[0]!)) this.#late.shift();
    if (this.#late.length === 0 && this.#lateTopics.size > 0) this.#catchUp();
    if (this.#group.length > 1) {
      const bytes = this.#group.bytes();
      if (this.#late.length > 0 || !this.#append(bytes)) this.#late.push(Buffer.from(bytes));
      this.#group.clear();
    }
    this.#press();
    this.#follow();
  }
  #append(group: Uint8Array): boolean {
    try {
      this.#log.append(group);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof OmhError) || thrown.code !== 'STORAGE_LOG_FULL')
        this.#logger.error('what kept sessions need cannot be logged', { reason: String(thrown) });
      return false;
    }
  }
  /** Looks at what the log holds back, with hysteresis; while it is too much, looks again and again. */
  #press(): void {
    const held = this.#log.stats().heldBytes;
    this.pressed = this.full || held > (this.pressed ? this.#limits.logHighBytes / 2 : this.#limits.logHighBytes);
    if (!this.pressed || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#clock.after(this.full ? retryMs : pressurePollMs, () => {
      this.#cancelRetry = undefined;
      this.flush();
      if (!this.pressed) this.#tell();
    });
  }
  #follow(): void {
    const target = this.#log.next - 1;
    if (this.#following || this.#closed || target < this.#safe) return;
    this.#following = true;
    this.#log.durable(target).then(
      () => {
        this.#following = false;
        this.#safe = target + 1;
        if (this.pressed) this.#press();
        this.#tell();
        this.#follow();
      },
      () => {
        this.#following = false;
      },
    );
  }
  #tell(): void {
    const waiters = this.#waiters;
    this.#waiters = this.#spare;
    this.#spare = waiters;
    for (let i = 0; i < waiters.length; i++) {
      const waiter = waiters[i]!;
      waiter.waiting = false;
      waiter.onSafe();
    }
    waiters.length = 0;
  }

  // ---- messages and retained messages

  #message(p: Publish): void {
    if (p.logNumber > 0 && p.logAt >= this.#since) return;
    if (p.logNumber === 0) p.logNumber = ++this.#messageNumbers;
    p.logAt = this.head;
    this.#entry(Entry.message);
    this.#group.number(p.logNumber);
    writeMessage(this.#group, p, this.#clock);
  }
  /** A message that the log brought back. */
  countLive(p: Publish): void {
    this.liveBytes += p.size + overhead;
  }
  #refer(p: Publish): void {
    if (p.logUses++ === 0) this.liveBytes += p.size + overhead;
  }
  #unrefer(p: Publish): void {
    if (--p.logUses > 0) return;
    this.liveBytes -= p.size + overhead;
    p.logNumber = 0;
  }
  /** The retained message of a topic is another one, or none. */
  retain(topic: string, entry: RetainedEntry): void {
    if (topic.startsWith('$SYS/')) return;
    const p = entry.message;
    const before = entry.logged;
    if (this.full) {
      this.#lateTopics.add(topic);
      entry.logged = null;
      if (before !== null) this.#unrefer(before);
      return;
    }
    if (p !== null && this.fits(p)) {
      this.#message(p);
      if (p !== before) this.#refer(p);
      this.#entry(Entry.retain);
      this.#group.number(p.logNumber);
      entry.logged = p;
      if (before !== null && before !== p) this.#unrefer(before);
      return;
    }
    this.#entry(Entry.unretain);
    this.#group.text(topic);
    entry.logged = null;
    if (before !== null) this.#unrefer(before);
  }
  /** While nothing was taken the newest of a topic is enough. */
  #catchUp(): void {
    for (const topic of this.#lateTopics) {
      this.#lateTopics.delete(topic);
      this.retain(topic, this.#contents.retained.get(topic) ?? { topic, message: null, logged: null });
      this.begin();
      if (this.full) return;
    }
  }

  // ---- sessions

  /** The session as it is now; gives it its number when it has none. Its subscriptions and messages stand beside it. */
  session(s: Session): void {
    if (s.logNumber === 0) s.logNumber = ++this.#sessionNumbers;
    s.logAt = this.head;
    this.#entry(Entry.session);
    const state = s.client !== null ? SessionState.attached : this.stopping ? SessionState.stopped : SessionState.left;
    writeSession(this.#group, s, state, this.#clock);
  }
  /** Entries that name a session count only behind its own. */
  #known(s: Session): void {
    if (s.logNumber === 0 || s.logAt < this.#since) this.session(s);
  }
  end(s: Session): void {
    if (s.logNumber === 0) return;
    this.#entry(Entry.end);
    this.#group.number(s.logNumber);
    s.logNumber = 0;
  }
  subscribe(s: Session, sub: ClientSubscription): void {
    this.#known(s);
    this.#entry(Entry.subscribe);
    writeSubscription(this.#group, s, sub);
  }
  unsubscribe(s: Session, filter: string): void {
    this.#known(s);
    this.#entry(Entry.unsubscribe);
    this.#group.number(s.logNumber);
    this.#group.text(filter);
  }

  // ---- deliveries

  /** A message is for this session, as its number `d.seq`. */
  deliver(s: Session, d: Delivery): void {
    this.#known(s);
    const p = d.p!;
    this.#message(p);
    this.#refer(p);
    this.#deliver(s, d);
  }
  #deliver(s: Session, d: Delivery): void {
    d.position = this.head;
    this.#entry(Entry.deliver);
    writeDelivery(this.#group, s, d);
  }
  /** Its packet identifier changed. */
  moved(s: Session, d: Delivery): void {
    this.#known(s);
    this.#message(d.p!);
    this.#deliver(s, d);
  }
  /** As it is now, for a snapshot: what waits for its former record goes on waiting for that. */
  again(s: Session, d: Delivery): void {
    if (d.gone) return;
    const { position } = d;
    if (!d.released) this.#message(d.p!);
    this.#deliver(s, d);
    d.position = position;
  }
  released(s: Session, d: Delivery): void {
    this.#known(s);
    d.position = this.head;
    this.#entry(Entry.released);
    this.#group.number(s.logNumber);
    this.#group.number(d.seq);
    if (d.p !== null) this.#unrefer(d.p);
  }
  /** Acknowledged or dropped. */
  done(s: Session, d: Delivery): void {
    if (d.gone) return;
    this.#entry(Entry.done);
    this.#group.number(s.logNumber);
    this.#group.number(d.seq);
    this.forget(d);
  }
  /** Its session ends, which ends it too. */
  forget(d: Delivery): void {
    if (d.gone) return;
    d.gone = true;
    if (d.p !== null) this.#unrefer(d.p);
  }
  received(s: Session, packetId: number): void {
    this.#known(s);
    this.#entry(Entry.received);
    this.#group.number(s.logNumber);
    this.#group.number(packetId);
  }
  forgotten(s: Session, packetId: number): void {
    this.#entry(Entry.forgotten);
    this.#group.number(s.logNumber);
    this.#group.number(packetId);
  }

  // ---- delayed messages

  /** While the log takes nothing more, a QoS 0 message waits in memory only; others are refused before. */
  readonly delayed: DelayedStore = {
    put: (entry) => {
      if (this.full) return;
      this.delay(entry);
      this.countLive(entry.message);
    },
    delete: (entry) => {
      this.#entry(Entry.undelay);
      this.#group.number(entry.id);
      this.liveBytes -= entry.message.size + overhead;
    },
  };
  delay({ id, due, time, principal, clientId, peer, message }: DelayedEntry): void {
    this.#entry(Entry.delay);
    const g = this.#group;
    g.number(id);
    g.number(Math.round(due / 1000));
    g.number(Math.round(time / 1000));
    g.text(principal.kind);
    g.text(principal.name);
    g.text(clientId);
    g.text(peer);
    writeMessage(g, message, this.#clock);
  }

  // ---- snapshot

  /** Once a second: begins a snapshot when the log holds much more than what is alive. */
  tick(): void {
    if (this.#snapshot !== undefined || this.full || this.#closed) return;
    const { bytes } = this.#log.stats();
    const limit = Math.max(this.#limits.logSnapshotBytes, 4 * Math.max(this.liveBytes, this.#snapshotBytes));
    if (bytes - this.#bytesAtSnapshot > limit) this.snapshot();
  }
  /** Writes all that is alive again at the head, then trims what stands before. Harmless when it is cut off. */
  snapshot(): void {
    if (this.#snapshot !== undefined || this.#closed) return;
    this.flush();
    if (this.full) return;
    const from = (this.#since = this.#log.next);
    const begun = this.#log.stats().bytes;
    this.#snapshot = new Snapshot(
      this,
      this.#contents,
      this.#log,
      this.#clock,
      this.#limits,
      (done) => {
        this.#snapshot = undefined;
        this.#bytesAtSnapshot = this.#log.stats().bytes;
        this.#snapshotBytes = this.#bytesAtSnapshot - begun;
        if (!done) return;
        this.snapshots++;
        this.#logger.info('the broker wrote its log anew', { bytes: this.#snapshotBytes, trimmedBefore: from });
      },
      from,
    );
    this.#snapshot.run();
  }

  // ---- state

  /** Why something is not well, as one sentence; undefined while all is. */
  trouble(): Reason | undefined {
    const { state, reason } = this.#log.health();
    if (state === 'ok' && !this.full) return undefined;
    return errors.BROKER_LOG_DEGRADED({ detail: reason?.text ?? 'The disk takes less than is written.' }).reason();
  }
  stats(): ReturnType<BrokerLog['stats']> {
    return this.#log.stats();
  }
  /** Writes what waits and closes the log. Never rejects. */
  async close(): Promise<void> {
    this.flush();
    this.#closed = true;
    this.#snapshot?.cancel();
    this.#cancelRetry?.();
    if (this.full) this.#logger.error('the broker stops before its log took everything', { groups: this.#late.length });
    await this.#log.close();
    this.#waiters.length = 0;
  }
}
