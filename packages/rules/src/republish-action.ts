import {
  OmhError,
  partPrincipal,
  reasonOf,
  topicNameFault,
  type Message,
  type MessageBus,
  type MessageProperties,
  type Principal,
  type QoS,
} from '@omh/core';
import { jsonText, parseTemplate, renderText, type Template } from '@omh/expr';
import { ActionCounters, type Action } from './action.ts';
import { errors } from './errors.ts';
import type { ActionStatus, Republish } from './rule-config.ts';

/** A message that rules made from one another may go this many rounds. */
export const maxRounds = 8;
const maxPending = 10_000;
const roundProperty = 'omh-round';

/**
 * Publishes each output under the rule's own name. A message that already came from a rule carries its round as a user property, so a
 * circle of rules ends after `maxRounds` whatever way it takes.
 */
export class RepublishAction implements Action {
  readonly #rule: string;
  readonly #bus: MessageBus;
  readonly #principal: Principal;
  readonly #topic: Template;
  readonly #payload: Template | undefined;
  readonly #qos: Template;
  readonly #retain: Template;
  readonly #counters: ActionCounters;
  readonly #onLoop: (error: OmhError) => void;

  /** Throws RULES_REPUBLISH for a fixed topic that is none. */
  constructor(rule: string, config: Republish, bus: MessageBus, onLoop: (error: OmhError) => void) {
    this.#rule = rule;
    this.#bus = bus;
    this.#principal = partPrincipal(`rule/${rule}`);
    this.#topic = parseTemplate(config.topic);
    if (this.#topic.paths.length === 0) checkTopic(config.topic);
    this.#payload = config.payload === undefined || config.payload === '' ? undefined : parseTemplate(config.payload);
    this.#qos = parseTemplate(String(config.qos ?? 0));
    this.#retain = parseTemplate(String(config.retain ?? false));
    this.#counters = new ActionCounters('republish', config.topic);
    this.#onLoop = onLoop;
  }

  run(output: unknown, message: Message): Promise<void> | undefined {
    try {
      return this.#publish(output, message);
    } catch (thrown) {
      this.#counters.fail(reasonOf(thrown));
      if (thrown instanceof OmhError && thrown.code === errors.RULES_LOOP.code) this.#onLoop(thrown);
      return undefined;
    }
  }

  status(): ActionStatus {
    return this.#counters.status();
  }
  get failing(): boolean {
    return this.#counters.failing;
  }

  #publish(output: unknown, message: Message): Promise<void> | undefined {
    const topic = renderText(this.#topic, output);
    checkTopic(topic);
    const round = roundOf(message) + 1;
    if (round > maxRounds) throw errors.RULES_LOOP({ rule: this.#rule, topic, rounds: maxRounds });
    if (this.#counters.pending >= maxPending) {
      throw errors.RULES_REPUBLISH({ problem: `${maxPending} messages wait for their acknowledgement` });
    }
    const properties: MessageProperties | undefined = round === 1 ? undefined : { userProperties: [[roundProperty, String(round)]] };
    const acknowledged = this.#bus.publish({
      topic,
      payload: this.#payload ? renderText(this.#payload, output) : jsonText(output),
      qos: this.#qosOf(output),
      retain: this.#retainOf(output),
      principal: this.#principal,
      clientId: `rule/${this.#rule}`,
      ...(properties && { properties }),
    });
    if (acknowledged === undefined) {
      this.#counters.succeed();
      return undefined;
    }
    this.#counters.pending++;
    // Failures are counted here; the message that caused them needs not come again.
    return acknowledged
      .then(
        () => this.#counters.succeed(),
        (thrown: unknown) => this.#counters.fail(reasonOf(thrown)),
      )
      .finally(() => {
        this.#counters.pending--;
      });
  }

  #qosOf(output: unknown): QoS {
    const text = renderText(this.#qos, output);
    if (text !== '0' && text !== '1' && text !== '2')
      throw errors.RULES_REPUBLISH({ problem: `"${text.slice(0, 40)}" is no QoS, it is 0, 1 or 2` });
    return Number(text) as QoS;
  }

  #retainOf(output: unknown): boolean {
    const text = renderText(this.#retain, output);
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0' || text === 'undefined') return false;
    throw errors.RULES_REPUBLISH({ problem: `"${text.slice(0, 40)}" is no retain flag, it is true or false` });
  }
}

function checkTopic(topic: string): void {
  const fault = topicNameFault(topic);
  if (fault !== undefined) throw errors.RULES_REPUBLISH({ problem: `"${topic.slice(0, 100)}" is no topic, ${fault}` });
}

/** 0 for a message from outside; the property counts only when a rule sent it, so a client cannot stop a rule. */
function roundOf(message: Message): number {
  if (message.principal.kind !== 'part' || !message.principal.name.startsWith('rule/')) return 0;
  const property = message.properties?.userProperties?.find(([name]) => name === roundProperty);
  return property === undefined ? 1 : Number(property[1]) || 1;
}
