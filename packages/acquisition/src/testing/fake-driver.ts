import { columnOf, createBatch, ok, Quality } from '@omh/core';
import type { Driver, DriverContext, DriverModule, ReadPlan, Tag, TagValue, ValueBatch, WriteItem, WriteResult } from '@omh/core';

/** How an attempt to open ends. */
export type FakeOpening = 'opens' | 'refused' | 'silent';
/** What reads bring. `rejects` is a driver that breaks its contract. */
export type FakeAnswers = 'good' | 'silent' | 'garbage' | 'rejects';

/** A fake driver whose device is a few switches: what acquisition does with a link, without one. The real driver has its own suite. */
export class FakeDevice {
  reachable = true;
  answers = true;
  opening: FakeOpening = 'opens';
  reading: FakeAnswers = 'good';
  /** The peer forgot the link: nothing answers, and after three silent reads the driver finds out. */
  halfOpen = false;
  /** Milliseconds that opening and closing take. */
  openMs = 0;
  closeMs = 0;
  /** Tags by name that the device refuses. */
  readonly refused = new Set<string>();
  /** Milliseconds an answer takes. */
  delayMs = 1;
  readonly values = new Map<string, TagValue>();
  /** What is read back where it is not what was written. */
  readonly sticks = new Map<string, TagValue>();
  readonly writes: WriteItem[] = [];
  /** Sizes of the calls of `write`, and tags of each plan that was compiled. */
  readonly writeCalls: number[] = [];
  readonly plans: (readonly string[])[] = [];
  opens = 0;
  reads = 0;
  /** When each read began, monotonic ms, by the name of the first tag. */
  readonly readAt = new Map<string, number[]>();
  /** Links that are open or being opened now, and the most at once. */
  links = 0;
  mostLinks = 0;
  context: DriverContext | undefined;
  #open = false;
  #silentReads = 0;

  readonly module: DriverModule = {
    omhApi: 1,
    id: 'fake',
    title: 'Fake',
    settings: {},
    capabilities: { read: true, write: true, subscribe: false, browse: false },
    parseAddress: (address) => ok({ canonical: address, writable: !address.startsWith('ro') }),
    endpoint: () => 'fake:1',
    create: (_settings, context) => this.#driver(context),
  };

  cut(text = 'The device closed the connection.'): void {
    this.#gone();
    this.context!.onLost({ code: 'FAKE_LOST', params: {}, text });
  }
  #gone(): void {
    if (this.#open) this.links--;
    this.#open = false;
  }

  #batch(plan: ReadPlan, context: DriverContext, quality: (tag: Tag) => number): ValueBatch {
    const { tags } = plan;
    const columns = tags.map((tag) => columnOf(tag.type, tag.count));
    const batch = createBatch(tags.length, context.clock.now(), { i64: columns.includes('i64'), any: columns.includes('any') });
    for (const [i, tag] of tags.entries()) {
      batch.ids[i] = tag.id;
      batch.quality[i] = quality(tag);
      const value = batch.quality[i] === 0 ? (this.values.get(tag.name) ?? 0) : undefined;
      batch.num[i] = value === undefined || typeof value === 'object' ? Number.NaN : Number(value);
      if (columns[i] === 'any') batch.any![i] = value;
      else if (columns[i] === 'i64' && value !== undefined) batch.i64![i] = BigInt(value as number);
    }
    return batch;
  }

  #driver(context: DriverContext): Driver {
    this.context = context;
    const { clock } = context;
    return {
      open: async (signal) => {
        this.opens++;
        this.links++;
        this.mostLinks = Math.max(this.mostLinks, this.links);
        try {
          if (this.openMs > 0) await clock.sleep(this.openMs, signal);
          if (this.opening === 'silent') await clock.sleep(3000, signal);
          if (!this.reachable || this.opening !== 'opens')
            throw Object.assign(new Error('fake:1 refuses the connection.'), { code: 'FAKE_REFUSED' });
        } catch (thrown) {
          this.links--;
          throw thrown;
        }
        this.#open = true;
        this.#silentReads = 0;
      },
      close: async () => {
        if (this.closeMs > 0) await clock.sleep(this.closeMs);
        this.#gone();
      },
      compile: (tags) => {
        this.plans.push(tags.map(({ name }) => name));
        return { tags, requests: [] };
      },
      read: async (plan, { timeoutMs }) => {
        this.reads++;
        const first = plan.tags[0]?.name ?? '';
        this.readAt.set(first, [...(this.readAt.get(first) ?? []), clock.monotonicMs()]);
        if (!this.#open) return this.#batch(plan, context, () => Quality.badNoCommunication);
        if (this.reading === 'rejects') throw new Error('The fake breaks.');
        const isSilent = !this.answers || this.halfOpen || this.reading === 'silent';
        await clock.sleep(isSilent ? timeoutMs : this.delayMs);
        if (this.halfOpen && this.#open && ++this.#silentReads >= 3) this.cut('The device does not answer any more.');
        return this.#batch(plan, context, (tag) =>
          isSilent
            ? Quality.badTimeout
            : this.reading === 'garbage'
              ? Quality.badDecoding
              : this.refused.has(tag.name)
                ? Quality.badAddressRefused
                : Quality.good,
        );
      },
      write: async (items) => {
        this.writeCalls.push(items.length);
        await clock.sleep(this.delayMs);
        this.writes.push(...items);
        return items.map(({ tag, value }): WriteResult => {
          if (this.refused.has(tag.name))
            return { quality: Quality.badAddressRefused, reason: { code: 'FAKE', params: {}, text: 'Fake refuses the address.' } };
          this.values.set(tag.name, this.sticks.get(tag.name) ?? value);
          return { quality: Quality.good };
        });
      },
      stats: () => ({
        requests: this.reads,
        responses: 0,
        refusals: 0,
        timeouts: 0,
        strays: 0,
        bytesIn: 0,
        bytesOut: 0,
        connects: this.opens,
        lastRttMs: undefined,
        rttP50Ms: 2,
      }),
    };
  }
}

export const testTag = (id: number, name: string, more: Partial<Tag> = {}): Tag => ({
  id: id as Tag['id'],
  device: 'demo',
  group: 'g',
  name,
  path: `site/demo/${name}`,
  address: name,
  type: 'int16',
  access: 'read',
  ...more,
});
