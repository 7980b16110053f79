import type { Tag, VirtualTopic, VirtualTopics } from '@omh/core';

interface Group {
  readonly path: string;
  readonly tags: readonly Tag[];
  /** Of the subscriptions that `any` and the flags were made from. */
  version: number;
  any: boolean;
}

/**
 * Which tags somebody reads. While nobody reads anything below a device's path its groups cost one comparison per cycle; otherwise the
 * flags of a group are made anew after a subscription changed, when its next cycle comes.
 */
export class ReaderFlags {
  readonly #topics: VirtualTopics;
  readonly #groups = new Map<string, Map<string, Group>>();
  /** By tag id. */
  #read = new Uint8Array(1024);
  /** Topics of tags that somebody reads. */
  readonly #handles = new Map<number, VirtualTopic>();

  constructor(topics: VirtualTopics) {
    this.#topics = topics;
  }
  /** Tags that were published to since somebody reads them. */
  get open(): number {
    return this.#handles.size;
  }

  set(device: string, path: string, groups: readonly { readonly name: string; readonly tags: readonly Tag[] }[]): void {
    this.remove(device);
    this.#groups.set(device, new Map(groups.map(({ name, tags }) => [name, { path, tags, version: -1, any: false }])));
  }
  remove(device: string): void {
    const groups = this.#groups.get(device);
    if (groups === undefined) return;
    this.#groups.delete(device);
    for (const group of groups.values()) this.#clear(group);
  }

  /** Whether any tag of the group is read; `isRead` knows which. */
  anyOf(device: string, name: string): boolean {
    const group = this.#groups.get(device)?.get(name);
    if (group === undefined) return false;
    if (group.version !== this.#topics.version) this.#refresh(group);
    return group.any;
  }
  isRead(id: number): boolean {
    return this.#read[id] === 1;
  }
  topic(tag: Tag): VirtualTopic {
    let handle = this.#handles.get(tag.id);
    if (handle === undefined) this.#handles.set(tag.id, (handle = this.#topics.topic(tag.path)));
    return handle;
  }

  #refresh(group: Group): void {
    group.version = this.#topics.version;
    const test = this.#topics.readersBelow(group.path);
    if (test === undefined) {
      if (group.any) this.#clear(group);
      group.any = false;
      return;
    }
    group.any = false;
    for (const { id, name } of group.tags) {
      if (id >= this.#read.length) this.#grow(id);
      const read = test(name);
      this.#read[id] = read ? 1 : 0;
      if (read) group.any = true;
      else this.#handles.delete(id);
    }
  }
  #clear({ tags }: Group): void {
    for (const { id } of tags) {
      this.#handles.delete(id);
      if (id < this.#read.length) this.#read[id] = 0;
    }
  }
  #grow(id: number): void {
    const larger = new Uint8Array(Math.max(id + 1, this.#read.length * 2));
    larger.set(this.#read);
    this.#read = larger;
  }
}
