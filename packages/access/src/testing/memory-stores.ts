import type { AuditStore, DocumentStore } from '../stores.ts';

/** Documents as the text that would be on disk. */
export class MemoryDocuments implements DocumentStore {
  readonly texts = new Map<string, string>();
  /** Thrown by the next `put`. */
  refuse: Error | undefined;
  puts = 0;
  get<T>(name: string): T | undefined {
    const text = this.texts.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }
  put(name: string, value: unknown): void {
    if (this.refuse) throw this.refuse;
    this.puts++;
    this.texts.set(name, JSON.stringify(value));
  }
}

/** An append log whose records a test can damage. Positions are no indices, as in a real one. */
export class MemoryAuditStore implements AuditStore {
  records: Uint8Array[] = [];
  refuse: Error | undefined;
  reads = 0;
  append(record: Uint8Array): number {
    if (this.refuse) throw this.refuse;
    return (this.records.push(Uint8Array.from(record)) - 1) * 16;
  }
  async durable(): Promise<void> {
    if (this.refuse) throw this.refuse;
  }
  async *read(from: number): AsyncGenerator<{ position: number; record: Uint8Array }> {
    for (let i = Math.ceil(from / 16); i < this.records.length; i++) {
      this.reads++;
      yield { position: i * 16, record: this.records[i]! };
    }
  }
}
