import { Readable } from 'node:stream';
import { Access, roles, type AuditStore, type DocumentStore, type Role } from '@omh/access';
import { FrameLog, LastValues } from '@omh/acquisition';
import {
  createBatch,
  Quality,
  silentLogger,
  systemClock,
  topicMatches,
  OmhError,
  type BusReader,
  type Clock,
  type Historian,
  type HistorySeries,
  type Logger,
  type Message,
  type MessageBus,
  type Micros,
  type Principal,
  type Publication,
  type QueryOptions,
  type SqlResult,
  type SqlValue,
  type Tag,
  type TagId,
} from '@omh/core';
import { Broker } from '@omh/broker';
import type { EditOp } from '@omh/config';
import {
  TopicIndex,
  type ControlRequest,
  type Hub,
  type ImportMade,
  type ImportRequest,
  type RequestLogEntry,
  type ShownLetter,
  type ShownQueue,
  type Simulator,
  type PlanAnswer,
  type ValueTrace,
} from '@omh/hub';

export const adminToken = 'an-admin-token-of-enough-length';

/** Documents as text, so that a test can look through everything that would be on disk. */
export class MemoryDocuments implements DocumentStore {
  readonly texts = new Map<string, string>();
  get<T>(name: string): T | undefined {
    const text = this.texts.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }
  put(name: string, value: unknown): void {
    this.texts.set(name, JSON.stringify(value));
  }
}
export class MemoryAuditStore implements AuditStore {
  readonly records: Uint8Array[] = [];
  append(record: Uint8Array): number {
    return this.records.push(record) - 1;
  }
  async durable(): Promise<void> {}
  async *read(from: number): AsyncGenerator<{ position: number; record: Uint8Array }> {
    for (let position = from; position < this.records.length; position++) yield { position, record: this.records[position]! };
  }
}

/** Access as it is, with one token for each role and one that may see a single line only. */
export class FakeAccess extends Access {
  readonly known = new Map<string, Principal>();
  readonly documents: MemoryDocuments;
  readonly store: MemoryAuditStore;
  constructor(clock: Clock, documents = new MemoryDocuments(), store = new MemoryAuditStore(), log: Logger = silentLogger) {
    super({ clock, adminTokens: [adminToken], documents, audit: store, log, passwordCostLog2: 4 });
    this.documents = documents;
    this.store = store;
    for (const role of Object.keys(roles) as Role[])
      this.known.set(`${role}-token`, { kind: 'token', name: role, permissions: roles[role] });
    this.known.set('line1-token', {
      kind: 'token',
      name: 'line1',
      permissions: ['values.read acme/line1/#', 'tag.write acme/line1/#', 'mqtt.subscribe acme/line1/#', 'history.read acme/line1/#'],
    });
    this.known.set('nothing-token', { kind: 'token', name: 'nothing', permissions: [] });
  }
  override byToken(token: string): Principal | undefined {
    return this.known.get(token) ?? super.byToken(token);
  }
}

/** A bus that hands on what is published, at once. */
export class FakeBus implements MessageBus {
  readonly capabilities = { events: false, clients: false, retained: false, stages: false, batch: true, cursors: false };
  readonly readers = new Map<BusReader, readonly string[]>();

  publish({ topic, payload, qos = 0, retain = false, principal, clientId }: Publication): undefined {
    const bytes =
      typeof payload === 'string' ? Buffer.from(payload) : payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload()));
    const message: Message = {
      topic,
      qos,
      retain,
      time: 1_700_000_000_000_000 as Micros,
      properties: undefined,
      principal,
      clientId: clientId ?? principal.name,
      peer: undefined,
      bytes: () => bytes,
      json: () => JSON.parse(Buffer.from(bytes).toString()) as unknown,
      batch: undefined,
      keep: () => message,
    };
    for (const [reader, filters] of this.readers) if (filters.some((f) => topicMatches(f, topic))) void reader.receive(message);
    return undefined;
  }
  subscribe(filters: readonly string[], reader: BusReader): { close(): void } {
    this.readers.set(reader, filters);
    return {
      close: () => {
        this.readers.delete(reader);
      },
    };
  }
}

