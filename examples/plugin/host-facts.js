import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';

/**
 * A driver plugin, whole: `driver: host-facts` reads figures of the machine the hub runs on. The hub calls the default export with the
 * exports of @omh/core.
 */
const facts = {
  load: () => loadavg()[0],
  memory: () => 100 * (1 - freemem() / totalmem()),
  cpus: () => cpus().length,
  uptime: () => uptime(),
};

export default ({ createBatch, defineErrors, fail, ok, nearest, Quality }) => {
  const errors = defineErrors({
    HOST_FACTS_READ_ONLY: { blame: 'caller', text: 'Figures of the machine can only be read.', next: 'Write to another device.' },
  });

  class HostFacts {
    #reads = 0;
    #opened = 0;
    constructor({ clock }) {
      this.clock = clock;
    }
    async open() {
      this.#opened++;
    }
    async close() {}
    compile(tags) {
      return { tags, requests: [{ unit: 0, area: 'host', start: 0, count: tags.length, tags: tags.length }] };
    }
    async read({ tags }) {
      this.#reads++;
      const batch = createBatch(tags.length, this.clock.now());
      tags.forEach((tag, i) => {
        batch.ids[i] = tag.id;
        batch.quality[i] = Quality.good;
        batch.num[i] = facts[tag.address]();
      });
      return batch;
    }
    async write(items) {
      return items.map(() => ({ quality: Quality.bad, reason: errors.HOST_FACTS_READ_ONLY().reason() }));
    }
    stats() {
      return {
        requests: this.#reads,
        responses: this.#reads,
        refusals: 0,
        timeouts: 0,
        strays: 0,
        bytesIn: 0,
        bytesOut: 0,
        connects: this.#opened,
        lastRttMs: undefined,
      };
    }
  }

  return {
    omhApi: 1,
    name: 'host-facts',
    drivers: [
      {
        omhApi: 1,
        id: 'host-facts',
        title: 'Figures of this machine',
        settings: { type: 'object', properties: {}, additionalProperties: false },
        capabilities: { read: true, write: false, subscribe: false, browse: false },
        parseAddress(address) {
          if (Object.hasOwn(facts, address)) return ok({ canonical: address, writable: false });
          const near = nearest(address, Object.keys(facts));
          return fail([
            {
              path: '',
              code: 'HOST_FACTS_ADDRESS',
              message: `there is no figure "${address}"`,
              fix: near === undefined ? `Use one of ${Object.keys(facts).join(', ')}.` : `Did you mean "${near}"?`,
            },
          ]);
        },
        endpoint: () => 'this machine',
        create: (_settings, context) => new HostFacts(context),
      },
    ],
  };
};
