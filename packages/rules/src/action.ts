import type { Message, Reason } from '@omh/core';
import type { ActionStatus } from './rule-config.ts';

/** One action of a rule. It counts for itself and never throws. */
export interface Action {
  /** Carries out one output; a promise when that takes longer, rejecting only when the message must come again. */
  run(output: unknown, message: Message): Promise<void> | undefined;
  status(): ActionStatus;
  /** The newest outcome was a failure. */
  readonly failing: boolean;
  /** Set while the action cannot work and tries again by itself. */
  lost?(): { readonly reason: Reason; readonly nextTry: number | undefined } | undefined;
  start?(): void;
  /** Finishes what is pending as far as it can. */
  stop?(): Promise<void>;
}

/** The counters every action shows. */
export class ActionCounters {
  readonly kind: ActionStatus['kind'];
  readonly text: string;
  success = 0;
  failed = 0;
  pending = 0;
  /** The reason of the newest failure; stays for people to read. */
  lastError: Reason | undefined;
  /** The newest outcome was a failure. */
  failing = false;

  constructor(kind: ActionStatus['kind'], text: string) {
    this.kind = kind;
    this.text = text;
  }

  succeed(count = 1): void {
    this.success += count;
    this.failing = false;
  }
  fail(reason: Reason, count = 1): void {
    this.failed += count;
    this.lastError = reason;
    this.failing = true;
  }
  status(): ActionStatus {
    const { kind, text, success, failed, pending, lastError } = this;
    return lastError === undefined ? { kind, text, success, failed, pending } : { kind, text, success, failed, pending, lastError };
  }
}