type Query = (statement: string, params: readonly SqlValue[], options: QueryOptions) => SqlResult | Promise<SqlResult>;

export class FakeHistorian {
  lastQuery: { statement: string; params: readonly SqlValue[]; options: QueryOptions } | undefined;
  lastHistory: Parameters<Historian['history']>[0] | undefined;
  answer: Query = () => ({ columns: [{ name: 'n', type: 'int4' }], rows: [[1]], truncated: false });
  series: HistorySeries = { time: [], value: [], quality: [], gaps: [], bucketMs: 0, samples: 0 };

  async query(statement: string, params: readonly SqlValue[], options: QueryOptions): Promise<SqlResult> {
    this.lastQuery = { statement, params, options };
    return this.answer(statement, params, options);
  }
  async history(query: Parameters<Historian['history']>[0]): Promise<HistorySeries> {
    this.lastHistory = query;
    return this.series;
  }
}

const tag = (id: number, device: string, name: string, path: string, extra: Partial<Tag> = {}): Tag => ({
  id: id as TagId,
  device,
  group: 'g',
  name,
  path,
  address: `1!4000${id}`,
  type: 'double',
  access: 'read',
  ...extra,
});

/** A hub without a plant: real last values and access, everything else answers what a test sets. */
export class FakeHub {
  /** How many tags a scrape finds. */
  taggedMetrics = 3;
  readonly config = {
    hub: { name: 'test', site: 'acme' },
    devices: { press: { driver: 'modbus-tcp' } } as Record<string, unknown>,
    apps: {} as Record<string, unknown>,
    rules: {} as Record<string, unknown>,
    dashboards: { main: { title: 'Main', panels: [] } } as Record<string, unknown>,
  };
  readonly configFile = '/plant/hub.yaml';
  readonly dataDir = '/plant/data';
  readonly version = '0.1.0';
  readonly revision = 7;
  readonly startedAt: Micros;
  readonly clock: Clock;
  readonly log = silentLogger;
  readonly access: FakeAccess;
  /** Not started: nobody is there. */
  readonly broker: Broker;
  readonly bus = new FakeBus();
  readonly store = new FakeHistorian();
  readonly values = new LastValues();
  readonly namespace = new TopicIndex(this.values);
  readonly written: { target: unknown; value: unknown; principal: string; reason?: string }[] = [];
  readonly edits: { ops: readonly EditOp[]; principal: string }[] = [];
  readonly calls: string[] = [];
  refuse: unknown;
  log500: RequestLogEntry[] = [];
  sentence = 'All 1 parts run.';

  constructor(clock: Clock, access = new FakeAccess(clock)) {
    this.clock = clock;
    this.startedAt = clock.now();
    this.access = access;
    this.broker = new Broker({ listeners: {}, clock, log: silentLogger, authenticate: () => undefined, authorize: () => true });
    this.values.configure(
      [
        tag(1, 'press', 'temperature', 'acme/line1/temperature', { unit: 'Cel', precision: 1 }),
        tag(2, 'press', 'humidity', 'acme/line1/humidity', { access: 'readwrite' }),
        tag(3, 'oven', 'count', 'acme/line2/count', { type: 'int64' }),
      ],
      clock.now(),
    );
    this.namespace.extend('press', 'acme/line1', this.values.tags().slice(0, 2));
    this.namespace.extend('oven', 'acme/line2', this.values.tags().slice(2));
  }
  async trace(tag: Tag): Promise<ValueTrace> {
    return {
      tag,
      time: this.startedAt,
      raw: 7,
      value: 0.7,
      quality: 'good',
      reason: undefined,
      hops: [
        { step: 'started', atMs: 0.25, ms: 0.25 },
        { step: 'committed', atMs: 10, ms: 9.75 },
      ],
      frames: [{ direction: 'tx', atMs: 1, bytes: 2, hex: '0102' }],
      endToEndMs: 10,
      notCommitted: undefined,
    };
  }
  get historian(): Historian {
    return this.store as unknown as Historian;
  }
  publicConfig(): Hub['config'] {
    return this.config as Hub['config'];
  }
  configText(): string {
    return 'version: 1\nhub: { name: test, site: acme }\n';
  }

