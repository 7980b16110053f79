import { Access } from '@omh/access';
import { Cycles, LastValues, TagRegistry } from '@omh/acquisition';
import { Broker } from '@omh/broker';
import { withoutSecrets, type HubConfig } from '@omh/config';
import { EmbeddedHistorian } from '@omh/historian';
import type { Namespace } from '@omh/namespace';
import { AppendLog, Documents, lockDataDirectory, type DataDirectory } from '@omh/storage';
import { parseDurationMs, type Clock, type Logger } from '@omh/core';
import { AppQueues } from './app-queues.ts';
import { Backups } from './backup.ts';
import { configOnDisk } from './backup-files.ts';
import { listenerSteps } from './broker-doors.ts';
import { ConfigFile, InvalidHubFile } from './config-file.ts';
import { Configuration } from './configuration.ts';
import { DeviceAdmin } from './device-admin.ts';
import { DeviceState } from './device-state.ts';
import { DriftWatch } from './drift.ts';
import { Expiry } from './expiry.ts';
import { countersOf } from './flow.ts';
import { hubBroker, type HubBroker } from './hub-broker.ts';
import { hubIdOf } from './hub-id.ts';
import { LoopDelay } from './loop-delay.ts';
import { hubNamespace } from './namespace.ts';
import type { PortOverrides } from './overrides.ts';
import { Parts } from './parts.ts';
import { QueueAdmin } from './queue-admin.ts';
import { queueWarnings } from './queue-warnings.ts';
import { Rates } from './rates.ts';
import { Recorder } from './recorder.ts';
import { Revisions } from './revisions.ts';
import { Rooms } from './rooms.ts';
import { TagExchange } from './tag-exchange.ts';
import { tagGate } from './tag-gate.ts';
import { Tracer } from './trace.ts';

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

/** Everything that a hub file asks for, made and wired through core's contracts; nothing runs yet. */
export class Composition {
  readonly values: LastValues;
  readonly access: Access;
  readonly file: ConfigFile;
  readonly directory: DataDirectory;
  readonly broker: HubBroker;
  readonly rooms: Rooms;
  readonly parts: Parts;
  readonly configuration: Configuration;
  readonly drift: DriftWatch;
  readonly namespace: Namespace;
  readonly recorder: Recorder;
  readonly deviceState: DeviceState;
  readonly deviceAdmin: DeviceAdmin;
  readonly storedQueues: AppQueues;
  readonly queues: QueueAdmin;
  readonly tagExchange: TagExchange;
  readonly tracer: Tracer;
  readonly backups: Backups;
  readonly rates: Rates;
  readonly loop: LoopDelay;
  readonly expiry: Expiry;
  readonly #cycles: Cycles;
  readonly #log: Logger;

