import type { AuditEntry, AuditLog } from '@omh/access';
import type { Cancel, Clock } from '@omh/core';

type Refused = Omit<AuditEntry, 'result'>;
interface Fold {
  entry: Refused;
  /** Refused since the last record. */
  times: number;
}

const foldMs = 60_000;
const maxFolds = 1000;

/**
 * Refusals on their way to the audit log: the first of a client is recorded at once, those that follow are one record a minute with
 * their number in `times`, so that a client that is refused without end neither fills the log nor disappears in it.
 */
export class RefusalFolder {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #folds = new Map<string, Fold>();
  #cancel: Cancel | undefined;

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  /** `key`: what is one client and one kind of refusal. */
  add(key: string, entry: Refused): void {
    const fold = this.#folds.get(key);
    if (fold !== undefined) {
      fold.times++;
      fold.entry = entry;
      return;
    }
    if (this.#folds.size >= maxFolds) this.#tell(this.#folds.keys().next().value!);
    this.#folds.set(key, { entry, times: 0 });
    this.#audit.refused(entry);
    this.#cancel ??= this.#clock.after(foldMs, () => this.#minute());
  }
  /** Records what was counted so far. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const key of [...this.#folds.keys()]) this.#tell(key);
  }

  /** Who was refused again stays folded for another minute. */
  #minute(): void {
    this.#cancel = undefined;
    for (const [key, fold] of [...this.#folds]) {
      this.#tell(key);
      if (fold.times > 0) this.#folds.set(key, { entry: fold.entry, times: 0 });
    }
    if (this.#folds.size > 0) this.#cancel = this.#clock.after(foldMs, () => this.#minute());
  }
  #tell(key: string): void {
    const { entry, times } = this.#folds.get(key)!;
    this.#folds.delete(key);
    if (times > 0) this.#audit.refused({ ...entry, detail: { ...entry.detail, times } });
  }
}
