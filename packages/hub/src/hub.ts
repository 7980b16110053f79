import { Access } from '@omh/access';
import { Cycles, LastValues, TagRegistry, type Device, type DeviceStatus } from '@omh/acquisition';
import { Broker, type ClientInfo } from '@omh/broker';
import { withoutSecrets, type EditOp, type HubConfig, type ParsedHub } from '@omh/config';
import type { AppStatus, MqttApp } from '@omh/connectors';
import { EmbeddedHistorian } from '@omh/historian';
import type { Rule, RuleStatus } from '@omh/rules';
import type { RequestLogEntry, Simulator } from '@omh/simulators';
import { Documents, lockDataDirectory, type DataDirectory } from '@omh/storage';
import {
  parseDurationMs,
  reasonOf,
  type Clock,
  type Historian,
  type Logger,
  type MessageBus,
  type MetricSample,
  type Micros,
  type OmhError,
  type Part,
  type Principal,
} from '@omh/core';
import { changesOf } from './changes.ts';
import { ConfigFile, InvalidHubFile } from './config-file.ts';
import { errors } from './errors.ts';
import { countersOf, flowOf, type FlowSnapshot } from './flow.ts';
import type { Rooms } from './rooms.ts';
import { LoopDelay } from './loop-delay.ts';
import { tagSamples } from './metrics.ts';
import { mqttAccess } from './mqtt-access.ts';
import { withPorts, type PortOverrides } from './overrides.ts';
import { plantOf, type PlantDevice } from './plant.ts';
import { Rates } from './rates.ts';
import { Recorder } from './recorder.ts';
import { statusOf, type HubStatus } from './status.ts';
import { makeApp, makeDevice, makeRule, makeSimulator, type Wiring } from './wiring.ts';

