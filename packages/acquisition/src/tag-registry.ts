import type { TagId } from '@omh/core';
import type { Documents } from '@omh/storage';

interface TagDocument {
  readonly next: number;
  readonly ids: Readonly<Record<string, number>>;
}

const documentName = 'tags';

/** Gives each `device/group/tag` its dense number and never gives it again to another. Kept in `state/tags.json`. */
export class TagRegistry {
  readonly #documents: Documents;
  readonly #ids = new Map<string, TagId>();
  #next = 1;

  constructor(documents: Documents) {
    this.#documents = documents;
    const stored = documents.get<TagDocument>(documentName);
    if (!stored) return;
    this.#next = stored.next;
    for (const [key, id] of Object.entries(stored.ids)) this.#ids.set(key, id as TagId);
  }

  /** Ids for all keys in one go; written to disk once, before they are used, when new ones were made. */
  resolve(keys: readonly string[]): TagId[] {
    const before = this.#next;
    const out = keys.map((key) => {
      const known = this.#ids.get(key);
      if (known !== undefined) return known;
      const id = this.#next++ as TagId;
      this.#ids.set(key, id);
      return id;
    });
    if (this.#next !== before)
      this.#documents.put(documentName, { next: this.#next, ids: Object.fromEntries(this.#ids) } satisfies TagDocument);
    return out;
  }
}
