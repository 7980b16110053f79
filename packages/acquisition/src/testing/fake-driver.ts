import {
  createBatch,
  microsFromMs,
  ok,
  Quality,
  type Driver,
  type DriverContext,
  type DriverModule,
  type ReadPlan,
  type Tag,
  type ValueBatch,
  type WriteItem,
  type WriteResult,
} from '@omh/core';

/** A fake driver whose device is a few switches: what acquisition does with a link, without one. The real driver has its own suite. */
export class FakeDevice {
  reachable = true;
  answers = true;
  /** Tags by name that the device refuses. */
  readonly refused = new Set<string>();
  /** Milliseconds an answer takes. */
  delayMs = 1;
  readonly values = new Map<string, number>();
  readonly writes: WriteItem[] = [];
  opens = 0;
  reads = 0;
  #context: DriverContext | undefined;
  #open = false;

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
    this.#open = false;
    this.#context!.onLost({ code: 'FAKE_LOST', params: {}, text });
  }

  #driver(context: DriverContext): Driver {
    this.#context = context;
    const batchOf = (plan: ReadPlan, quality: (tag: Tag) => number): ValueBatch => {
      const batch = createBatch(plan.tags.length, context.clock.now());
      plan.tags.forEach((tag, i) => {
        batch.ids[i] = tag.id;
        batch.quality[i] = quality(tag);
        batch.num[i] = batch.quality[i] === 0 ? (this.values.get(tag.name) ?? 0) : Number.NaN;
      });
      return batch;
    };
    return {
      open: async () => {
        this.opens++;
        if (!this.reachable) throw Object.assign(new Error('fake:1 refuses the connection.'), { code: 'FAKE_REFUSED' });
        this.#open = true;
      },
      close: async () => {
        this.#open = false;
      },
      compile: (tags) => ({ tags, requests: [] }),
      read: async (plan, { timeoutMs }) => {
        this.reads++;
        if (!this.#open) return batchOf(plan, () => Quality.badNoCommunication);
        await context.clock.sleep(this.answers ? this.delayMs : timeoutMs);
        return batchOf(plan, (tag) =>
          !this.answers ? Quality.badTimeout : this.refused.has(tag.name) ? Quality.badAddressRefused : Quality.good,
        );
      },
      write: async (items) => {
        await context.clock.sleep(this.delayMs);
        this.writes.push(...items);
        return items.map(
          (item): WriteResult =>
            this.refused.has(item.tag.name)
              ? { quality: Quality.badAddressRefused, reason: { code: 'FAKE', params: {}, text: 'Fake refuses the address.' } }
              : { quality: Quality.good },
        );
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

export const atMs = (ms: number): number => microsFromMs(ms);
