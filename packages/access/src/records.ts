import type { DocumentStore } from './stores.ts';

/** Records by key, whole in one document. A change counts once it is on disk: when `put` of the store throws, nothing changed. */
export class Records<T> {
  readonly #store: DocumentStore | undefined;
  readonly #document: string;
  #records: ReadonlyMap<string, T>;

  /** Without a store they live as long as the process. */
  constructor(store: DocumentStore | undefined, document: string) {
    this.#store = store;
    this.#document = document;
    this.#records = new Map(Object.entries(store?.get<Record<string, T>>(document) ?? {}));
  }
  get size(): number {
    return this.#records.size;
  }
  get(key: string): T | undefined {
    return this.#records.get(key);
  }
  entries(): Iterable<[string, T]> {
    return this.#records.entries();
  }
  values(): Iterable<T> {
    return this.#records.values();
  }
  put(key: string, value: T): void {
    this.replace([...this.#records, [key, value]]);
  }
  delete(key: string): void {
    this.replace([...this.#records].filter(([other]) => other !== key));
  }
  /** The later of two with one key stays. */
  replace(entries: Iterable<readonly [string, T]>): void {
    const next = new Map(entries);
    this.#store?.put(this.#document, Object.fromEntries(next));
    this.#records = next;
  }
}
