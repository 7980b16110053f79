import {
  HealthState,
  OmhError,
  reasonOf,
  type BusSubscription,
  type Clock,
  type Health,
  type Historian,
  type Logger,
  type Message,
  type MessageBus,
  type MetricSample,
  type Micros,
  type Part,
  type Reason,
} from '@omh/core';
import { compileRule, parseRule, type CompiledRule } from '@omh/expr';
import type { Action } from './action.ts';
import { ConsoleAction } from './console-action.ts';
import { errors } from './errors.ts';
import { HistorianAction } from './historian-action.ts';
import { MessageSource } from './message-source.ts';
import { MemoryStore } from './memory-store.ts';
import { RepublishAction } from './republish-action.ts';
import { ruleFunctions } from './rule-functions.ts';
import type { RuleConfig, RuleStatus } from './rule-config.ts';

export interface RuleDeps {
  readonly bus: MessageBus;
  readonly historian: Historian | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const sharedStore = new MemoryStore();

/** One rule: reads its topics, evaluates its statement once per message, runs its actions in order. A wrong rule fails alone. */
export class Rule implements Part {
  readonly id: string;
  readonly #name: string;
  readonly #config: RuleConfig;
  readonly #deps: RuleDeps;
  readonly #log: Logger;
  readonly #health: HealthState;
  readonly #compiled: CompiledRule | undefined;
  readonly #actions: Action[] = [];
  /** Why the rule cannot run until a person changes it. */
  #fault: OmhError | undefined;
  #subscription: BusSubscription | undefined;
  #running = false;
  #matched = 0;
  #passed = 0;
  #failed = 0;
  #noResult = 0;
  #failing = false;
  #lastOutput: { at: Micros; value: unknown } | undefined;
  #lastError: { at: Micros; reason: Reason } | undefined;

