import { Access, allows } from '@omh/access';
import { Cycles, LastValues, TagRegistry, type DeviceStatus } from '@omh/acquisition';
import { Broker, ExternalBroker, type BrokerAddresses, type ClientInfo } from '@omh/broker';
import { withoutSecrets, type EditOp, type HubConfig, type PlanChange } from '@omh/config';
import type { AppStatus } from '@omh/connectors';
import { EmbeddedHistorian } from '@omh/historian';
import type { Namespace, TopicIndex } from '@omh/namespace';
import type { RuleStatus } from '@omh/rules';
import type { RequestLogEntry, Simulator } from '@omh/simulators';
import { AppendLog, Documents, lockDataDirectory, type DataDirectory } from '@omh/storage';
import {
  parseDurationMs,
  type Clock,
  type Historian,
  type Logger,
  type MessageBus,
  type MetricSample,
  type Micros,
  type Part,
  type Principal,
  type Tag,
} from '@omh/core';
import { Backups, type Backup } from './backup.ts';
import { configOnDisk } from './backup-files.ts';
import { brokerAdmin, type BrokerAdmin } from './broker-admin.ts';
import { listenerSteps } from './broker-doors.ts';
import { ConfigFile, InvalidHubFile } from './config-file.ts';
import { Configuration, type PlanAnswer, type PlanRequest } from './configuration.ts';
import { DeviceAdmin, verbOfRole } from './device-admin.ts';
import { DeviceState } from './device-state.ts';
import { DriftWatch, type Drift } from './drift.ts';
import { Expiry } from './expiry.ts';
import type { FileDiff } from './file-diff.ts';
import { errors } from './errors.ts';
import { countersOf, flowOf, type FlowSnapshot } from './flow.ts';
import { hubIdOf } from './hub-id.ts';
import type { Inspection } from './inspect-directory.ts';
import { inspectRunning } from './inspect-running.ts';
import { Rooms } from './rooms.ts';
import { openAppQueue } from './app-queue.ts';
import { tagGate } from './tag-gate.ts';
import { LoopDelay } from './loop-delay.ts';
import { tagSamples } from './metrics.ts';
import { hubBroker, type HubBroker } from './hub-broker.ts';
import { hubNamespace } from './namespace.ts';
import type { PortOverrides } from './overrides.ts';
import { Parts } from './parts.ts';
import { Rates } from './rates.ts';
import { QueueAdmin } from './queue-admin.ts';
import { Recorder } from './recorder.ts';
import { Revisions, type Revision } from './revisions.ts';
import { statusOf, type HubStatus } from './status.ts';
import { TagExchange } from './tag-exchange.ts';
import { Tracer, type ValueTrace } from './trace.ts';

export interface HubOptions {
  readonly file: string;
  readonly dataDir: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Accepted as admin API tokens: the endpoint's, and OMH_ADMIN_TOKEN. */
  readonly adminTokens: readonly string[];
  readonly ports?: PortOverrides;
  /** Without people HTTP and MQTT listen on this machine only, wherever the file says; with the first start after that they follow it. */
  readonly loopbackWithoutPeople?: boolean;
}

/** Where the number stood before revisions were kept. */
interface RevisionDocument {
  readonly revision: number;
}

