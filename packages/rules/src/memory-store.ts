import { errors as exprErrors, type ValueStore } from '@omh/expr';

const maxKeys = 10_000;
const maxKeyLength = 1024;

/** What kv_store_put keeps: bounded, in memory, shared by all rules, gone after a restart. */
export class MemoryStore implements ValueStore {
  readonly #values = new Map<string, unknown>();

  get(key: string): unknown {
    return this.#values.get(key);
  }
  put(key: string, value: unknown): void {
    if (key.length > maxKeyLength) throw exprErrors.EXPR_LIMIT({ what: 'A key of kv_store_put()', limit: `${maxKeyLength} characters` });
    if (this.#values.size >= maxKeys && !this.#values.has(key)) {
      throw exprErrors.EXPR_LIMIT({ what: 'The store of kv_store_put()', limit: `${maxKeys} keys` });
    }
    this.#values.set(key, value);
  }
  delete(key: string): void {
    this.#values.delete(key);
  }
}
