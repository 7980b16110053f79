import type { GroupCycle, Logger } from '@omh/core';

type Listener = (cycle: GroupCycle) => void;

/** Every finished group cycle passes here once: last values, history and apps listen. */
export class Cycles {
  readonly #all = new Set<Listener>();
  readonly #byGroup = new Map<string, Set<Listener>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  emit(cycle: GroupCycle): void {
    for (const listener of this.#all) this.#call(listener, cycle);
    const group = this.#byGroup.get(`${cycle.device}/${cycle.group}`);
    if (group) for (const listener of group) this.#call(listener, cycle);
  }
  onEvery(listener: Listener): () => void {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  }
  onGroup(device: string, group: string, listener: Listener): () => void {
    const key = `${device}/${group}`;
    const set = this.#byGroup.get(key) ?? new Set();
    this.#byGroup.set(key, set);
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#byGroup.delete(key);
    };
  }

  /** One reader's mistake costs neither the device nor the other readers. */
  #call(listener: Listener, cycle: GroupCycle): void {
    try {
      listener(cycle);
    } catch (thrown) {
      this.#log.error('a reader of device cycles failed', { device: cycle.device, group: cycle.group, err: thrown });
    }
  }
}