/**
 * The one composer: makes the parts that the hub file names, wires them through core's contracts, starts and stops them, and
 * restarts only what a change touches.
 */
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
  readonly #file: ConfigFile;
  readonly #directory: DataDirectory;
  readonly #documents: Documents;
  readonly #broker: HubBroker;
  readonly #tagIds: TagRegistry;
  readonly #cycles: Cycles;
  readonly #deviceState: DeviceState;
  readonly #recorder: Recorder;
  readonly #rates: Rates;
  readonly #loop: LoopDelay;
  readonly #expiry: Expiry;
  readonly #rooms: Rooms;
  readonly #namespace: Namespace;
  readonly #tracer: Tracer;
  readonly #extra: Part[] = [];
  readonly #parts: Parts;
  readonly #configuration: Configuration;
  readonly #drift: DriftWatch;
  readonly #backups: Backups;
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
    this.values = new LastValues(options.clock);
    this.startedAt = options.clock.now();
    this.#file = new ConfigFile(options.file);
    this.#directory = lockDataDirectory(options.dataDir);
    try {
      this.#documents = new Documents(this.#directory.sub('state'));
      const { clock, log, adminTokens } = options;
      const audit = this.#directory.sub('audit');
      this.access = new Access({
        clock,
        adminTokens,
        documents: this.#documents,
        audit: () => AppendLog.open(audit, { mode: 'strict', clock, log: log.child({ part: 'access' }) }),
        log: log.child({ part: 'access' }),
      });
      const revisions = new Revisions(this.#directory.sub('revisions'), this.#file.folder, options.log);
      revisions.recover();
      const copy = this.#file.migrate();
      if (copy !== undefined) options.log.info('the hub file was brought to the present version; the former one is kept', { copy });
      const loaded = this.#file.load();
      if (!loaded.ok) throw new InvalidHubFile(this.#file.path, loaded.error);
      const former = this.#documents.get<RevisionDocument>('revision')?.revision ?? 1;
      this.#configuration = new Configuration(
        {
          file: this.#file,
          revisions,
          clock: options.clock,
          log: options.log,
          ports:
            options.loopbackWithoutPeople && this.access.people.size === 0 ? { ...options.ports, loopback: true } : (options.ports ?? {}),
          steps: async (parts, next) => [
            ...(await this.#parts.steps(parts, next)),
            ...listenerSteps(this.#rooms.broker, this.config, next, this.#file.folder),
          ],
        },
        former,
      );
      const told = (drifted: boolean): void => {
        if (drifted) options.log.warn('the hub file was changed by hand; the change waits for plan and apply', { file: this.#file.path });
      };
      this.#drift = new DriftWatch(this.#file, options.clock, told, () => this.#configuration.applying);
      this.#tagIds = new TagRegistry(this.#documents);
      this.#deviceState = new DeviceState(this.#documents, options.clock, options.log);
      this.#cycles = new Cycles(options.log);
      const { historian, broker } = this.config;
      const embedded = new EmbeddedHistorian({
        dir: this.#directory.sub('historian'),
        retentionMs: parseDurationMs(historian.retention)!,
        setup: historian.setup,
        clock: options.clock,
        log: options.log.child({ part: 'historian' }),
      });
      this.#broker = hubBroker({
        config: broker,
        access: this.access,
        folder: this.#file.folder,
        directory: this.#directory,
        documents: this.#documents,
        version: options.version,
        clock,
        log,
      });
      this.#rooms = new Rooms(this.#broker.broker, embedded);
      this.deviceAdmin = new DeviceAdmin({ rooms: this.#rooms, config: () => this.publicConfig(), log });
      this.queues = new QueueAdmin(this.#rooms, log);
      this.tagExchange = new TagExchange({
        file: this.#file.path,
        running: () => this.#file.parsed,
        config: () => this.publicConfig(),
      });
      this.#recorder = new Recorder(embedded, options.clock, options.log);
      this.#rates = new Rates(options.clock, () => countersOf(this.#rooms));
      this.#loop = new LoopDelay(options.clock);
      this.#expiry = new Expiry(this.values, options.clock, (cycle) => this.#cycles.report(cycle));
      this.#cycles.onEvery((cycle) => this.#recorder.record(cycle));
      this.#cycles.onRead((cycle) => this.values.update(cycle));
      const { values } = this;
      const rooms = this.#rooms;
      this.#namespace = hubNamespace({
        bus: this.bus,
        values,
        access: this.access,
        mqttAccess: this.#broker.access,
        driverOf: (device) => this.config.devices[device]?.driver ?? '',
        write: (target, value, principal, reason) => this.write(target, value, principal, reason),
        clock,
        log,
      });
      this.#cycles.onEvery((cycle) => this.#namespace.cycle(cycle));
      this.#tracer = new Tracer({
        device: (name) => rooms.devices.get(name),
        values,
        recorder: this.#recorder,
        broker: rooms.broker instanceof Broker ? rooms.broker : undefined,
        clock,
      });
      this.#parts = new Parts({
        rooms,
        cycles: this.#cycles,
        values,
        tagIds: this.#tagIds,
        tell: (tags) => void this.#recorder.takeTags(tags),
        show: (plant) => void this.#namespace.configure(plant),
        gate: tagGate({
          rooms,
          values,
          plant: () => this.#parts.running(),
          access: this.access,
          mqttAccess: this.#broker.access,
          write: (target, value, principal, reason) => this.write(target, value, principal, reason),
        }),
        appQueue: (app, queue) => openAppQueue(this.#directory, app, queue, clock, log),
        state: this.#deviceState,
        folder: this.#file.folder,
        clock: options.clock,
        log: options.log,
      });
      const id = hubIdOf(this.#documents);
      this.#backups = new Backups({
        dataDir: this.dataDir,
        version: this.version,
        clock,
        hub: () => ({ id, name: this.config.hub.name }),
        historian: embedded,
        config: () => configOnDisk(this.#file),
        auditHead: async () => {
          const { head } = this.access.audit;
          await this.access.audit.durable();
          return head;
        },
        between: async (work) => {
          while (this.#changing.size > 0) await Promise.allSettled(this.#changing);
          return work();
        },
      });
      for (const name of Object.keys(this.config.simulators)) rooms.simulators.set(name, this.#parts.simulator(name, this.config));
    } catch (thrown) {
      this.#directory.release();
      throw thrown;
    }
  }

  get config(): HubConfig {
    return this.#configuration.config;
  }
  get configFile(): string {
    return this.#file.path;
  }
  configText(): string {
    return this.#file.text;
  }
  /** The file's configuration with secrets as `!env NAME` and `!file PATH`: what may leave the process. */
  publicConfig(): HubConfig {
    return withoutSecrets(this.#file.parsed.config, this.#file.parsed.secrets);
  }
  get revision(): number {
    return this.#configuration.revision;
  }
  get dataDir(): string {
    return this.#directory.path;
  }
  get bus(): MessageBus {
    return this.#rooms.broker.bus;
  }
  /** The tree of all namespace paths. */
  get namespace(): TopicIndex {
    return this.#namespace.index;
  }
  get historian(): Historian {
    return this.#rooms.historian;
  }
  mqttAddresses(): BrokerAddresses {
    return this.#rooms.broker.addresses();
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
    this.#loop.start();
    this.#expiry.start();
    const { historian, broker, simulators } = this.#rooms;
    try {
      // All are waited for, so that none comes up behind the back of a stop.
      const begun = await Promise.allSettled(
        [this.access, this.#broker.authentication, historian, broker, ...simulators.values()].map((part) => part.start()),
      );
      const failed = begun.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      if (this.#stopped) throw errors.HUB_STOPS();
      const { config } = this;
      await this.#namespace.start();
      const plant = this.#parts.plant(config);
      for (const device of plant) this.#rooms.devices.set(device.name, this.#parts.device(device, config));
      for (const name of Object.keys(config.rules)) this.#rooms.rules.set(name, this.#parts.rule(name, config));
      for (const name of Object.keys(config.apps)) this.#rooms.apps.set(name, this.#parts.app(name, config));
      // Readers first, so that the first cycle already finds its rules.
      for (const part of [...this.#rooms.rules.values(), ...this.#rooms.apps.values(), ...this.#rooms.devices.values()]) await part.start();
      if (broker instanceof ExternalBroker) await broker.settled();
      this.#rates.start();
      this.#drift.start();
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
    if (this.#rooms.historian.health().state === 'starting') void this.#rooms.historian.stop();
    return this.#stopped;
  }
  async #release(): Promise<void> {
    this.#drift.stop();
    await this.#backups.stop();
    await Promise.allSettled(this.#changing);
    this.#rates.stop();
    this.#loop.stop();
    this.#expiry.stop();
    this.#recorder.stop();
    await this.#namespace.stop();
    await this.#rooms.stop(this.log);
    this.#deviceState.flush();
    await this.#broker.authentication.stop();
    this.#broker.access.flush();
    await this.access.stop();
    this.#directory.release();
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
    return [...this.#rooms.devices.values()].map((d) => d.status());
  }
  apps(): AppStatus[] {
    return [...this.#rooms.apps.values()].map((a) => a.status());
  }
  rules(): RuleStatus[] {
    return [...this.#rooms.rules.values()].map((r) => r.status());
  }
  clients(): ClientInfo[] {
    return this.#rooms.broker.clients();
  }
  /** Clients, bans, traces and what else is looked after at the broker inside. Throws HUB_BROKER_ELSEWHERE (409). */
  get brokerAdmin(): BrokerAdmin {
    return brokerAdmin(this.#rooms);
  }
  simulators(): readonly Simulator[] {
    return [...this.#rooms.simulators.values()];
  }

  async startSimulator(name: string): Promise<void> {
    await this.#rooms.simulator(name).start();
  }
  async stopSimulator(name: string): Promise<void> {
    await this.#rooms.simulator(name).stop();
  }
  simulatorLog(name: string, after?: number): readonly RequestLogEntry[] {
    return this.#rooms.simulator(name).requests(after);
  }

  /** Resolves after the device confirmed. The caller has checked the permission `tag.write`; `reason` is in the writer's words. */
  async write(
    target: { readonly device: string; readonly group: string; readonly tag: string } | { readonly path: string },
    value: unknown,
    principal: Principal,
    reason?: string,
  ): Promise<void> {
    const found = 'path' in target ? this.values.byPath(target.path) : this.values.byTag(target.device, target.group, target.tag);
    const name = 'path' in target ? target.path : `${target.device}/${target.group}/${target.tag}`;
    const device = found && this.#rooms.devices.get(found.tag.device);
    if (!device) throw errors.HUB_NO_SUCH_TAG({ tag: name });
    await device.write(found.tag, value, { mayActAs: (role) => allows(principal, verbOfRole[role]), reason });
    this.log.info('a value was written', { tag: name, value, by: principal.name, ...(reason === undefined ? {} : { reason }) });
  }

  /**
   * The next value of a tag on its way from the device to its row in history. Throws HUB_NO_SUCH_TAG, HUB_TRACE_BUSY (409) and, when no
   * cycle brings it within two intervals and 5 s, at most 50 s, HUB_TRACE_NOTHING (504).
   */
  trace(tag: Tag): Promise<ValueTrace> {
    const group = this.#rooms.devices
      .get(tag.device)
      ?.status()
      .groups.find(({ name }) => name === tag.group);
    return this.#tracer.next(tag, Math.min(50_000, 2 * (group?.intervalMs ?? 0) + 5000));
  }

  /**
   * What a change would do; nothing happens yet. The plan waits for `apply` half an hour. Throws HUB_STALE_BASE (409), HUB_FILE_CHANGED
   * (409) while the files on disk differ and the plan is not made on them, InvalidHubFile with every fault, CONFIG_EDIT_PATH (404),
   * CONFIG_EDIT_VALUE, HUB_NO_SUCH_REVISION (404).
   */
  plan(request: PlanRequest): Promise<PlanAnswer> {
    return this.#configuration.plan(request);
  }
  /**
   * Carries a plan out, whole or not at all, within 10 s: links that it does not touch stay. Throws HUB_NO_SUCH_PLAN (404),
   * HUB_APPLY_BUSY, HUB_STALE_BASE, HUB_FILE_CHANGED, HUB_FILE_READ_ONLY, HUB_PART_NOT_STARTED (409), HUB_APPLY_TIMEOUT (503).
   */
  apply(planId: string, comment: string, principal: Principal): Promise<{ revision: number }> {
    return this.#change(() => this.#configuration.apply(planId, comment, principal));
  }
  /** Makes the configuration of an earlier revision a new one. Throws as `plan` and `apply` do. */
  rollback(revision: number, comment: string, principal: Principal): Promise<{ revision: number }> {
    return this.#change(() => this.#configuration.rollback(revision, comment, principal));
  }
  /** Plan and apply in one, on the running revision; waits while another change is applied. Throws as `plan` and `apply` do. */
  edit(ops: readonly EditOp[], principal: Principal, comment = ''): Promise<{ revision: number }> {
    return this.#change(() => this.#configuration.edit(ops, comment, principal));
  }
  /** The newest first, at most 200; `cursor` from the answer before. */
  revisions(limit: number, cursor?: number): Promise<{ revisions: Revision[]; cursor?: number }> {
    return this.#configuration.list(limit, cursor);
  }
  /** Unified text of each file that a revision changed, against `from` or the revision before. Throws HUB_NO_SUCH_REVISION. */
  revisionDiff(revision: number, from = revision - 1): FileDiff[] {
    return this.#configuration.revisionDiff(revision, from);
  }
  /** Unified text of each file that a plan would change. Throws HUB_NO_SUCH_PLAN (404). */
  planDiff(planId: string): FileDiff[] {
    return this.#configuration.planDiff(planId);
  }
  /** What was changed by hand in the files since the running revision, read now; undefined when nothing was. */
  drift(): Drift | undefined {
    return this.#configuration.drift();
  }
  /** Whether the files differed when they were last looked at, a few seconds ago at most. */
  get drifted(): boolean {
    return this.#drift.drifted;
  }
  /** Why the files cannot be changed from here; undefined when they can. */
  readOnly(): string | undefined {
    return this.#file.readOnly();
  }
  /** Applied changes that take effect when the hub starts again. */
  pendingRestart(): readonly PlanChange[] {
    return this.#configuration.pending();
  }
  /** Texts of all files of the configuration by name; the main file first. */
  configFiles(): ReadonlyMap<string, string> {
    return this.#file.parsed.files.texts;
  }

  /**
   * Everything as it is now, as one file; the hub goes on working. One at a time. Throws HUB_BACKUP_BUSY (409), HUB_BACKUP_OVERTAKEN,
   * HISTORIAN_NOT_RUNNING (503).
   */
  backup(): Promise<Backup> {
    return this.#backups.create();
  }
  /** What can be checked while it works: the audit log's bytes and chain, the documents, and that the history answers. */
  verify(): Promise<Inspection> {
    return inspectRunning(this.dataDir, this.access.audit, this.#rooms.historian);
  }

  flow(): FlowSnapshot {
    return flowOf(this.#rooms, this.#rates, { p99Ms: this.#loop.p99Ms }, this.clock.now());
  }

  *metrics(): Iterable<MetricSample> {
    for (const part of this.#all()) {
      yield { name: 'omh_part_up', value: part.health().state === 'running' ? 1 : 0, labels: { part: part.id } };
      if (part.metrics) yield* part.metrics();
    }
    yield* tagSamples(this.values);
    yield { name: 'omh_recorder_dropped_total', value: this.#recorder.dropped };
    yield { name: 'omh_config_revision', value: this.revision };
    yield { name: 'omh_config_drift', value: this.#drift.drifted ? 1 : 0 };
    yield { name: 'omh_loop_delay_p99_seconds', value: this.#loop.p99Ms / 1000 };
  }

  *#all(): Iterable<Part> {
    yield* this.#rooms.parts();
    yield this.#namespace;
    yield this.#broker.authentication;
    yield this.access;
    yield* this.#extra;
  }

  /** A stop waits for what is changed now, and nothing is changed after it. */
  async #change<T>(work: () => Promise<T>): Promise<T> {
    if (this.#stopped) throw errors.HUB_STOPS();
    const running = work();
    this.#changing.add(running);
    try {
      return await running;
    } finally {
      this.#changing.delete(running);
    }
  }
}
