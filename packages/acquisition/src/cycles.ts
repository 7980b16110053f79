import type { GroupCycle, Logger } from '@omh/core';
import type { Finished } from './cycle-steps.ts';

type Listener = (cycle: GroupCycle) => void;

/** Every finished group cycle passes here once: the table of last values hears all that was read, history and apps what is reported. */
export class Cycles {
  readonly #read = new Set<Listener>();
  readonly #all = new Set<Listener>();
  readonly #byGroup = new Map<string, Set<Listener>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  emit({ read, reported, before }: Finished): void {
    for (const listener of this.#read) this.#call(listener, read);
    if (before !== undefined) this.report(before);
    if (reported !== undefined) this.report(reported);
  }
  /** To history and apps alone: the table of last values knows it. */
  report(cycle: GroupCycle): void {
    for (const listener of this.#all) this.#call(listener, cycle);
    const group = this.#byGroup.get(`${cycle.device}/${cycle.group}`);
    if (group) for (const listener of group) this.#call(listener, cycle);
  }
  /** All that was read, before anybody hears what is reported. */
  onRead(listener: Listener): () => void {
    this.#read.add(listener);
    return () => {
      this.#read.delete(listener);
    };
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