  /**
   * Reads the hub file and takes the data directory. `settled` resolves when no change of the configuration is under way. Throws
   * InvalidHubFile with every fault of the file.
   */
  constructor(options: HubOptions, settled: () => Promise<void>) {
    const { clock, log } = options;
    this.values = new LastValues(clock);
    this.#cycles = new Cycles(log);
    this.#log = log;
    this.loop = new LoopDelay(clock);
    this.file = new ConfigFile(options.file);
    this.directory = lockDataDirectory(options.dataDir);
    try {
      const documents = new Documents(this.directory.sub('state'));
      this.access = this.#newAccess(options, documents);
      this.configuration = this.#newConfiguration(options, documents);
      const told = (drifted: boolean): void => {
        if (drifted) log.warn('the hub file was changed by hand; the change waits for plan and apply', { file: this.file.path });
      };
      this.drift = new DriftWatch(this.file, clock, told, () => this.configuration.applying);
      this.deviceState = new DeviceState(documents, clock, log);
      const historian = this.#newHistorian(options);
      this.broker = hubBroker({
        config: this.config.broker,
        access: this.access,
        folder: this.file.folder,
        directory: this.directory,
        documents,
        version: options.version,
        clock,
        log,
      });
      this.rooms = new Rooms(this.broker.broker, historian);
      const publicConfig = (): HubConfig => this.publicConfig();
      this.deviceAdmin = new DeviceAdmin({ rooms: this.rooms, values: this.values, config: publicConfig, log });
      this.storedQueues = new AppQueues({ directory: this.directory, documents, storing: () => this.#storing(), clock, log });
      this.queues = new QueueAdmin(this.rooms, this.storedQueues, log);
      this.tagExchange = new TagExchange({ file: this.file.path, running: () => this.file.parsed, config: publicConfig });
      this.recorder = new Recorder(historian, clock, log);
      this.rates = new Rates(clock, () => countersOf(this.rooms));
      this.expiry = new Expiry(this.values, clock, (cycle) => this.#cycles.report(cycle));
      this.#cycles.onEvery((cycle) => this.recorder.record(cycle));
      this.#cycles.onRead((cycle) => this.values.update(cycle));
      this.namespace = this.#newNamespace(options);
      this.#cycles.onEvery((cycle) => this.namespace.cycle(cycle));
      this.tracer = new Tracer({
        device: (name) => this.rooms.devices.get(name),
        values: this.values,
        recorder: this.recorder,
        broker: this.rooms.broker instanceof Broker ? this.rooms.broker : undefined,
        clock,
      });
      this.parts = this.#newParts(options, documents);
      this.backups = this.#newBackups(options, hubIdOf(documents), historian, settled);
      for (const name of Object.keys(this.config.simulators)) this.rooms.simulators.set(name, this.parts.simulator(name, this.config));
    } catch (thrown) {
      this.directory.release();
      throw thrown;
    }
  }

  get config(): HubConfig {
    return this.configuration.config;
  }
  /** The file's configuration with secrets as `!env NAME` and `!file PATH`: what may leave the process. */
  publicConfig(): HubConfig {
    return withoutSecrets(this.file.parsed.config, this.file.parsed.secrets);
  }
  /** What belongs to parts that are gone goes, as far as nobody misses it. Never throws. */
  tidy(): void {
    void this.storedQueues.tidy();
    try {
      this.deviceState.keepOnly(new Set(Object.keys(this.config.devices)));
    } catch (thrown) {
      this.#log.error('what was known of removed devices is still on the disk', { err: thrown });
    }
  }
  *#storing(): Iterable<string> {
    for (const app of this.rooms.apps.values()) if (app.stores) yield app.name;
  }

  #newAccess({ clock, log: hubLog, adminTokens }: HubOptions, documents: Documents): Access {
    const audit = this.directory.sub('audit');
    const log = hubLog.child({ part: 'access' });
    return new Access({ clock, adminTokens, documents, audit: () => AppendLog.open(audit, { mode: 'strict', clock, log }), log });
  }

  #newConfiguration({ clock, log, ports = {}, loopbackWithoutPeople = false }: HubOptions, documents: Documents): Configuration {
    const revisions = new Revisions(this.directory.sub('revisions'), this.file.folder, log);
    revisions.recover();
    const copy = this.file.migrate();
    if (copy !== undefined) log.info('the hub file was brought to the present version; the former one is kept', { copy });
    const loaded = this.file.load();
    if (!loaded.ok) throw new InvalidHubFile(this.file.path, loaded.error);
    return new Configuration(
      {
        file: this.file,
        revisions,
        clock,
        log,
        ports: loopbackWithoutPeople && this.access.people.size === 0 ? { ...ports, loopback: true } : ports,
        steps: async (parts, next) => [
          ...(await this.parts.steps(parts, next)),
          ...listenerSteps(this.rooms.broker, this.config, next, this.file.folder),
        ],
        warnings: (parts, next) => queueWarnings(parts, next, this.rooms.apps),
      },
      documents.get<RevisionDocument>('revision')?.revision ?? 1,
    );
  }

  #newHistorian({ clock, log }: HubOptions): EmbeddedHistorian {
    const { retention, setup } = this.config.historian;
    const dir = this.directory.sub('historian');
    return new EmbeddedHistorian({ dir, retentionMs: parseDurationMs(retention)!, setup, clock, log: log.child({ part: 'historian' }) });
  }

  #newNamespace({ clock, log }: HubOptions): Namespace {
    return hubNamespace({
      bus: this.rooms.broker.bus,
      values: this.values,
      access: this.access,
      mqttAccess: this.broker.access,
      driverOf: (device) => this.config.devices[device]?.driver ?? '',
      write: (target, value, principal, reason) => this.deviceAdmin.write(target, value, principal, reason),
      clock,
      log,
    });
  }

  #newParts({ clock, log }: HubOptions, documents: Documents): Parts {
    const gate = tagGate({
      rooms: this.rooms,
      values: this.values,
      plant: () => this.parts.running(),
      access: this.access,
      mqttAccess: this.broker.access,
      deviceAdmin: this.deviceAdmin,
    });
    return new Parts({
      rooms: this.rooms,
      cycles: this.#cycles,
      values: this.values,
      tagIds: new TagRegistry(documents),
      tell: (tags) => void this.recorder.takeTags(tags),
      show: (plant) => void this.namespace.configure(plant),
      gate,
      appQueue: (app, queue) => this.storedQueues.open(app, queue),
      state: this.deviceState,
      folder: this.file.folder,
      clock,
      log,
    });
  }

  #newBackups({ clock, version }: HubOptions, id: string, historian: EmbeddedHistorian, settled: () => Promise<void>): Backups {
    return new Backups({
      dataDir: this.directory.path,
      version,
      clock,
      hub: () => ({ id, name: this.config.hub.name }),
      historian,
      config: () => configOnDisk(this.file),
      auditHead: async () => {
        const { head } = this.access.audit;
        await this.access.audit.durable();
        return head;
      },
      between: async (work) => {
        await settled();
        return work();
      },
    });
  }
}
