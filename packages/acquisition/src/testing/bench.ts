import { qualityWord, silentLogger, valueAt, type GroupCycle, type OmhError, type Tag, type TagValue } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Cycles } from '../cycles.ts';
import type { DeviceOptions, GroupOptions } from '../device-options.ts';
import { Device } from '../device.ts';
import { LastValues } from '../last-values.ts';
import { FakeDevice } from './fake-driver.ts';
import { surroundings } from './surroundings.ts';

export interface Bench {
  readonly clock: VirtualClock;
  readonly fake: FakeDevice;
  readonly device: Device;
  readonly values: LastValues;
  /** What was reported. */
  readonly cycles: GroupCycle[];
  /** Qualities of a row of the reported cycles. */
  words(row?: number): string[];
  last(name: string, group?: string): TagValue | undefined;
  quality(name: string, group?: string): string;
  reason(name: string, group?: string): string | undefined;
  /** `time:value` of each reported row of a tag, in ms since the start; a value is `-` where there is none. */
  reported(name: string): string[];
  /** The result of a promise whose work needs virtual time: `ok`, or the code it rejects with. */
  outcome(work: Promise<unknown>, ms?: number): Promise<string>;
}

/** One fake device with its groups, in virtual time. `kept`: what stands over a restart. */
export function bench(groups: readonly GroupOptions[], kept: Partial<Pick<DeviceOptions, 'around' | 'phases' | 'controls'>> = {}): Bench {
  const clock = new VirtualClock();
  const startUs = clock.now();
  const fake = new FakeDevice();
  const values = new LastValues(clock);
  values.configure(
    groups.flatMap(({ tags }) => tags),
    clock.now(),
  );
  const bus = new Cycles(silentLogger);
  const cycles: GroupCycle[] = [];
  bus.onRead((cycle) => values.update(cycle));
  bus.onEvery((cycle) => cycles.push(cycle));
  const device = new Device({
    name: 'demo',
    module: fake.module,
    settings: {},
    path: 'site/demo',
    groups,
    clock,
    log: silentLogger,
    emit: (finished) => bus.emit(finished),
    counts: () => values.counts(),
    ...surroundings(values),
    ...kept,
  });
  const of = (name: string, group = 'g') => values.byTag('demo', group, name)!;
  return {
    clock,
    fake,
    device,
    values,
    cycles,
    words: (row = 0) => cycles.map((c) => qualityWord(c.batch.quality[row]!)),
    last: (name, group) => of(name, group).value,
    quality: (name, group) => of(name, group).quality,
    reason: (name, group) => of(name, group).reason,
    reported: (name) =>
      cycles.flatMap(({ tags, batch }) =>
        tags.flatMap((tag: Tag, i) => {
          if (tag.name !== name) return [];
          const source = batch.sourceTime?.[i] ?? Number.NaN;
          const time = Number.isNaN(source) ? batch.receiveTime : source;
          return [`${Math.round((time - startUs) / 1000)}:${String(valueAt(batch, i, tag) ?? '-')}`];
        }),
      ),
    async outcome(work, ms = 50) {
      const done = work.then(
        () => 'ok',
        (thrown: OmhError) => thrown.code,
      );
      await clock.advance(ms);
      return done;
    },
  };
}
