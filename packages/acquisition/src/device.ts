import {
  carriesValue,
  formatDuration,
  HealthState,
  isGood,
  microsFromMs,
  reasonOf,
  RetrySchedule,
  type Cancel,
  type Clock,
  type Driver,
  type DriverModule,
  type DriverStats,
  type GroupCycle,
  type Health,
  type Logger,
  type MetricSample,
  type Micros,
  type Part,
  type QualityWord,
  type Reason,
  type Tag,
} from '@omh/core';
import { errors } from './errors.ts';
import { PollingGroup, type GroupStatus } from './polling-group.ts';
import { toRaw } from './scaling.ts';
import { Turn } from './turn.ts';

export interface DeviceOptions {
  readonly name: string;
  readonly module: DriverModule;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly groups: readonly { readonly name: string; readonly intervalMs: number; readonly tags: readonly Tag[] }[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly emit: (cycle: GroupCycle) => void;
  /** Counts of the device's tags by quality, for its sentence and metrics. */
  readonly counts: () => Record<QualityWord, number>;
}

export interface DeviceStatus {
  readonly name: string;
  readonly driver: string;
  readonly endpoint: string;
  readonly path: string;
  readonly health: Health;
  readonly groups: readonly GroupStatus[];
  readonly tags: number;
  readonly counts: Record<QualityWord, number>;
  readonly stats: DriverStats;
  readonly values: number;
}

const backOff = { firstMs: 500, maxMs: 4800, factor: 2, jitter: 0.3 };
const maxWaitingWrites = 1000;
/** A request gives up shortly before the next cycle is due, so that a silent device does not turn into skipped cycles. */
const timeoutFor = (intervalMs: number): number => Math.min(3000, intervalMs - Math.min(50, intervalMs * 0.1));

/** One device: keeps the link up, runs its groups on their grid, answers writes. */
export class Device implements Part {
  readonly id: string;
  readonly name: string;
  readonly #options: DeviceOptions;
  readonly #clock: Clock;
  #groups: readonly PollingGroup[];
  #path: string;
  /** False for a device that is only written to. */
  #readable: boolean;
  readonly #health: HealthState;
  readonly #retry = new RetrySchedule(backOff);
  readonly #turn = new Turn();
  readonly #endpoint: string;
  readonly #writes = { ok: 0, refused: 0 };
  readonly #timers = new Set<Cancel>();
  #driver: Driver;
  #up = false;
  /** A cycle was read since the link is up; before that nothing says that the device answers. */
  #read = false;
  #down: Reason = { code: 'DEVICE_CONNECTING', params: {}, text: 'The link is being opened.' };
  #running = false;
  #abort = new AbortController();
  /** Bumped when the grid starts anew, so that ticks of the old one end. */
  #grid = 0;
  #gridRuns = false;
  /** Why a tag of the newest cycle that had one was not good. */
  #trouble: Reason | undefined;
  #values = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.name = options.name;
    this.id = `device/${options.name}`;
    this.#clock = options.clock;
    this.#path = options.path;
    this.#groups = options.groups.map((g) => new PollingGroup(options.name, g.name, g.intervalMs, g.tags, options.clock));
    this.#readable = isReadable(options.groups);
    this.#health = new HealthState(() => options.clock.now());
    this.#endpoint = options.module.endpoint(options.settings);
    this.#driver = this.#create();
  }

