import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, silentLogger, systemClock } from '@omh/core';
import type { GroupCycle, MessageBus, Micros, RetainedProvider, VirtualTopics } from '@omh/core';
import { Namespace } from './namespace.ts';
import type { NamespaceDevice } from './namespace.ts';
import { bigPlant, plantValues, tagOf } from './testing/plant.ts';
import type { PlantValues } from './testing/plant.ts';

/** A bus whose readers a test chooses; counts what it is asked. */
class Bus implements MessageBus {
  readonly capabilities = { events: false, clients: false, retained: true, stages: false, batch: true, cursors: false };
  readonly published: [topic: string, payload: string][] = [];
  readonly reads = new Set<string>();
  version = 0;
  asked = 0;
  provider: RetainedProvider | undefined;

  read(...topics: readonly string[]): void {
    for (const topic of topics) this.reads.add(topic);
    this.version++;
  }
  publish(): undefined {
    return undefined;
  }
  subscribe(): { close(): void } {
    return { close: () => {} };
  }
  provide(provider: RetainedProvider): VirtualTopics {
    this.provider = provider;
    const version = (): number => this.version;
    return {
      get version() {
        return version();
      },
      readersBelow: (path) => {
        this.asked++;
        const some = [...this.reads].some((topic) => topic.startsWith(`${path}/`));
        return some ? (name) => this.reads.has(`${path}/${name}`) : undefined;
      },
      topic: (topic) => ({ read: this.reads.has(topic), publish: (payload) => this.#take(topic, String(payload)) }),
      changed: () => {},
      close: () => {},
    };
  }
  #take(topic: string, payload: string): void {
    if (this.reads.has(topic)) this.published.push([topic, payload]);
  }
}

const door = { mayWrite: () => true, mayAnswer: () => true, write: async () => {}, audit: () => {} };
const house = (bus: MessageBus, values: PlantValues): Namespace =>
  new Namespace({ bus, values, driverOf: () => 'modbus-tcp', door, clock: systemClock, log: silentLogger });

function cycleOf({ name, groups }: NamespaceDevice): GroupCycle {
  const { tags } = groups[0]!;
  const batch = createBatch(tags.length, 1_700_000_000_000_000 as Micros);
  for (const [i, { id }] of tags.entries()) {
    batch.ids[i] = id;
    batch.num[i] = i;
  }
  return { device: name, group: 'g', tags, batch };
}

test('a cycle costs nothing per tag while nobody reads, and only what is read is published', async () => {
  const [bus, values] = [new Bus(), plantValues()];
  const space = house(bus, values);
  await space.start();
  const plant = bigPlant(values, 3, 100);
  await space.configure(plant);
  const { asked } = bus;
  for (let n = 0; n < 50; n++) for (const device of plant) space.cycle(cycleOf(device));
  assert.equal(bus.asked, asked + 3, 'each group asks once while no subscription changes');
  assert.deepEqual(bus.published, []);
  const path = plant[1]!.groups[0]!.tags[7]!.path;
  bus.read(path);
  for (const device of plant) space.cycle(cycleOf(device));
  assert.deepEqual(bus.published, [[path, '{"v":7,"q":"good","t":1700000000000}']]);
  bus.reads.clear();
  bus.version++;
  for (const device of plant) space.cycle(cycleOf(device));
  assert.equal(bus.published.length, 1);
});

test('a cycle with some of its tags publishes those by their ids', async () => {
  const [bus, values] = [new Bus(), plantValues()];
  const space = house(bus, values);
  await space.start();
  const plant = bigPlant(values, 1, 10);
  await space.configure(plant);
  const whole = plant[0]!.groups[0]!.tags;
  const tags = [whole[9]!, whole[2]!];
  bus.read(tags[0]!.path, whole[0]!.path);
  const batch = createBatch(2, 1_700_000_000_000_000 as Micros);
  batch.ids.set(tags.map(({ id }) => id));
  batch.num.set([90, 20]);
  space.cycle({ device: 'device0', group: 'g', tags, batch });
  assert.deepEqual(bus.published, [[tags[0]!.path, '{"v":90,"q":"good","t":1700000000000}']]);
});

test('who reads hears what changed in the plant: new and changed meta once, and an empty message for what is gone', async () => {
  const [bus, values] = [new Bus(), plantValues()];
  const space = house(bus, values);
  await space.start();
  const [x, y] = [tagOf(1, 'a/x', { device: 'dev' }), tagOf(2, 'a/y', { device: 'dev' })];
  bus.read('a/x', 'a/x/_meta', 'a/y/_meta');
  const as = (tags: (typeof x)[]): NamespaceDevice => ({ name: 'dev', path: 'a', groups: [{ name: 'g', tags }] });
  for (const tag of [x, y]) values.put(tag);
  await space.configure([as([x, y])]);
  assert.deepEqual(
    bus.published.splice(0).map(([topic]) => topic),
    ['a/x/_meta', 'a/y/_meta'],
  );
  await space.configure([as([x, { ...y, unit: 'bar' }])]);
  const [[topic, meta]] = bus.published.splice(0) as [[string, string]];
  assert.deepEqual([topic, (JSON.parse(meta) as { unit: string }).unit], ['a/y/_meta', 'bar']);
  values.drop(x);
  await space.configure([as([{ ...y, unit: 'bar' }])]);
  assert.deepEqual(bus.published.splice(0, 2), [
    ['a/x', ''],
    ['a/x/_meta', ''],
  ]);
  assert.equal(space.index.size, 1);
  assert.equal(bus.provider!.owns('a/x'), false);
  assert.equal(bus.provider!.owns('a/y/_meta'), true);
});

test('a tag that is only written has a meta and no value', async () => {
  const [bus, values] = [new Bus(), plantValues()];
  const space = house(bus, values);
  await space.start();
  const tag = tagOf(1, 'a/x', { access: 'write', guard: { min: 0, max: 5 } });
  values.put(tag);
  assert.equal(bus.provider!.payload('a/x'), undefined);
  assert.deepEqual((JSON.parse(String(bus.provider!.payload('a/x/_meta'))) as { write: unknown }).write, { min: 0, max: 5 });
});

test('with a broker elsewhere the tree is there and the sentence says what is not', async () => {
  const values = plantValues();
  const { publish, subscribe, capabilities } = new Bus();
  const space = house({ publish, subscribe, capabilities }, values);
  await space.start();
  const plant = bigPlant(values, 1, 5);
  await space.configure(plant);
  space.cycle(cycleOf(plant[0]!));
  assert.equal(space.index.size, 5);
  assert.equal(space.health().state, 'running');
  assert.match(space.health().reason.text, /elsewhere gets none of their topics/);
  await space.stop();
  assert.equal(space.health().state, 'stopped');
});
