import type { Access } from '@omh/access';
import type { DeviceStatus, LastValues } from '@omh/acquisition';
import { ExternalBroker, type BrokerAddresses, type ClientInfo } from '@omh/broker';
import type { EditOp, HubConfig, PlanChange } from '@omh/config';
import type { AppStatus } from '@omh/connectors';
import type { TopicIndex } from '@omh/namespace';
import type { RuleStatus } from '@omh/rules';
import type { RequestLogEntry, Simulator } from '@omh/simulators';
import type { Clock, Historian, Logger, MessageBus, MetricSample, Micros, Part, Principal, Tag } from '@omh/core';
import type { Backup } from './backup.ts';
import { brokerAdmin, type BrokerAdmin } from './broker-admin.ts';
import { Composition, type HubOptions } from './composition.ts';
import type { PlanAnswer, PlanRequest } from './configuration.ts';
import type { DeviceAdmin } from './device-admin.ts';
import type { Drift } from './drift.ts';
import { errors } from './errors.ts';
import type { FileDiff } from './file-diff.ts';
import { flowOf, type FlowSnapshot } from './flow.ts';
import type { Inspection } from './inspect-directory.ts';
import { inspectRunning } from './inspect-running.ts';
import { tagSamples } from './metrics.ts';
import type { QueueAdmin } from './queue-admin.ts';
import type { Revision } from './revisions.ts';
import { statusOf, type HubStatus } from './status.ts';
import type { TagExchange } from './tag-exchange.ts';
import type { ValueTrace } from './trace.ts';

/** A hub: its parts from start to stop, and its doors for those above it. Only what a change touches is restarted. */
export class Hub {
  readonly version: string;
  readonly startedAt: Micros;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Access;
  readonly values: LastValues;
  /** What people do with devices beside configuring them. */
  readonly deviceAdmin: DeviceAdmin;
  /** What waits to be delivered, and what could not be. */
  readonly queues: QueueAdmin;
  /** Tags from and to files. */
  readonly tagExchange: TagExchange;
  readonly #own: Composition;
  readonly #extra: Part[] = [];
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** Start and stop come one after the other, and a stop after the changes that are under way. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #changing = new Set<Promise<unknown>>();

