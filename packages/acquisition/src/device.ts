import {
  carriesValue,
  createBatch,
  HealthState,
  microsFromMs,
  Quality,
  reasonOf,
  tagKey,
  type Clock,
  type Driver,
  type DriverContext,
  type GroupCycle,
  type Health,
  type MetricSample,
  type Micros,
  type OmhError,
  type Part,
  type Reason,
  type Tag,
  type TagValue,
} from '@omh/core';
import type { CycleProbe } from './cycle-probe.ts';
import { cycleOf, type Finished } from './cycle-steps.ts';
import { controlled, heldReason, type ControlAction, type DeviceControl, type Held } from './device-control.ts';
import { deviceMetrics } from './device-metrics.ts';
import type { DeviceBrief, DeviceOptions, DeviceStatus, GroupOptions } from './device-options.ts';
import { sentenceOf } from './device-sentence.ts';
import { DeviceWatch } from './device-watch.ts';
import { DeviceWrites, type WriteRequest } from './device-writes.ts';
import { errors } from './errors.ts';
import type { FrameLog } from './frame-log.ts';
import { GroupGrid } from './group-grid.ts';
import { LinkKeeper } from './link-keeper.ts';
import { PollingGroup } from './polling-group.ts';
import { sameTags } from './same-tags.ts';
import { engineeringValue } from './static-tag.ts';
import type { WriteBy } from './write-guard.ts';

/** One device: its link, its groups on their grid, its writes, and what people switched off. */
export class Device implements Part {
  readonly id: string;
  readonly name: string;
  readonly #options: DeviceOptions;
  readonly #clock: Clock;
  readonly #health: HealthState;
  readonly #link: LinkKeeper;
  readonly #writes: DeviceWrites;
  readonly #endpoint: string;
  readonly #grid: GroupGrid;
  #groups: readonly PollingGroup[];
  #path: string;
  /** False for a device that is only written to. */
  #readable: boolean;
  readonly #driver: Driver;
  readonly #watch: DeviceWatch;
  /** A cycle was read since the link is up; before that nothing says that the device answers. */
  #read = false;
  #running = false;
  /** Bumped when the link is closed: cycles that are under way then are over. */
  #life = 0;
  /** Why a tag of the newest cycle that had one was not good. */
  #trouble: Reason | undefined;
  #values = 0;

