import type { Connection } from './connection.ts';

/** Writes every connection that has something to say once per loop turn. */
export class FlushLoop {
  #dirty: Connection[] = [];
  #spare: Connection[] = [];
  #scheduled = false;
  #lastRead = 0;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  add(connection: Connection): void {
    this.#dirty.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#run);
  }
  /** At a calm pace waiting for the end of the turn only costs a wake-up: write at once (30 µs and 4 measured best). */
  afterRead(): void {
    const now = performance.now();
    if (now - this.#lastRead > 0.03 && this.#dirty.length <= 4) this.#flush();
    this.#lastRead = now;
  }
  #flush(): void {
    const batch = this.#dirty;
    this.#dirty = this.#spare;
    this.#spare = batch;
    for (let i = 0; i < batch.length; i++) batch[i]!.flushDirty();
    batch.length = 0;
  }
}