  /** Reads the hub file and takes the data directory; nothing runs yet. Throws InvalidHubFile with every fault of the file. */
  constructor(options: HubOptions) {
    this.version = options.version;
    this.clock = options.clock;
    this.log = options.log;
    this.startedAt = options.clock.now();
    this.#own = new Composition(options, async () => {
      while (this.#changing.size > 0) await Promise.allSettled(this.#changing);
    });
    this.access = this.#own.access;
    this.values = this.#own.values;
    this.deviceAdmin = this.#own.deviceAdmin;
    this.queues = this.#own.queues;
    this.tagExchange = this.#own.tagExchange;
  }

  get config(): HubConfig {
    return this.#own.configuration.config;
  }
  get configFile(): string {
    return this.#own.file.path;
  }
  configText(): string {
    return this.#own.file.text;
  }
  /** The file's configuration with secrets as `!env NAME` and `!file PATH`: what may leave the process. */
  publicConfig(): HubConfig {
    return this.#own.publicConfig();
  }
  get revision(): number {
    return this.#own.configuration.revision;
  }
  get dataDir(): string {
    return this.#own.directory.path;
  }
  get bus(): MessageBus {
    return this.#own.rooms.broker.bus;
  }
  /** The tree of all namespace paths. */
  get namespace(): TopicIndex {
    return this.#own.namespace.index;
  }
  get historian(): Historian {
    return this.#own.rooms.historian;
  }
  mqttAddresses(): BrokerAddresses {
    return this.#own.rooms.broker.addresses();
  }

  /** Parts that live above the hub, such as the API server, are shown and counted with the others but started by their owner. */
  addPart(part: Part): void {
    this.#extra.push(part);
  }

  /**
   * Resolves when everything serves. A device or external broker that is down is not a failure; a taken port is. Rejects when `stop`
   * comes before that.
   */
  start(): Promise<void> {
    return (this.#starting ??= this.#inTurn(() => this.#start()));
  }
  async #start(): Promise<void> {
    this.#own.loop.start();
    this.#own.expiry.start();
    const { historian, broker, simulators } = this.#own.rooms;
    try {
      // All are waited for, so that none comes up behind the back of a stop.
      const begun = await Promise.allSettled(
        [this.access, this.#own.broker.authentication, historian, broker, ...simulators.values()].map((part) => part.start()),
      );
      const failed = begun.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      if (this.#stopped) throw errors.HUB_STOPS();
      const { config } = this;
      await this.#own.namespace.start();
      const plant = await this.#own.parts.plant(config);
      for (const device of plant) this.#own.rooms.devices.set(device.name, this.#own.parts.device(device, config));
      for (const name of Object.keys(config.rules)) this.#own.rooms.rules.set(name, this.#own.parts.rule(name, config));
      for (const name of Object.keys(config.apps)) this.#own.rooms.apps.set(name, this.#own.parts.app(name, config));
      // Readers first, so that the first cycle already finds its rules. No device waits for the long queue of an app to be opened.
      const { rules, apps, devices } = this.#own.rooms;
      await Promise.all([...rules.values(), ...apps.values(), ...devices.values()].map((part) => part.start()));
      if (broker instanceof ExternalBroker) await broker.settled();
      this.#own.tidy();
      this.#own.rates.start();
      this.#own.drift.start();
    } catch (thrown) {
      await this.#release();
      throw thrown;
    }
  }

  /** In the direction of the flow, so that what is on its way still arrives. Never rejects; a start or edit under way ends first. */
  stop(): Promise<void> {
    if (this.#stopped) return this.#stopped;
    this.#stopped = this.#inTurn(() => this.#release());
    // Opening a large store takes long; the stop does not wait for it.
    if (this.#own.rooms.historian.health().state === 'starting') void this.#own.rooms.historian.stop();
    return this.#stopped;
  }
  async #release(): Promise<void> {
    this.#own.drift.stop();
    await this.#own.backups.stop();
    await Promise.allSettled(this.#changing);
    this.#own.rates.stop();
    this.#own.loop.stop();
    this.#own.expiry.stop();
    this.#own.recorder.stop();
    await this.#own.namespace.stop();
    await this.#own.rooms.stop(this.log);
    await this.#own.storedQueues.stop();
    this.#own.deviceState.flush();
    await this.#own.broker.authentication.stop();
    this.#own.broker.access.flush();
    await this.access.stop();
    this.#own.directory.release();
  }
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  status(): HubStatus {
    return statusOf(this.#all());
  }
  devices(): DeviceStatus[] {
    return [...this.#own.rooms.devices.values()].map((d) => d.status());
  }
  apps(): AppStatus[] {
    return [...this.#own.rooms.apps.values()].map((a) => a.status());
  }
  rules(): RuleStatus[] {
    return [...this.#own.rooms.rules.values()].map((r) => r.status());
  }
  clients(): ClientInfo[] {
    return this.#own.rooms.broker.clients();
  }
  /** Clients, bans, traces and what else is looked after at the broker inside. Throws HUB_BROKER_ELSEWHERE (409). */
  get brokerAdmin(): BrokerAdmin {
    return brokerAdmin(this.#own.rooms);
  }
  simulators(): readonly Simulator[] {
    return [...this.#own.rooms.simulators.values()];
  }

  async startSimulator(name: string): Promise<void> {
    await this.#own.rooms.simulator(name).start();
  }
  async stopSimulator(name: string): Promise<void> {
    await this.#own.rooms.simulator(name).stop();
  }
  simulatorLog(name: string, after?: number): readonly RequestLogEntry[] {
    return this.#own.rooms.simulator(name).requests(after);
  }

  /** As `DeviceAdmin.write`. */
  write(target: Parameters<DeviceAdmin['write']>[0], value: unknown, principal: Principal, reason?: string): Promise<void> {
    return this.deviceAdmin.write(target, value, principal, reason);
  }

  /**
   * The next value of a tag on its way from the device to its row in history. Throws HUB_NO_SUCH_TAG, HUB_TRACE_BUSY (409) and, when no
   * cycle brings it within two intervals and 5 s, at most 50 s, HUB_TRACE_NOTHING (504).
   */
  trace(tag: Tag): Promise<ValueTrace> {
    const intervalMs = this.#own.rooms.devices.get(tag.device)?.intervalMs(tag.group) ?? 0;
    return this.#own.tracer.next(tag, Math.min(50_000, 2 * intervalMs + 5000));
  }

  /**
   * What a change would do; nothing happens yet. The plan waits for `apply` half an hour. Throws HUB_STALE_BASE (409), HUB_FILE_CHANGED
   * (409) while the files on disk differ and the plan is not made on them, InvalidHubFile with every fault, CONFIG_EDIT_PATH (404),
   * CONFIG_EDIT_VALUE, HUB_NO_SUCH_REVISION (404).
   */
  plan(request: PlanRequest): Promise<PlanAnswer> {
    return this.#own.configuration.plan(request);
  }
  /**
   * Carries a plan out, whole or not at all, within 10 s: links that it does not touch stay. Throws HUB_NO_SUCH_PLAN (404),
   * HUB_APPLY_BUSY, HUB_STALE_BASE, HUB_FILE_CHANGED, HUB_FILE_READ_ONLY, HUB_PART_NOT_STARTED (409), HUB_APPLY_TIMEOUT (503).
   */
  apply(planId: string, comment: string, principal: Principal): Promise<{ revision: number }> {
    return this.#change(() => this.#own.configuration.apply(planId, comment, principal));
  }
  /** Makes the configuration of an earlier revision a new one. Throws as `plan` and `apply` do. */
  rollback(revision: number, comment: string, principal: Principal): Promise<{ revision: number }> {
    return this.#change(() => this.#own.configuration.rollback(revision, comment, principal));
  }
  /** Plan and apply in one, on the running revision; waits while another change is applied. Throws as `plan` and `apply` do. */
  edit(ops: readonly EditOp[], principal: Principal, comment = ''): Promise<{ revision: number }> {
    return this.#change(() => this.#own.configuration.edit(ops, comment, principal));
  }
  /** The newest first, at most 200; `cursor` from the answer before. */
  revisions(limit: number, cursor?: number): Promise<{ revisions: Revision[]; cursor?: number }> {
    return this.#own.configuration.list(limit, cursor);
  }
  /** Unified text of each file that a revision changed, against `from` or the revision before. Throws HUB_NO_SUCH_REVISION. */
  revisionDiff(revision: number, from = revision - 1): FileDiff[] {
    return this.#own.configuration.revisionDiff(revision, from);
  }
  /** Unified text of each file that a plan would change. Throws HUB_NO_SUCH_PLAN (404). */
  planDiff(planId: string): FileDiff[] {
    return this.#own.configuration.planDiff(planId);
  }
  /** What was changed by hand in the files since the running revision, read now; undefined when nothing was. */
  drift(): Drift | undefined {
    return this.#own.configuration.drift();
  }
  /** Whether the files differed when they were last looked at, a few seconds ago at most. */
  get drifted(): boolean {
    return this.#own.drift.drifted;
  }
  /** Why the files cannot be changed from here; undefined when they can. */
  readOnly(): string | undefined {
    return this.#own.file.readOnly();
  }
  /** Applied changes that take effect when the hub starts again. */
  pendingRestart(): readonly PlanChange[] {
    return this.#own.configuration.pending();
  }
  /** Texts of all files of the configuration by name; the main file first. */
  configFiles(): ReadonlyMap<string, string> {
    return this.#own.file.parsed.files.texts;
  }

  /**
   * Everything as it is now, as one file; the hub goes on working. One at a time. Throws HUB_BACKUP_BUSY (409), HUB_BACKUP_OVERTAKEN,
   * HISTORIAN_NOT_RUNNING (503).
   */
  backup(): Promise<Backup> {
    return this.#own.backups.create();
  }
  /** What can be checked while it works: the audit log's bytes and chain, the documents, and that the history answers. */
  verify(): Promise<Inspection> {
    return inspectRunning(this.dataDir, this.access.audit, this.#own.rooms.historian);
  }

  flow(): FlowSnapshot {
    return flowOf(this.#own.rooms, this.#own.rates, { p99Ms: this.#own.loop.p99Ms }, this.clock.now());
  }

  /** What the parts count; the values of tags are `tagMetrics`. */
  *metrics(): Iterable<MetricSample> {
    for (const part of this.#all()) {
      yield { name: 'omh_part_up', value: part.health().state === 'running' ? 1 : 0, labels: { part: part.id } };
      if (part.metrics) yield* part.metrics();
    }
    yield { name: 'omh_recorder_dropped_total', value: this.#own.recorder.dropped };
    yield { name: 'omh_config_revision', value: this.revision };
    yield { name: 'omh_config_drift', value: this.#own.drift.drifted ? 1 : 0 };
    yield { name: 'omh_loop_delay_p99_seconds', value: this.#own.loop.p99Ms / 1000 };
  }

  /** `omh_tag` of every number and boolean that is good now. */
  tagMetrics(): Iterable<MetricSample> {
    return tagSamples(this.values);
  }

  *#all(): Iterable<Part> {
    yield* this.#own.rooms.parts();
    yield this.#own.namespace;
    yield this.#own.broker.authentication;
    yield this.access;
    yield* this.#extra;
  }

  /** A stop waits for what is changed now, and nothing is changed after it. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopped) throw errors.HUB_STOPS();
    const running = work();
    this.#changing.add(running);
    try {
      const done = await running;
      this.#own.tidy();
      return done;
    } finally {
      this.#changing.delete(running);
    }
  }
}