  /** One cycle with these values by tag id. */
  set(values: Readonly<Record<number, number | bigint>>, quality: number = Quality.good): void {
    const ids = Object.keys(values).map(Number);
    const batch = createBatch(ids.length, this.clock.now(), { i64: true });
    const all = new Map(this.values.tags().map((t) => [t.id as number, t]));
    ids.forEach((id, i) => {
      const value = values[id]!;
      batch.ids[i] = id;
      batch.quality[i] = quality;
      if (typeof value === 'bigint') batch.i64![i] = value;
      else batch.num[i] = value;
    });
    this.values.update({ device: 'any', group: 'any', tags: ids.map((id) => all.get(id)!), batch });
  }

  #health() {
    return { state: 'running' as const, reason: { code: 'RUNNING', params: {}, text: 'Runs.' }, since: this.startedAt };
  }
  status(): ReturnType<Hub['status']> {
    return { state: 'running', sentence: this.sentence, parts: [{ id: 'broker', health: this.#health(), address: '127.0.0.1:1883' }] };
  }
  flow(): ReturnType<Hub['flow']> {
    const rated = { state: 'running' as const, sentence: 'Runs.' };
    return {
      time: this.clock.now(),
      devices: [],
      apps: [],
      rules: [],
      simulators: [],
      loop: { p99Ms: 1 },
      rssMb: 80,
      broker: { ...rated, clients: 0, messagesInPerSecond: 0, messagesOutPerSecond: 0, subscriptions: 0, retained: 0, dropped: 0 },
      historian: { ...rated, samplesPerSecond: 0, rowsPerSecond: 0, commitP50Ms: 0, queued: 0, bytesOnDisk: 0 },
    };
  }
  readonly frames = new FrameLog(systemClock, () => {});
  readonly writeResults: (OmhError | undefined)[] = [];
  readonly deviceAdmin = {
    names: () => this.devices().map(({ name }) => name),
    status: (name: string) => this.devices().find((device) => device.name === name)!,
    control: async (name: string, { action, group, comment }: ControlRequest, { name: by }: Principal) => {
      if (this.refuse !== undefined) throw this.refuse;
      this.calls.push([action, name, group, comment, by].filter((word) => word !== undefined).join(' '));
    },
    identify: async (name: string, unit: number) => {
      this.calls.push(`identify ${name} ${unit}`);
      return { VendorName: 'Acme' };
    },
    forgetLearnt: (name: string) => {
      this.calls.push(`forget ${name}`);
    },
    frames: () => this.frames,
    describer: () => () => ({ unit: 1, function: 3, text: 'read holding registers 0–9' }),
    writeMany: async (items: readonly { tag: Tag; value: unknown }[], { name: principal }: Principal, reason?: string) => {
      if (this.refuse !== undefined) throw this.refuse;
      for (const [i, { tag, value }] of items.entries())
        if (this.writeResults[i] === undefined)
          this.written.push({ target: tag.path, value, principal, ...(reason === undefined ? {} : { reason }) });
      return items.map((_, i) => this.writeResults[i]);
    },
  };
  readonly tagExchange = {
    template: async (name: string) => `templates:\n  ${name}: {}\n`,
    read: async ({ bytes }: ImportRequest): Promise<ImportMade> => {
      this.calls.push(`import ${bytes.length}`);
      return this.imported;
    },
    write: async (format: string, device?: string) => new TextEncoder().encode(`${format} ${device ?? 'all'}`),
  };
  imported: ImportMade = {
    format: 'csv',
    added: 1,
    replaced: 0,
    unchanged: 0,
    refused: 0,
    faults: [],
    notMapped: [],
    newDevices: [],
    newGroups: [],
    texts: new Map([['hub.yaml', 'changed']]),
  };
  letters: ShownLetter[] = [];
  queued: ShownQueue[] = [];
  readonly queues = {
    list: () => this.queued,
    deadLetters: async (_name: string, from: number | undefined, limit: number) =>
      this.letters.filter(({ position }) => position >= (from ?? 0)).slice(0, limit),
    replay: async (name: string, position: number) => {
      this.calls.push(`replay ${name} ${position}`);
    },
    remove: async (name: string, position: number) => {
      this.calls.push(`remove ${name} ${position}`);
    },
    clear: async (name: string) => {
      this.calls.push(`clear ${name}`);
      return 5;
    },
    handOver: (name: string, to: string) => {
      this.calls.push(`hand over ${name} to ${to}`);
    },
    discard: async (name: string) => {
      this.calls.push(`discard ${name}`);
    },
  };
  devices(): ReturnType<Hub['devices']> {
    const stats = {
      requests: 4,
      responses: 4,
      refusals: 0,
      timeouts: 0,
      strays: 0,
      bytesIn: 9,
      bytesOut: 9,
      connects: 1,
      lastRttMs: undefined,
    };
    const groups = [
      {
        name: 'g',
        intervalMs: 1000,
        tags: 2,
        cycles: 3,
        missed: 0,
        skipped: 0,
        lastCycleMs: undefined,
        jitterP99Ms: undefined,
        paused: undefined,
      },
    ];
    return [
      {
        control: {},
        name: 'press',
        driver: 'modbus-tcp',
        endpoint: '127.0.0.1:5020',
        path: 'acme/line1',
        health: this.#health(),
        link: 'up',
        groups,
        tags: 2,
        counts: this.values.counts('press'),
        stats,
      },
    ];
  }
  apps(): ReturnType<Hub['apps']> {
    return [
      {
        name: 'north',
        type: 'mqtt',
        health: this.#health(),
        target: 'broker',
        subscriptions: [{ device: 'press', group: 'g', topic: '/neuron/north/press/g' }],
        messages: 3,
        failed: 0,
      },
    ];
  }
  rules(): ReturnType<Hub['rules']> {
    return [
      {
        name: 'ingest',
        sql: 'SELECT * FROM "a"',
        state: 'running',
        reason: this.#health().reason,
        matched: 1,
        passed: 1,
        failed: 0,
        noResult: 0,
        actions: [{ kind: 'historian', text: 'INSERT …', success: 1, failed: 0, pending: 0 }],
        lastOutput: { at: this.startedAt, value: { a: 1 } },
      },
    ];
  }
  get brokerAdmin(): Hub['brokerAdmin'] {
    return this.broker;
  }
  simulators(): readonly Simulator[] {
    const silent = { id: 1, fault: 'silent', text: 'It never answers.', settings: { fault: 'silent' } as const, active: true, hits: 0 };
    const level = {
      ...{ unit: 1, name: 'level', signal: 'sine', text: 'A sine.', area: 'holding' as const, address: 2, points: 2 },
      ...{ type: 'float', count: 1, value: 4.5, held: false },
    };
    const simulator = {
      id: 'simulator/plant',
      name: 'plant',
      protocol: 'modbus-tcp',
      units: [1],
      address: () => '127.0.0.1:5020',
      lastAddress: () => '127.0.0.1:5020',
      health: () => this.#health(),
      start: async () => {},
      stop: async () => {},
      requests: (after?: number) => this.simulatorLog('plant', after),
      signalCount: 1,
      signals: () => [level],
      holdSignal: (unit: number | undefined, name: string, value: unknown) => {
        this.calls.push(`hold ${unit ?? '-'} ${name} ${String(value)}`);
        return level;
      },
      releaseSignal: (unit: number | undefined, name: string) => {
        this.calls.push(`release ${unit ?? '-'} ${name}`);
        return level;
      },
      faults: () => [silent],
      addFault: () => silent,
      removeFault: (id: number) => void this.calls.push(`fault ${id} ends`),
      clearFaults: () => 1,
      registers: () => [{ unit: 1, area: 'holding' as const, address: 0, value: 280, label: 'temperature' }],
      stats: () => ({ connections: 1, requests: 2, exceptions: 0 }),
    };
    return [simulator];
  }
  async startSimulator(name: string): Promise<void> {
    this.calls.push(`start ${name}`);
  }
  async stopSimulator(name: string): Promise<void> {
    this.calls.push(`stop ${name}`);
  }
  simulatorLog(_name: string, after = 0): readonly RequestLogEntry[] {
    return this.log500.filter((e) => e.seq > after);
  }
  async write(target: unknown, value: unknown, principal: Principal, reason?: string): Promise<void> {
    if (this.refuse !== undefined) throw this.refuse;
    this.written.push({ target, value, principal: principal.name, ...(reason === undefined ? {} : { reason }) });
  }
  async edit(ops: readonly EditOp[], principal: Principal): Promise<{ revision: number }> {
    if (this.refuse !== undefined) throw this.refuse;
    this.edits.push({ ops, principal: principal.name });
    return { revision: 8 };
  }
  async plan(request: Parameters<Hub['plan']>[0]): Promise<PlanAnswer> {
    if (this.refuse !== undefined) throw this.refuse;
    return { planId: 'p', base: request.base, changes: [], warnings: [], files: [] };
  }
  async apply(): Promise<{ revision: number }> {
    return { revision: 8 };
  }
  async rollback(): Promise<{ revision: number }> {
    return { revision: 9 };
  }
  drift(): undefined {
    return undefined;
  }
  readonly drifted = false;
  readOnly(): undefined {
    return undefined;
  }
  pendingRestart(): ReturnType<Hub['pendingRestart']> {
    return [];
  }
  configFiles(): ReadonlyMap<string, string> {
    return new Map([
      ['hub.yaml', this.configText()],
      ['tags/press.csv', 'name,address\n'],
    ]);
  }
  planDiff(): ReturnType<Hub['planDiff']> {
    return [];
  }
  revisionDiff(revision: number): ReturnType<Hub['revisionDiff']> {
    return [{ file: 'hub.yaml', kind: 'changed', diff: `@@ ${revision} @@\n` }];
  }
  async revisions(): ReturnType<Hub['revisions']> {
    return { revisions: [] };
  }
  async backup(): ReturnType<Hub['backup']> {
    return { name: 'test.backup.tar.gz', stream: Readable.from([Buffer.from('a backup')]) };
  }
  async verify(): ReturnType<Hub['verify']> {
    return { ok: true, findings: [], checked: ['Everything.'], counts: { people: 0 } };
  }
  *tagMetrics(): ReturnType<Hub['tagMetrics']> {
    for (let i = 0; i < this.taggedMetrics; i++) yield { name: 'omh_tag', value: i, labels: { tag: `t${i}` } };
  }
  metrics(): ReturnType<Hub['metrics']> {
    return [
      { name: 'omh_part_up', value: 1, labels: { part: 'a "b"' } },
      { name: 'omh_api_sockets', value: 0 },
      { name: 'omh_part_up', value: 0, labels: { part: 'c' } },
    ];
  }
}

export class ConfigRefused extends OmhError {
  readonly issues: readonly { path: string; code: string; message: string; fix?: string; file?: string; line?: number; column?: number }[];
  constructor(issues: ConfigRefused['issues']) {
    super('HUB_FILE_INVALID', { blame: 'config', text: 'the file has faults', next: 'Correct them.' });
    this.issues = issues;
  }
}

export const asHub = (fake: FakeHub): Hub => fake as unknown as Hub;