  constructor(name: string, config: RuleConfig, deps: RuleDeps) {
    this.id = `rule/${name}`;
    this.#name = name;
    this.#config = config;
    this.#deps = deps;
    this.#log = deps.log.child({ rule: name });
    this.#health = new HealthState(() => deps.clock.now());
    this.#compiled = this.#compile();
    config.actions.forEach((_, i) => this.#addAction(i));
  }

  start(): Promise<void> {
    if (this.#running || this.#config.enabled === false) return Promise.resolve();
    this.#running = true;
    if (this.#fault?.code === errors.RULES_LOOP.code) this.#fault = undefined;
    if (this.#compiled === undefined || this.#fault) {
      if (this.#fault) this.#log.error('rule cannot run', { code: this.#fault.code, reason: this.#fault.text });
      return Promise.resolve();
    }
    for (const action of this.#actions) action.start?.();
    const compiled = this.#compiled;
    this.#subscription = this.#deps.bus.subscribe(compiled.from, {
      name: this.id,
      delivery: this.#config.actions.some((a) => 'historian' in a) ? 'durable' : 'volatile',
      // What a rule with a memory does depends on the messages before: it sees them all.
      sharing: /\bkv_store_/i.test(this.#config.sql) ? 'each' : 'split',
      receive: (message) => this.#receive(compiled, message),
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#subscription?.close();
    this.#subscription = undefined;
    await Promise.all(this.#actions.map(async (action) => await action.stop?.()));
  }

  health(): Health {
    this.#judge();
    return this.#health.get();
  }

  status(): RuleStatus {
    const { state, reason } = this.health();
    return {
      name: this.#name,
      sql: this.#config.sql,
      ...(this.#config.description !== undefined && { description: this.#config.description }),
      state,
      reason,
      matched: this.#matched,
      passed: this.#passed,
      failed: this.#failed,
      noResult: this.#noResult,
      actions: this.#actions.map((a) => a.status()),
      ...(this.#lastOutput && { lastOutput: this.#lastOutput }),
      ...(this.#lastError && { lastError: this.#lastError }),
    };
  }

  *metrics(): Iterable<MetricSample> {
    const labels = { rule: this.#name };
    yield { name: 'omh_rule_matched_total', value: this.#matched, labels };
    yield { name: 'omh_rule_passed_total', value: this.#passed, labels };
    yield { name: 'omh_rule_failed_total', value: this.#failed, labels };
    yield { name: 'omh_rule_no_result_total', value: this.#noResult, labels };
    for (let i = 0; i < this.#actions.length; i++) {
      const { kind, success, failed, pending } = this.#actions[i]!.status();
      const own = { rule: this.#name, action: String(i + 1), kind };
      yield { name: 'omh_rule_action_success_total', value: success, labels: own };
      yield { name: 'omh_rule_action_failed_total', value: failed, labels: own };
      yield { name: 'omh_rule_action_pending', value: pending, labels: own };
    }
  }

  #compile(): CompiledRule | undefined {
    const { sql } = this.#config;
    const parsed = parseRule(sql);
    const compiled = parsed.ok ? compileRule(parsed.value, ruleFunctions) : parsed;
    if (!compiled.ok) {
      const { line, column, message } = compiled.error;
      this.#fault = errors.RULES_SQL({ rule: this.#name, line, column, problem: message });
      return undefined;
    }
    const event = compiled.value.from.find(isEvent);
    if (event !== undefined) this.#fault = errors.RULES_EVENTS_NOT_REPORTED({ rule: this.#name, source: event });
    return compiled.value;
  }

  #addAction(i: number): void {
    const { bus, historian, clock } = this.#deps;
    const action = this.#config.actions[i]!;
    try {
      if ('republish' in action) this.#actions.push(new RepublishAction(this.#name, action.republish, bus, (e) => this.#stopLoop(e)));
      else if ('console' in action) this.#actions.push(new ConsoleAction(this.#log));
      else if (historian) this.#actions.push(new HistorianAction(this.#name, action.historian, { historian, clock, log: this.#log }));
      else this.#fault ??= errors.RULES_NO_HISTORIAN({ rule: this.#name });
    } catch (thrown) {
      this.#fault ??= errors.RULES_TEMPLATE({ rule: this.#name, action: i + 1, problem: reasonOf(thrown).text }, { cause: thrown });
    }
  }

  #receive(compiled: CompiledRule, message: Message): Promise<void> | void {
    if (!this.#running || this.#fault) return undefined;
    this.#matched++;
    const source = new MessageSource(message);
    let outputs: unknown[];
    try {
      outputs = compiled.evaluate({ source, now: () => this.#deps.clock.now(), store: sharedStore });
    } catch (thrown) {
      this.#failed++;
      this.#note(
        thrown instanceof OmhError ? thrown.reason() : errors.RULES_FAILED({ rule: this.#name, problem: reasonOf(thrown).text }).reason(),
      );
      return undefined;
    }
    if (outputs.length > 0 && source.payloadUnreadable) {
      this.#failed++;
      this.#note(errors.RULES_PAYLOAD({ rule: this.#name, topic: message.topic }).reason());
      return undefined;
    }
    this.#failing = false;
    if (outputs.length === 0) {
      this.#noResult++;
      return undefined;
    }
    this.#passed++;
    this.#lastOutput = { at: this.#deps.clock.now(), value: outputs.at(-1) };
    let pending: Promise<void>[] | undefined;
    for (const output of outputs) {
      for (const action of this.#actions) {
        if (this.#fault) return settled(pending);
        const promise = action.run(output, message);
        if (promise) (pending ??= []).push(promise);
      }
    }
    return settled(pending);
  }

  #note(reason: Reason): void {
    if (!this.#failing) this.#log.warn('message fails', { code: reason.code, reason: reason.text });
    this.#failing = true;
    this.#lastError = { at: this.#deps.clock.now(), reason };
  }

  #stopLoop(error: OmhError): void {
    this.#fault = error;
    this.#note(error.reason());
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #judge(): void {
    if (this.#fault) {
      this.#health.set('failed', this.#fault.reason());
      return;
    }
    if (this.#config.enabled === false) {
      this.#health.set('stopped', 'Switched off in the configuration.');
      return;
    }
    if (!this.#running) {
      this.#health.set('stopped', 'Stopped.');
      return;
    }
    const passed = this.#matched === 0 ? 'no message yet' : `${this.#passed} of ${this.#matched} messages passed`;
    const sentence = `Reads ${this.#compiled!.from.join(', ')}; ${passed}`;
    for (const action of this.#actions) {
      const lost = action.lost?.();
      if (!lost) continue;
      const rows = action.status().pending;
      const text = `${sentence}. ${rows} ${rows === 1 ? 'row waits' : 'rows wait'} for the historian: ${lost.reason.text}`;
      this.#health.set('lost', { ...lost.reason, text }, lost.nextTry as Micros | undefined);
      return;
    }
    const failing = this.#actions.find((a) => a.failing)?.status().lastError ?? (this.#failing ? this.#lastError?.reason : undefined);
    if (failing) this.#health.set('degraded', { ...failing, text: `${sentence}. The last one failed: ${failing.text}` });
    else this.#health.set('running', `${sentence}.`);
  }
}

const isEvent = (source: string): boolean => /^\$(?:events|bridges|sources)\//.test(source);

const settled = (pending: Promise<void>[] | undefined): Promise<void> | undefined => {
  if (pending === undefined) return undefined;
  if (pending.length === 1) return pending[0];
  return allSettledThenFirstError(pending);
};

/** Waits for every row before it says that one must come again. */
async function allSettledThenFirstError(pending: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(pending)).find((r) => r.status === 'rejected');
  if (failed) throw failed.reason;
}
