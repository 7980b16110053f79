import { reasonOf, type Logger, type Message } from '@omh/core';
import { jsonText } from '@omh/expr';
import { ActionCounters, type Action } from './action.ts';
import type { ActionStatus } from './rule-config.ts';

/** Logs each output, for trying a rule out. */
export class ConsoleAction implements Action {
  readonly #log: Logger;
  readonly #counters = new ActionCounters('console', 'log');

  constructor(log: Logger) {
    this.#log = log;
  }

  run(output: unknown, message: Message): undefined {
    try {
      this.#log.info('rule output', { topic: message.topic, output: jsonText(output).slice(0, 4096) });
      this.#counters.succeed();
    } catch (thrown) {
      this.#counters.fail(reasonOf(thrown));
    }
    return undefined;
  }
  status(): ActionStatus {
    return this.#counters.status();
  }
  get failing(): boolean {
    return this.#counters.failing;
  }
}
