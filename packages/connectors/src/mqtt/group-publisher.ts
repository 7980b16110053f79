import { topicNameFault, type GroupCycle, type QoS } from '@omh/core';
import { formatNames, formatOf, type FormatName } from './formats/format-of.ts';
import type { PayloadFormat } from './formats/payload-format.ts';
import type { MqttAppSettings, MqttSubscription } from './settings.ts';

/** What a topic may name. */
export interface Names {
  readonly app: string;
  readonly site: string;
  readonly hub: string;
}

const defaultTopic = '/neuron/{app}/{device}/{group}';

/** `{app}`, `{device}`, `{group}`, `{tag}`, `{site}` and `{hub}` stand for the names; what has no name here stays. */
export const topicFor = (template: string | undefined, names: Partial<Names> & { device?: string; group?: string; tag?: string }): string =>
  (template ?? defaultTopic).replace(/\{(app|device|group|tag|site|hub)\}/g, (whole, key: keyof typeof names) => names[key] ?? whole);

const mostTopics = 100_000;

/** One payload of a cycle on its way to its topic. */
export type Emit = (topic: string, format: PayloadFormat, cycle: GroupCycle, from: number, to: number) => void;

/** How one group of an app is published: where, how and in which pieces. */
export class GroupPublisher {
  readonly device: string;
  readonly group: string;
  /** `{tag}` is still in it where each tag has a topic of its own. */
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly #format: PayloadFormat;
  readonly #perTag: boolean;
  /** By tag name; a tag whose name makes no topic has none. */
  readonly #tagTopics = new Map<string, string | undefined>();

  constructor(subscription: MqttSubscription, settings: MqttAppSettings, names: Names) {
    const { device, group, topic, staticTags } = subscription;
    this.device = device;
    this.group = group;
    this.topic = topicFor(topic, { ...names, device, group });
    this.qos = (subscription.qos ?? settings.qos ?? 0) as QoS;
    this.retain = subscription.retain ?? settings.retain ?? false;
    this.#perTag = this.topic.includes('{tag}');
    const asked = subscription.format ?? settings.format;
    // A subscription may ask for a template that the settings do not have.
    const found = asked === 'custom' && settings.template === undefined ? undefined : formatNames.find((name) => name === asked);
    const format: FormatName = found ?? 'values';
    const options = { reportErrors: settings.reportErrors ?? true, labels: settings.labels ?? false, staticTags: staticTags ?? {} };
    this.#format = formatOf(format, options, settings.template, this.#perTag);
  }

  publish(cycle: GroupCycle, emit: Emit): void {
    const rows = cycle.tags.length;
    if (!this.#perTag) {
      emit(this.topic, this.#format, cycle, 0, rows);
      return;
    }
    for (let i = 0; i < rows; i++) {
      const topic = this.#topicOf(cycle.tags[i]!.name);
      if (topic !== undefined) emit(topic, this.#format, cycle, i, i + 1);
    }
  }

  #topicOf(tag: string): string | undefined {
    const known = this.#tagTopics.get(tag);
    if (known !== undefined || this.#tagTopics.has(tag)) return known;
    // Tags come and go while the app runs.
    if (this.#tagTopics.size >= mostTopics) this.#tagTopics.clear();
    const topic = this.topic.replaceAll('{tag}', () => tag);
    const made = topicNameFault(topic) === undefined ? topic : undefined;
    this.#tagTopics.set(tag, made);
    return made;
  }
}
