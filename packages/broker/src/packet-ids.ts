const pageBits = 4096;
const pageWords = pageBits / 32;

/** Packet identifiers in use, 1 to 65535, as a bitmap in pages that exist only around the cursor. */
export class PacketIds {
  readonly #pages: (Uint32Array | null)[] = [];
  readonly #used: number[] = [];
  #cursor = 0;
  size = 0;

  has(id: number): boolean {
    const page = this.#pages[id >> 12];
    return page !== undefined && page !== null && (page[(id & 4095) >> 5]! & (1 << (id & 31))) !== 0;
  }
  /** The next id that nobody uses; ids that stay unacknowledged are skipped. 0 when all are taken. */
  take(): number {
    if (this.size >= 65535) return 0;
    let id = this.#cursor;
    do id = id === 65535 ? 1 : id + 1;
    while (this.has(id));
    this.#cursor = id;
    this.#mark(id);
    return id;
  }
  /** False when it is in use. */
  reserve(id: number): boolean {
    if (this.has(id)) return false;
    this.#mark(id);
    return true;
  }
  #mark(id: number): void {
    const p = id >> 12;
    const page = (this.#pages[p] ??= new Uint32Array(pageWords));
    page[(id & 4095) >> 5]! |= 1 << (id & 31);
    this.#used[p] = (this.#used[p] ?? 0) + 1;
    this.size++;
  }
  /** False when the id was not in use. */
  release(id: number): boolean {
    if (!this.has(id)) return false;
    const p = id >> 12;
    this.#pages[p]![(id & 4095) >> 5]! &= ~(1 << (id & 31));
    this.size--;
    if (--this.#used[p]! === 0 && this.#cursor >> 12 !== p) this.#pages[p] = null;
    return true;
  }
}