  /** Resolves at once: a device that is down is not a failure of the hub. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#abort = new AbortController();
    this.#health.set('starting', { code: 'DEVICE_CONNECTING', params: {}, text: `Connects to ${this.#endpoint}.` });
    void this.#connect();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#up = false;
    this.#grid++;
    this.#gridRuns = false;
    this.#abort.abort(new Error('stopped'));
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#driver.close();
    this.#driver = this.#create();
    this.#health.set('stopped', { code: 'DEVICE_STOPPED', params: {}, text: 'Stopped; nothing is read.' });
  }

  /** Takes other groups, intervals and tags while the link stays as it is; a group that says the same goes on undisturbed. */
  regroup({ path, groups }: Pick<DeviceOptions, 'path' | 'groups'>): void {
    const { name } = this.#options;
    const former = new Map(this.#groups.map((g) => [g.name, g]));
    const fresh: PollingGroup[] = [];
    this.#groups = groups.map((g) => {
      const old = former.get(g.name);
      if (old !== undefined && old.intervalMs === g.intervalMs && sameTags(old.tags, g.tags)) return old;
      const made = new PollingGroup(name, g.name, g.intervalMs, g.tags, this.#clock);
      fresh.push(made);
      return made;
    });
    this.#path = path;
    this.#readable = isReadable(groups);
    if (!this.#running || !this.#gridRuns) return;
    const grid = this.#grid;
    const now = this.#clock.monotonicMs();
    for (const group of fresh) this.#timer(0, () => this.#tick(group, grid, now));
  }

  address(): string {
    return this.#endpoint;
  }

  health(): Health {
    if (this.#up && (this.#read || !this.#readable)) this.#describe();
    return this.#health.get();
  }

  status(): DeviceStatus {
    const { name, module, counts } = this.#options;
    return {
      name,
      driver: module.id,
      endpoint: this.#endpoint,
      path: this.#path,
      health: this.health(),
      groups: this.#groups.map((g) => g.status()),
      tags: this.#groups.reduce((n, g) => n + g.tags.length, 0),
      counts: counts(),
      stats: this.#driver.stats(),
      values: this.#values,
    };
  }

  /** Resolves after the device confirmed; rejects with an OmhError that says who refused and why. */
  async write(tag: Tag, value: unknown): Promise<void> {
    const name = `${tag.device}/${tag.group}/${tag.name}`;
    if (tag.access === 'read') throw errors.ACQUISITION_NOT_WRITABLE({ tag: name, access: tag.access });
    const parsed = this.#options.module.parseAddress(tag.address, tag);
    if (!parsed.ok || !parsed.value.writable) throw errors.ACQUISITION_ADDRESS_NOT_WRITABLE({ tag: name, address: tag.address });
    const raw = toRaw(tag, value);
    if (!raw.ok) throw raw.error;
    if (!this.#up) throw errors.ACQUISITION_LINK_DOWN({ device: this.name, reason: this.#down.text });
    if (this.#turn.waitingWrites >= maxWaitingWrites)
      throw errors.ACQUISITION_WRITE_BUSY({ device: this.name, waiting: this.#turn.waitingWrites });
    const [result] = await this.#turn.run('write', () => this.#driver.write([{ tag, value: raw.value }], { timeoutMs: 3000 }));
    if (result && isGood(result.quality)) {
      this.#writes.ok++;
      return;
    }
    this.#writes.refused++;
    throw errors.ACQUISITION_WRITE_REFUSED({ device: this.name, tag: name, reason: result?.reason?.text ?? 'no answer' });
  }

  *metrics(): Iterable<MetricSample> {
    const device = { device: this.name };
    const stats = this.#driver.stats();
    yield { name: 'omh_device_up', value: this.#up ? 1 : 0, labels: device };
    const counts = this.#options.counts();
    for (const quality of ['good', 'uncertain', 'bad'] as const)
      yield { name: 'omh_device_tags', value: counts[quality], labels: { ...device, quality } };
    yield { name: 'omh_device_requests_total', value: stats.requests, labels: device };
    yield { name: 'omh_device_refusals_total', value: stats.refusals, labels: device };
    yield { name: 'omh_device_timeouts_total', value: stats.timeouts, labels: device };
    yield { name: 'omh_device_connects_total', value: stats.connects, labels: device };
    yield { name: 'omh_device_bytes_in_total', value: stats.bytesIn, labels: device };
    yield { name: 'omh_device_bytes_out_total', value: stats.bytesOut, labels: device };
    if (stats.lastRttMs !== undefined) yield { name: 'omh_device_rtt_seconds', value: stats.lastRttMs / 1000, labels: device };
    yield { name: 'omh_device_writes_total', value: this.#writes.ok, labels: { ...device, result: 'ok' } };
    yield { name: 'omh_device_writes_total', value: this.#writes.refused, labels: { ...device, result: 'refused' } };
    for (const group of this.#groups) {
      const s = group.status();
      const labels = { ...device, group: s.name };
      yield { name: 'omh_group_cycles_total', value: s.cycles, labels };
      yield { name: 'omh_group_missed_total', value: s.missed, labels };
      yield { name: 'omh_group_skipped_total', value: s.skipped, labels };
      if (s.lastCycleMs !== undefined) yield { name: 'omh_group_cycle_seconds', value: s.lastCycleMs / 1000, labels };
    }
  }

  #create(): Driver {
    const { module, settings, clock, log, name } = this.#options;
    return module.create(settings, { device: name, clock, log, onLost: (reason) => this.#lost(reason) });
  }

  async #connect(): Promise<void> {
    const signal = this.#abort.signal;
    try {
      await this.#driver.open(signal);
      if (signal.aborted) return;
      this.#up = true;
      this.#read = false;
      this.#startGrid();
    } catch (thrown) {
      if (!signal.aborted) this.#retryLater(reasonOf(thrown));
    }
  }

  #lost(reason: Reason): void {
    if (!this.#running || !this.#up) return;
    this.#up = false;
    this.#options.log.warn('device lost', { device: this.name, code: reason.code, reason: reason.text });
    this.#retryLater(reason);
  }

  #retryLater(reason: Reason): void {
    this.#down = reason;
    const delay = this.#retry.next();
    this.#health.set('lost', reason, (this.#clock.now() + microsFromMs(delay)) as Micros);
    // While the link is down the groups keep their grid, so that each missed cycle is seen as one.
    if (!this.#gridRuns) this.#startGrid();
    this.#timer(delay, () => {
      void this.#connect();
    });
  }

  /** Schedules all groups from now on: after connecting, the first values come at once. */
  #startGrid(): void {
    const grid = ++this.#grid;
    this.#gridRuns = true;
    const now = this.#clock.monotonicMs();
    for (const group of this.#groups) this.#tick(group, grid, now);
  }

  #tick(group: PollingGroup, grid: number, due: number): void {
    if (!this.#running || grid !== this.#grid || !this.#groups.includes(group)) return;
    const now = this.#clock.monotonicMs();
    // Whole intervals that passed while nobody looked (a busy loop, a suspended machine) are skipped, never made up for.
    const late = Math.floor((now - due) / group.intervalMs);
    if (late > 0) {
      group.skipped += late;
      due += late * group.intervalMs;
    }
    if (group.running) group.skipped++;
    else void this.#poll(group);
    const next = due + group.intervalMs;
    this.#timer(Math.max(0, next - this.#clock.monotonicMs()), () => this.#tick(group, grid, next));
  }

  async #poll(group: PollingGroup): Promise<void> {
    if (!this.#up) {
      this.#emit(group.missed(this.#down));
      return;
    }
    group.running = true;
    try {
      const cycle = await this.#turn.run('read', () => group.cycle(this.#driver, timeoutFor(group.intervalMs)));
      // A group that was replaced meanwhile speaks of tags that may mean something else now.
      if (!this.#running || !this.#groups.includes(group)) return;
      this.#emit(cycle);
      if (!this.#up) return;
      this.#read = true;
      // Only a link that brings values is a good one; a peer that takes connections and hangs or resets is asked less and less often.
      if (cycle.batch.quality.some(carriesValue)) this.#retry.reset();
    } catch (thrown) {
      this.#options.log.error('a cycle failed', { device: this.name, group: group.name, err: thrown });
      if (this.#running && this.#groups.includes(group)) this.#emit(group.missed(reasonOf(thrown)));
    } finally {
      group.running = false;
    }
  }

  #emit(cycle: GroupCycle): void {
    const { quality, reasons } = cycle.batch;
    for (let i = 0; i < quality.length; i++) {
      if (carriesValue(quality[i]!)) this.#values++;
      else this.#trouble = reasons?.[i] ?? this.#trouble;
    }
    this.#options.emit(cycle);
  }

  /** While the link is up the sentence follows the tags: degraded as long as one of them is not good. */
  #describe(): void {
    const counts = this.#options.counts();
    const total = counts.good + counts.uncertain + counts.bad;
    const params = { device: this.name, total, notGood: total - counts.good };
    if (counts.good === total || !this.#readable) {
      const intervals = [...new Set(this.#groups.map((g) => g.intervalMs))].sort((a, b) => a - b);
      const every = intervals.length === 1 ? ` every ${formatDuration(intervals[0]!)}` : '';
      this.#health.set('running', { code: 'DEVICE_READS', params, text: `Reads ${total} ${total === 1 ? 'tag' : 'tags'}${every}.` });
      return;
    }
    const text =
      counts.good === 0
        ? (this.#trouble?.text ?? `Connected, but none of its ${total} tags is good now.`)
        : `${counts.good} of ${total} tags are good; the others say why in Live values.`;
    this.#health.set('degraded', { code: 'DEVICE_DEGRADED', params, text });
  }

  #timer(delayMs: number, callback: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }
}

const isReadable = (groups: DeviceOptions['groups']): boolean => groups.some((g) => g.tags.some((tag) => tag.access !== 'write'));

const tagFields = ['id', 'name', 'path', 'address', 'type', 'access', 'decimal', 'bias', 'unit', 'precision', 'description'] as const;
const sameTags = (a: readonly Tag[], b: readonly Tag[]): boolean =>
  a.length === b.length && a.every((tag, i) => tagFields.every((field) => tag[field] === b[i]![field]));