  constructor(options: DeviceOptions) {
    const { name, clock, module, settings } = options;
    this.#options = options;
    this.name = name;
    this.id = `device/${name}`;
    this.#clock = clock;
    this.#path = options.path;
    this.#groups = options.groups.map((g) => this.#group(g));
    this.#readable = isReadable(options.groups);
    this.#health = new HealthState(() => clock.now());
    this.#endpoint = module.endpoint(settings);
    const context = this.#newContext();
    this.#watch = new DeviceWatch(name, clock, context);
    this.#driver = module.create(settings, context);
    this.#link = new LinkKeeper({
      driver: () => this.#driver,
      clock,
      onUp: () => this.#up(),
      onDown: (reason, retryMs) => this.#downFor(reason, retryMs),
    });
    this.#grid = new GroupGrid({
      clock,
      isOn: (group) => this.#heldBy(this.#control, group) === undefined,
      due: (group, dueMs, nowMs) => void this.#poll(group, dueMs, nowMs),
    });
    this.#writes = new DeviceWrites({
      device: name,
      module,
      settings,
      driver: () => this.#driver,
      obstacle: () => this.#obstacle(),
      present: (tag) => options.around.lastValue(tagKey(tag)),
    });
  }
  #group(g: GroupOptions): PollingGroup {
    const { name: device, clock, around, phases, controls } = this.#options;
    const group = new PollingGroup({ device, ...g, phase: phases.next(g.intervalMs), clock, around });
    group.paused = controls.get(device)?.groups?.[g.name];
    return group;
  }
  #newContext(): { -readonly [K in keyof DriverContext]: DriverContext[K] } {
    const { name, clock, log, memory, shared } = this.#options;
    return {
      device: name,
      clock,
      log,
      onLost: (reason) => this.#lost(reason),
      ...(memory === undefined ? {} : { memory }),
      ...(shared === undefined ? {} : { shared }),
    };
  }

  /** Resolves at once: a device that is down is not a failure of the hub. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    if (this.#control.stopped === undefined) this.#open();
    this.#tellHeld(this.#groups);
  }
  #open(): void {
    this.#health.set('starting', { code: 'DEVICE_CONNECTING', params: {}, text: `Connects to ${this.#endpoint}.` });
    this.#link.start();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#watch.frames.stop();
    this.#flush(this.#groups);
    await this.#close();
    // It may have been started again while the link was being closed.
    if (!this.#running) this.#health.set('stopped', { code: 'DEVICE_STOPPED', params: {}, text: 'Stopped; nothing is read.' });
  }
  async #close(): Promise<void> {
    this.#life++;
    this.#read = false;
    this.#grid.stop();
    await this.#link.stop();
  }

  /** Takes other groups, intervals and tags while the link stays as it is; a group that says the same goes on undisturbed. */
  regroup({ path, groups }: Pick<DeviceOptions, 'path' | 'groups'>): void {
    const former = new Map(this.#groups.map((g) => [g.name, g]));
    const fresh: PollingGroup[] = [];
    this.#groups = groups.map((g) => {
      const old = former.get(g.name);
      if (old !== undefined && old.intervalMs === g.intervalMs && sameTags(old.tags, g.tags)) return old;
      const made = this.#group(g);
      fresh.push(made);
      return made;
    });
    this.#path = path;
    this.#readable = isReadable(groups);
    const gone = [...former.values()].filter((group) => !this.#groups.includes(group));
    this.#flush(gone);
    if (!this.#running) return;
    this.#tellHeld(fresh);
    if (!this.#grid.runs) return;
    for (const group of gone) this.#grid.remove(group);
    for (const group of fresh) this.#grid.add(group);
    this.#grid.soon(fresh);
  }

  // ---- what people switch off

  get #control(): DeviceControl {
    return this.#options.controls.get(this.name) ?? {};
  }

  /**
   * Stops or starts the link, pauses or resumes reading of the device or of one group; kept over a restart. Other devices and groups go on.
   * Rejects with ACQUISITION_NO_SUCH_GROUP.
   */
  async control(action: ControlAction, who: { readonly by: string; readonly comment?: string; readonly group?: string }): Promise<void> {
    const { by, comment, group } = who;
    const before = this.#control;
    if (group !== undefined && !this.#groups.some((g) => g.name === group))
      throw errors.ACQUISITION_NO_SUCH_GROUP({ device: this.name, group });
    const held: Held = { by, at: this.#clock.now(), ...(comment === undefined ? {} : { comment }) };
    this.#options.controls.set(this.name, controlled(before, action, group, held));
    const after = this.#control;
    for (const g of this.#groups) g.paused = after.groups?.[g.name];
    if (!this.#running) return;
    if (before.stopped === undefined && after.stopped !== undefined) {
      await this.#close();
      // Somebody may have started it again while the link was being closed.
      if (this.#running && this.#control.stopped !== undefined) this.#tellHeld(this.#groups);
      return;
    }
    if (before.stopped !== undefined && after.stopped === undefined) this.#open();
    this.#tellHeld(this.#groups.filter((g) => this.#heldBy(before, g) !== this.#heldBy(after, g)));
    const on = this.#groups.filter((g) => this.#heldBy(before, g) !== undefined && this.#heldBy(after, g) === undefined);
    if (this.#grid.runs) this.#grid.soon(on);
  }
  #heldBy(control: DeviceControl, group: PollingGroup): Held | undefined {
    return control.stopped ?? control.paused ?? control.groups?.[group.name];
  }
  /** Those of the groups that are switched off say so. */
  #tellHeld(groups: readonly PollingGroup[]): void {
    const control = this.#control;
    if (control.stopped !== undefined) this.#health.set('stopped', heldReason(control.stopped, 'Stopped'));
    for (const group of groups) {
      const held = this.#heldBy(control, group);
      if (held === undefined) continue;
      const reason = heldReason(held, held === control.stopped ? 'Stopped' : 'Paused');
      this.#safely(group, () => this.#emit(group.outOfService(reason)));
    }
  }

  // ---- state

  address(): string {
    return this.#endpoint;
  }
  health(): Health {
    if (this.#control.stopped === undefined && this.#link.up && (this.#read || !this.#readable || this.#control.paused !== undefined))
      this.#health.set(
        ...sentenceOf({
          device: this.name,
          groups: this.#groups,
          readable: this.#readable,
          paused: this.#control.paused,
          counts: this.#options.counts(),
          trouble: this.#trouble,
        }),
      );
    return this.#health.get();
  }
  /** Values that were read since it was made. */
  get values(): number {
    return this.#values;
  }
  /** What is asked of every device once a second: nothing is sorted for it. */
  brief(): DeviceBrief {
    const { name, module, counts } = this.#options;
    const tags = this.#groups.reduce((n, g) => n + g.tags.length, 0);
    return { name, driver: module.id, endpoint: this.#endpoint, health: this.health(), tags, counts: counts() };
  }
  status(): DeviceStatus {
    return {
      ...this.brief(),
      path: this.#path,
      groups: this.#groups.map((g) => g.status()),
      link: this.#link.state,
      stats: this.#driver.stats(),
      control: this.#control,
    };
  }
  /** How often a group is read; undefined where there is none of that name. */
  intervalMs(group: string): number | undefined {
    return this.#groups.find(({ name }) => name === group)?.intervalMs;
  }
  /** The driver itself, for what only some protocols have. */
  get driver(): Driver {
    return this.#driver;
  }
  *metrics(): Iterable<MetricSample> {
    yield* deviceMetrics(this.status(), this.#link.up, this.#writes.count);
  }

  // ---- writes

  /** Resolves after the device confirmed; rejects with an OmhError that says who refused and why. */
  async write(tag: Tag, value: unknown, by: WriteBy = {}): Promise<void> {
    const [error] = await this.writeMany([{ tag, value }], by);
    if (error !== undefined) throw error;
  }
  /** Why each item would not be written, by what is known before anything goes over the wire. */
  refusals(items: readonly WriteRequest[], by: WriteBy = {}): (OmhError | undefined)[] {
    return this.#writes.check(items, by).map((checked) => ('error' in checked ? checked.error : undefined));
  }
  /** All or nothing as far as checks go: where one is refused none is sent. Result i is undefined where the device confirmed item i. */
  async writeMany(items: readonly WriteRequest[], by: WriteBy = {}): Promise<(OmhError | undefined)[]> {
    const checked = this.#writes.check(items, by);
    if (checked.some((c) => 'error' in c))
      return checked.map((c, i) => ('error' in c ? c.error : errors.ACQUISITION_HELD_BACK({ tag: tagKey(items[i]!.tag) })));
    const ready = items.map(({ tag }, i) => ({ tag, raw: (checked[i] as { raw: TagValue }).raw, i }));
    const out = new Array<OmhError | undefined>(items.length).fill(undefined);
    for (const { tag, raw } of ready) if (tag.source !== undefined) this.#setStatic(tag, raw);
    const wired = ready.filter(({ tag }) => tag.source === undefined);
    if (wired.length === 0) return out;
    for (const [n, error] of (await this.#writes.send(wired)).entries()) out[wired[n]!.i] = error;
    return out;
  }
  /** Kept, and told at once. */
  #setStatic(tag: Tag, raw: TagValue): void {
    const value = engineeringValue(tag, raw);
    this.#options.around.statics.set(tagKey(tag), value);
    const cycle = cycleOf(tag, value, this.#clock.now());
    this.#emit({ read: cycle, reported: cycle });
  }
  #obstacle(): OmhError | undefined {
    const { stopped } = this.#control;
    if (stopped !== undefined) return errors.ACQUISITION_OUT_OF_SERVICE({ device: this.name, by: stopped.by });
    return this.#link.up ? undefined : errors.ACQUISITION_LINK_DOWN({ device: this.name, reason: this.#link.down.text });
  }

  // ---- who watches

  /** Told of each step of the cycles from now on; undefined ends it. */
  probe(probe: CycleProbe | undefined): void {
    this.#watch.probe = probe;
  }
  get frames(): FrameLog {
    return this.#watch.frames;
  }

  // ---- the link

  #up(): void {
    this.#read = false;
    this.#grid.start(this.#groups);
    // After connecting the first values come at once.
    this.#grid.soon(this.#groups);
  }
  #lost(reason: Reason): void {
    if (!this.#link.lost(reason)) return;
    this.#options.log.warn('device lost', { device: this.name, code: reason.code, reason: reason.text });
  }
  #downFor(reason: Reason, retryMs: number): void {
    this.#health.set('lost', reason, (this.#clock.now() + microsFromMs(retryMs)) as Micros);
    // While the link is down the groups keep their grid, so that each missed cycle is seen as one.
    if (this.#grid.runs) return;
    this.#grid.start(this.#groups);
    this.#grid.soon(this.#groups);
  }

  // ---- cycles

  /** Never rejects. */
  async #poll(group: PollingGroup, dueMs: number, nowMs: number): Promise<void> {
    if (group.running || this.#heldBy(this.#control, group) !== undefined) return;
    if (!this.#link.up) {
      this.#safely(group, () => this.#emit(group.missed(this.#link.down)));
      return;
    }
    group.running = true;
    const life = this.#life;
    // What comes after the device was stopped, or the group was paused or replaced, says nothing any more.
    const isOver = (): boolean =>
      !this.#running || life !== this.#life || !this.#groups.includes(group) || this.#heldBy(this.#control, group) !== undefined;
    try {
      this.#watch.probe?.due?.(this.name, group.name, dueMs * 1000, nowMs * 1000);
      const finished = await group.cycle(this.#driver, this.#watch.probe);
      if (isOver()) return;
      this.#emit(finished);
      if (!this.#link.up) return;
      this.#read = true;
      // Only a link that brings values is a good one; a peer that takes connections and hangs or resets is asked less and less often.
      if (finished.read.batch.quality.some(carriesValue)) this.#link.worked();
    } catch (thrown) {
      this.#options.log.error('a cycle failed', { device: this.name, group: group.name, err: thrown });
      if (!isOver()) this.#safely(group, () => this.#emit(group.missed(reasonOf(thrown))));
    } finally {
      group.running = false;
    }
  }
  /** One group's mistake costs neither the device nor the others. */
  #safely(group: PollingGroup, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      this.#options.log.error('a group cannot be told', { device: this.name, group: group.name, err: thrown });
    }
  }
  /** What their report on change still holds back goes out: nothing comes after it. */
  #flush(groups: readonly PollingGroup[]): void {
    for (const group of groups)
      this.#safely(group, () => {
        const cycle = group.flush();
        if (cycle !== undefined) this.#emit({ read: nothingOf(cycle), reported: undefined, before: cycle });
      });
  }

  #emit(finished: Finished): void {
    const { quality, reasons } = finished.read.batch;
    for (let i = 0; i < quality.length; i++) {
      if (quality[i] === Quality.good || carriesValue(quality[i]!)) this.#values++;
      else this.#trouble = reasons?.[i] ?? this.#trouble;
    }
    const { probe } = this.#watch;
    if (probe === undefined || finished.reported === undefined) this.#options.emit(finished);
    else {
      probe.emitting?.(finished.reported, this.#clock.monotonicMs() * 1000);
      this.#options.emit(finished);
      probe.emitted?.(finished.reported, this.#clock.monotonicMs() * 1000);
    }
  }
}

const nothingOf = (cycle: GroupCycle): GroupCycle => ({ ...cycle, tags: [], batch: createBatch(0, cycle.batch.receiveTime) });
const isReadable = (groups: readonly GroupOptions[]): boolean => groups.some((g) => g.tags.some((tag) => tag.access !== 'write'));
