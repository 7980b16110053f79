import type { TagValue } from '@omh/core';

/** Where values live that were written to static tags; kept over a restart by who hands it in. Keys are `device/group/tag`. */
export interface StaticValues {
  get(key: string): TagValue | undefined;
  set(key: string, value: TagValue): void;
}

/** Kept as long as the process. */
export class MemoryStaticValues implements StaticValues {
  readonly #values = new Map<string, TagValue>();
  get(key: string): TagValue | undefined {
    return this.#values.get(key);
  }
  set(key: string, value: TagValue): void {
    this.#values.set(key, value);
  }
}
