import { HealthState, partPrincipal } from '@omh/core';
import type { Clock, GroupCycle, Health, Logger, MessageBus, MetricSample, Part, RetainedProvider, Tag, VirtualTopics } from '@omh/core';
import type { CurrentValues } from './current-values.ts';
import { ReaderFlags } from './reader-flags.ts';
import { metaOf } from './tag-meta.ts';
import { TopicIndex } from './topic-index.ts';
import { vqtOfLast, vqtOfRow } from './vqt-payload.ts';
import { WriteCommands, type WriteDoor } from './write-commands.ts';

export interface NamespaceDevice {
  readonly name: string;
  readonly path: string;
  readonly groups: readonly { readonly name: string; readonly tags: readonly Tag[] }[];
}
export interface NamespaceOptions {
  readonly bus: MessageBus;
  readonly values: CurrentValues;
  /** Of a device, as in the hub file. */
  readonly driverOf: (device: string) => string;
  readonly door: WriteDoor;
  readonly clock: Clock;
  readonly log: Logger;
}

const metaSuffix = '/_meta';
const sliceTags = 1000;

/**
 * Every tag as a topic: its path brings `{v,q,t,r?}` each cycle, `{path}/_meta` says what it is, `{path}/set` writes it. The topics are
 * virtual: nothing is stored, and nothing is made before somebody reads it.
 */
export class Namespace implements Part {
  readonly id = 'namespace';
  readonly index: TopicIndex;
  readonly #options: NamespaceOptions;
  readonly #health: HealthState;
  readonly #principal = partPrincipal('namespace');
  readonly #writes: WriteCommands;
  #devices = new Map<string, NamespaceDevice>();
  #topics: VirtualTopics | undefined;
  #readers: ReaderFlags | undefined;
  #work: Promise<void> = Promise.resolve();
  #messages = 0;
  #running = false;

  constructor(options: NamespaceOptions) {
    this.#options = options;
    const { bus, values, door, clock, log } = options;
    this.#health = new HealthState(() => clock.now());
    this.index = new TopicIndex(values);
    this.#writes = new WriteCommands(bus, values, door, log);
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#topics = this.#options.bus.provide?.(this.#provider);
    if (this.#topics === undefined) return;
    this.#readers = new ReaderFlags(this.#topics);
    for (const device of this.#devices.values()) this.#readers.set(device.name, device.path, device.groups);
    this.#listen();
  }
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#writes.stop();
    this.#topics?.close();
    this.#topics = this.#readers = undefined;
    this.#health.set('stopped', 'Stopped.');
    await this.#work;
  }

  /**
   * The plant from now on; a device that is the same object stays as it is. The table of last values knows it already. Who reads a topic
   * that is gone gets an empty message, who reads a `_meta` that changed the new one. Resolves when the index is complete: it is made in
   * slices.
   */
  configure(devices: readonly NamespaceDevice[]): Promise<void> {
    const former = this.#devices;
    this.#devices = new Map(devices.map((device) => [device.name, device]));
    this.#topics?.changed();
    const gone = [...former.values()].filter((device) => this.#devices.get(device.name) !== device);
    const come = devices.filter((device) => former.get(device.name) !== device);
    for (const { name } of gone) this.#readers?.remove(name);
    for (const { name, path, groups } of come) this.#readers?.set(name, path, groups);
    this.#listen();
    this.#work = this.#work
      .then(() => this.#reindex(gone, come))
      .catch((thrown: unknown) => this.#options.log.error('the index of the namespace is not complete', { err: thrown }));
    return this.#work;
  }
  #listen(): void {
    if (this.#topics !== undefined) this.#writes.listen([...this.#devices.values()].map(({ path }) => path));
  }
  async #reindex(gone: readonly NamespaceDevice[], come: readonly NamespaceDevice[]): Promise<void> {
    const before = new Map<string, Tag>();
    for (const device of gone) {
      while (this.index.shrink(device.name)) await pause();
      if (this.#topics?.readersBelow(device.path) === undefined) continue;
      for (const { tags } of device.groups) for (const tag of tags) before.set(tag.path, tag);
    }
    for (const { name, path, groups } of come) {
      const tags = groups.flatMap((group) => group.tags);
      for (let i = 0; i < tags.length; i += sliceTags) {
        const slice = tags.slice(i, i + sliceTags);
        this.index.extend(name, path, slice);
        if (this.#topics?.readersBelow(path) !== undefined) for (const tag of slice) this.#tell(tag, before.get(tag.path));
        await pause();
      }
    }
    for (const path of before.keys()) {
      if (this.#options.values.byPath(path) !== undefined) continue;
      this.#topics?.topic(path).publish('');
      this.#topics?.topic(path + metaSuffix).publish('');
    }
  }
  /** `_meta` goes to who reads it when it says something new. */
  #tell(tag: Tag, before: Tag | undefined): void {
    const topic = this.#topics!.topic(tag.path + metaSuffix);
    if (!topic.read) return;
    const meta = this.#meta(tag);
    if (before === undefined || meta !== this.#meta(before)) topic.publish(meta);
  }
  #meta(tag: Tag): string {
    return JSON.stringify(metaOf(tag, this.#options.driverOf(tag.device)));
  }

  /** Publishes what somebody reads of a cycle; the table of last values has it already. */
  cycle({ device, group, tags, batch }: GroupCycle): void {
    const readers = this.#readers;
    if (readers === undefined || !readers.anyOf(device, group)) return;
    const { values } = this.#options;
    for (let i = 0; i < tags.length; i++) {
      const tag = tags[i]!;
      if (!readers.isRead(tag.id)) continue;
      this.#messages++;
      readers.topic(tag).publish(vqtOfRow(batch, i, tag, values));
    }
  }

  readonly #provider: RetainedProvider = {
    name: 'namespace',
    principal: this.#principal,
    owns: (topic) => this.#tagOf(topic) !== undefined,
    topics: (filter) => this.#match(filter),
    payload: (topic) => {
      const found = this.#tagOf(topic);
      if (found === undefined) return undefined;
      if (topic.length !== found.tag.path.length) return this.#meta(found.tag);
      return found.tag.access === 'write' ? undefined : vqtOfLast(found);
    },
  };
  #tagOf(topic: string): ReturnType<CurrentValues['byPath']> {
    const { values } = this.#options;
    return values.byPath(topic) ?? (topic.endsWith(metaSuffix) ? values.byPath(topic.slice(0, -metaSuffix.length)) : undefined);
  }
  #match(filter: string): Iterable<string> {
    if (/[+#]/.test(filter)) return this.index.topics(filter);
    return this.#tagOf(filter) === undefined ? [] : [filter];
  }

  health(): Health {
    if (this.#running) {
      if (this.#topics === undefined)
        this.#health.set(
          'running',
          'The tags can be browsed here; the broker elsewhere gets none of their topics, and takes no writes for them.',
        );
      else this.#health.set('running', `Shows ${count(this.index.size, 'tag')} as topics.`);
    }
    return this.#health.get();
  }
  *metrics(): Iterable<MetricSample> {
    yield { name: 'omh_namespace_topics', value: this.index.size };
    yield { name: 'omh_namespace_messages_total', value: this.#messages };
    for (const result of ['ok', 'refused', 'failed'] as const)
      yield { name: 'omh_namespace_writes_total', value: this.#writes.counts[result], labels: { result } };
  }
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
