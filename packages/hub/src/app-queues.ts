import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDeliveryQueue, type DataDirectory, type Documents } from '@omh/storage';
import { reasonOf, type Clock, type DeliveryQueue, type DeliveryQueueOptions, type Logger } from '@omh/core';

export interface AppQueuesOptions {
  readonly directory: DataDirectory;
  readonly documents: Documents;
  /** Names of the apps that keep messages on the disk now. */
  readonly storing: () => Iterable<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

const documentName = 'queues';
/** How an orphan is sent on: as store and forward sends what is late. */
const orphanOptions: DeliveryQueueOptions = {
  liveFirst: true,
  backlogPerSecond: 1000,
  batchCount: 500,
  retry: { firstMs: 500, maxMs: 30_000 },
};

/**
 * The queues of apps, each in a folder of `queues/` of the data directory: safe from the end of the process, and from a power cut within a
 * second. A queue whose app is gone, or stores nothing any more, is an orphan: it stays as long as something is in it.
 */
export class AppQueues {
  readonly #options: AppQueuesOptions;
  /** By folder. */
  readonly #orphans = new Map<string, DeliveryQueue>();
  /** Folders that cannot be opened, so that it is said once. */
  readonly #unusable = new Set<string>();
  /** Names of folders that are called by a hash. */
  readonly #names: Map<string, string>;
  /** Until the app that has a folder closes its queue. */
  readonly #held = new Map<string, Promise<void>>();
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: AppQueuesOptions) {
    this.#options = options;
    this.#names = new Map(Object.entries(options.documents.get<Record<string, string>>(documentName) ?? {}));
  }

  /** The queue of an app, when its former self has closed it; what waits in an orphan of this name is its own again. */
  async open(app: string, options: DeliveryQueueOptions): Promise<DeliveryQueue> {
    const folder = folderOf(app);
    await this.#held.get(folder);
    return this.#alone(async () => {
      const orphan = this.#orphans.get(folder);
      this.#orphans.delete(folder);
      this.#unusable.delete(folder);
      await orphan?.close();
      if (folder.startsWith(hashed) && this.#names.get(folder) !== app) {
        this.#names.set(folder, app);
        this.#options.documents.put(documentName, Object.fromEntries(this.#names));
      }
      let free = (): void => {};
      const closed = new Promise<void>((resolve) => {
        free = resolve;
      });
      const queue = await this.#open(folder, app, options, free);
      this.#held.set(folder, closed);
      return queue;
    });
  }
  #open(folder: string, app: string, options: DeliveryQueueOptions, onClosed?: () => void): Promise<DeliveryQueue> {
    const { directory, clock, log: hubLog } = this.#options;
    const name = `app/${app}`;
    const log = hubLog.child({ part: name });
    const own = { name, mode: 'os', clock, log, ...(onClosed === undefined ? {} : { onClosed }) } as const;
    return openDeliveryQueue(directory.sub(`queues/${folder}`), { ...options, ...own });
  }

  orphans(): readonly DeliveryQueue[] {
    return [...this.#orphans.values()];
  }

  /** Looks at the folders that no app has: what is empty goes, what is not is an orphan from now on. Never rejects. */
  tidy(): Promise<void> {
    return this.#alone(async () => {
      const { directory, storing, log } = this.#options;
      const owned = new Set([...storing()].map(folderOf));
      for (const entry of readdirSync(directory.sub('queues'), { withFileTypes: true })) {
        const folder = entry.name;
        if (this.#stopped || !entry.isDirectory() || owned.has(folder) || this.#unusable.has(folder)) continue;
        try {
          await this.#look(folder);
        } catch (thrown) {
          this.#unusable.add(folder);
          log.error('a queue without an app cannot be opened; it stays as it is', { folder, err: thrown });
        }
      }
    }).catch((thrown: unknown) => this.#options.log.error('the queues on the disk cannot be looked at', { why: reasonOf(thrown).text }));
  }
  async #look(folder: string): Promise<void> {
    const known = this.#orphans.get(folder);
    const queue = known ?? (await this.#open(folder, this.#appOf(folder), orphanOptions));
    const { counters, deadLetters } = queue.status();
    // What was damaged on the disk is a loss that somebody has to see before it goes.
    const isDamaged = known === undefined && counters.found > counters.queuing;
    if (counters.queuing === 0 && deadLetters.count === 0 && !isDamaged) await this.#discard(folder, queue);
    else if (known === undefined) {
      this.#orphans.set(folder, queue);
      const facts = { queue: queue.name, messages: counters.queuing, deadLetters: deadLetters.count };
      this.#options.log.warn('a queue has no app any more; what waits in it stays until somebody sends or removes it', facts);
    }
  }
  #appOf(folder: string): string {
    return this.#names.get(folder) ?? folder.replace(/^app-/, '');
  }

  /** An orphan with all that is in it; false where there is none of this name. */
  remove(name: string): Promise<boolean> {
    return this.#alone(async () => {
      const found = [...this.#orphans].find(([, queue]) => queue.name === name);
      if (found !== undefined) await this.#discard(...found);
      return found !== undefined;
    });
  }
  async #discard(folder: string, queue: DeliveryQueue): Promise<void> {
    await queue.close();
    this.#orphans.delete(folder);
    rmSync(join(this.#options.directory.sub('queues'), folder), { recursive: true, force: true });
    if (this.#names.delete(folder)) this.#options.documents.put(documentName, Object.fromEntries(this.#names));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#alone(async () => {
      await Promise.all([...this.#orphans.values()].map((queue) => queue.close()));
      this.#orphans.clear();
    });
  }
  /** A folder belongs to one at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const hashed = 'named-';
/** Names may hold what no folder has; those are called by their hash. */
const folderOf = (app: string): string =>
  /^[\w-]{1,90}$/.test(app) ? `app-${app}` : `${hashed}${createHash('sha256').update(app).digest('hex').slice(0, 32)}`;