export interface HubOptions {
  readonly file: string;
  readonly dataDir: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Accepted as admin API tokens: the endpoint's, and OMH_ADMIN_TOKEN. */
  readonly adminTokens: readonly string[];
  readonly ports?: PortOverrides;
}

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
  readonly values = new LastValues();
  readonly #options: HubOptions;
  readonly #file: ConfigFile;
  readonly #directory: DataDirectory;
  readonly #documents: Documents;
  readonly #tagIds: TagRegistry;
  readonly #cycles: Cycles;
  readonly #recorder: Recorder;
  readonly #rates: Rates;
  readonly #loop: LoopDelay;
  readonly #rooms: Rooms;
  readonly #wiring: Wiring;
  readonly #extra: Part[] = [];
  #config: HubConfig;
  #revision: number;
  #starting: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  /** Start, edits and stop come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Reads the hub file and takes the data directory; nothing runs yet. Throws InvalidHubFile with every fault of the file. */
  constructor(options: HubOptions) {
    this.#options = options;
    this.version = options.version;
    this.clock = options.clock;
    this.log = options.log;
    this.startedAt = options.clock.now();
    this.access = new Access({ clock: options.clock, adminTokens: options.adminTokens });
    this.#file = new ConfigFile(options.file);
    const loaded = this.#file.load();
    if (!loaded.ok) throw new InvalidHubFile(this.#file.path, loaded.error);
    this.#config = withPorts(loaded.value, options.ports ?? {});

    this.#directory = lockDataDirectory(options.dataDir);
    try {
      this.#documents = new Documents(this.#directory.sub('state'));
      this.#revision = this.#documents.get<RevisionDocument>('revision')?.revision ?? 1;
      this.#tagIds = new TagRegistry(this.#documents);
      this.#cycles = new Cycles(options.log);
      const { historian, broker } = this.#config;
      const embedded = new EmbeddedHistorian({
        dir: this.#directory.sub('historian'),
        retentionMs: parseDurationMs(historian.retention)!,
        setup: historian.setup,
        clock: options.clock,
        log: options.log.child({ part: 'historian' }),
      });
      const own = new Broker({
        listeners: broker.listeners,
        clock: options.clock,
        log: options.log.child({ part: 'broker' }),
        ...mqttAccess(this.access),
      });
      this.#rooms = { simulators: new Map(), devices: new Map(), apps: new Map(), rules: new Map(), broker: own, historian: embedded };
      const { bus } = own;
      this.#wiring = { bus, historian: embedded, cycles: this.#cycles, values: this.values, clock: options.clock, log: options.log };
      this.#recorder = new Recorder(embedded, options.clock, options.log);
      this.#rates = new Rates(options.clock, () => countersOf(this.#rooms));
      this.#loop = new LoopDelay(options.clock);
      this.#cycles.onEvery((cycle) => this.#recorder.record(cycle));
      this.#cycles.onEvery((cycle) => this.values.update(cycle));
      for (const name of Object.keys(this.#config.simulators)) this.#rooms.simulators.set(name, makeSimulator(name, this.#config, options));
    } catch (thrown) {
      this.#directory.release();
      throw thrown;
    }
  }

  get config(): HubConfig {
    return this.#config;
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
    return this.#revision;
  }
  get dataDir(): string {
    return this.#directory.path;
  }
  get bus(): MessageBus {
    return this.#rooms.broker.bus;
  }
  get historian(): Historian {
    return this.#rooms.historian;
  }
  mqttAddresses(): { tcp?: string; ws?: string } {
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
    const { historian, broker, simulators } = this.#rooms;
    try {
      // All are waited for, so that none comes up behind the back of a stop.
      const begun = await Promise.allSettled([historian, broker, ...simulators.values()].map((part) => part.start()));
      const failed = begun.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      if (this.#stopped) throw errors.HUB_STOPS();
      const plant = plantOf(this.#config, this.#tagIds);
      this.#takeTags(plant);
      for (const device of plant) this.#addDevice(device);
      for (const name of Object.keys(this.#config.rules)) this.#addRule(name);
      for (const name of Object.keys(this.#config.apps)) this.#addApp(name);
      // Readers first, so that the first cycle already finds its rules.
      for (const part of [...this.#rooms.rules.values(), ...this.#rooms.apps.values(), ...this.#rooms.devices.values()]) await part.start();
      this.#rates.start();
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
    this.#rates.stop();
    this.#loop.stop();
    this.#recorder.stop();
    const stages: Iterable<Part>[] = [
      this.#rooms.devices.values(),
      this.#rooms.apps.values(),
      this.#rooms.rules.values(),
      [this.#rooms.broker],
      [this.#rooms.historian],
      this.#rooms.simulators.values(),
    ];
    for (const stage of stages) {
      await Promise.all(
        [...stage].map((part) =>
          part.stop().catch((thrown: unknown) => this.log.error('a part did not stop cleanly', { part: part.id, err: thrown })),
        ),
      );
    }
    this.#directory.release();
  }
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  status(): HubStatus {
    return statusOf(this.#parts());
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
  simulators(): readonly Simulator[] {
    return [...this.#rooms.simulators.values()];
  }

  async startSimulator(name: string): Promise<void> {
    await this.#simulator(name).start();
  }
  async stopSimulator(name: string): Promise<void> {
    await this.#simulator(name).stop();
  }
  simulatorLog(name: string, after?: number): readonly RequestLogEntry[] {
    return this.#simulator(name).requests(after);
  }

  /** Resolves after the device confirmed. The caller has checked the permission `tag.write`. */
  async write(
    target: { readonly device: string; readonly group: string; readonly tag: string } | { readonly path: string },
    value: unknown,
    principal: Principal,
  ): Promise<void> {
    const found = 'path' in target ? this.values.byPath(target.path) : this.values.byTag(target.device, target.group, target.tag);
    const name = 'path' in target ? target.path : `${target.device}/${target.group}/${target.tag}`;
    const device = found && this.#rooms.devices.get(found.tag.device);
    if (!device) throw errors.HUB_NO_SUCH_TAG({ tag: name });
    await device.write(found.tag, value);
    this.log.info('a value was written', { tag: name, value, by: principal.name });
  }

  /**
   * Changes the hub file and what runs: checks the whole file first, writes it durably, restarts only what changed. When a changed
   * part does not start, file and parts go back to what they were.
   */
  edit(ops: readonly EditOp[], principal: Principal): Promise<{ revision: number }> {
    return this.#inTurn(() => this.#edit(ops, principal));
  }
  async #edit(ops: readonly EditOp[], principal: Principal): Promise<{ revision: number }> {
    if (this.#stopped) throw errors.HUB_STOPS();
    const former = { file: this.#file.parsed, config: this.#config };
    const edited = this.#file.edited(ops);
    if (!edited.ok) throw new InvalidHubFile(this.#file.path, edited.error);
    this.#file.write(edited.value);
    try {
      await this.#apply(withPorts(edited.value.config, this.#options.ports ?? {}));
      this.#documents.put('revision', { revision: this.#revision + 1 } satisfies RevisionDocument);
      this.#revision++;
    } catch (thrown) {
      throw await this.#wentBack(former, thrown);
    }
    this.log.info('the configuration was changed', {
      revision: this.#revision,
      by: principal.name,
      ops: ops.map((op) => `${op.op} ${op.path}`),
    });
    return { revision: this.#revision };
  }

  /** File and parts as they were before, each as far as it goes; the error that says so. */
  async #wentBack(former: { readonly file: ParsedHub; readonly config: HubConfig }, thrown: unknown): Promise<OmhError> {
    const detail = reasonOf(thrown).text;
    const steps = [async () => this.#file.write(former.file), () => this.#apply(former.config)];
    const faults: string[] = [];
    for (const step of steps) await step().catch((fault: unknown) => faults.push(reasonOf(fault).text));
    if (faults.length === 0) return errors.HUB_NOT_APPLIED({ detail }, { cause: thrown });
    return errors.HUB_NOT_RESTORED({ detail, faults: faults.join(' ') }, { cause: thrown });
  }

  flow(): FlowSnapshot {
    return flowOf(this.#rooms, this.#rates, { p99Ms: this.#loop.p99Ms }, this.clock.now());
  }

  *metrics(): Iterable<MetricSample> {
    for (const part of this.#parts()) {
      yield { name: 'omh_part_up', value: part.health().state === 'running' ? 1 : 0, labels: { part: part.id } };
      if (part.metrics) yield* part.metrics();
    }
    yield* tagSamples(this.values);
    yield { name: 'omh_recorder_dropped_total', value: this.#recorder.dropped };
    yield { name: 'omh_loop_delay_p99_seconds', value: this.#loop.p99Ms / 1000 };
  }

  *#parts(): Iterable<Part> {
    yield* this.#rooms.simulators.values();
    yield* this.#rooms.devices.values();
    yield* this.#rooms.apps.values();
    yield this.#rooms.broker;
    yield* this.#rooms.rules.values();
    yield this.#rooms.historian;
    yield* this.#extra;
  }

  #simulator(name: string): Simulator {
    const simulator = this.#rooms.simulators.get(name);
    if (!simulator) throw errors.HUB_NO_SUCH_SIMULATOR({ name });
    return simulator;
  }

  #takeTags(plant: readonly PlantDevice[]): void {
    const tags = plant.flatMap((d) => d.groups.flatMap((g) => g.tags));
    this.values.configure(tags, this.clock.now());
    void this.#recorder.takeTags(tags);
  }

  #addDevice(plant: PlantDevice): Device {
    const device = makeDevice(plant, this.#config, this.#wiring);
    this.#rooms.devices.set(plant.name, device);
    return device;
  }
  #addRule(name: string): Rule {
    const rule = makeRule(name, this.#config, this.#wiring);
    this.#rooms.rules.set(name, rule);
    return rule;
  }
  #addApp(name: string): MqttApp {
    const app = makeApp(name, this.#config, this.#wiring);
    this.#rooms.apps.set(name, app);
    return app;
  }

  /** Stops what went or changed, starts what came or changed; nothing else is touched. */
  async #apply(next: HubConfig): Promise<void> {
    const former = this.#config;
    this.#config = next;
    const devices = changesOf('devices', former, next);
    const apps = changesOf('apps', former, next);
    const rules = changesOf('rules', former, next);
    const drop = async (parts: Map<string, Part>, names: readonly string[]): Promise<void> => {
      for (const name of names) {
        await parts.get(name)?.stop();
        parts.delete(name);
      }
    };
    await drop(this.#rooms.devices, devices.gone);
    await drop(this.#rooms.apps, apps.gone);
    await drop(this.#rooms.rules, rules.gone);
    for (const name of rules.come) await this.#addRule(name).start();
    for (const name of apps.come) await this.#addApp(name).start();
    if (devices.gone.length + devices.come.length === 0) return;
    const plant = plantOf(next, this.#tagIds);
    this.#takeTags(plant);
    for (const device of plant) if (devices.come.includes(device.name)) await this.#addDevice(device).start();
  }
}
