import type { BusSubscription } from './message-bus.ts';
import type { Principal } from './principal.ts';

/**
 * Retained messages that nobody stores: the broker asks for them when somebody subscribes, and refuses what others publish to these
 * topics (0x87). Shared subscriptions get none, as of stored ones (MQTT 5.0, 4.8.2).
 */
export interface RetainedProvider {
  /** Unique per bus. */
  readonly name: string;
  /** Who publishes its messages. */
  readonly principal: Principal;
  /** Whether the topic is one of its own. The answer is kept until `VirtualTopics.changed`. */
  owns(topic: string): boolean;
  /** Its topics that a filter matches, one after the other: the walk pauses as the subscriber takes them. */
  topics(filter: string): Iterable<string>;
  /** Payload of the topic's retained message now; undefined when it has none. */
  payload(topic: string): string | Uint8Array | undefined;
}

/** What a bus gives the provider. */
export interface VirtualTopics extends BusSubscription {
  /** Moves whenever who reads what may have changed. */
  readonly version: number;
  /**
   * Who reads topics directly below a path, `{path}/{name}`, as long as `version` stands: undefined when nobody reads anything below it at
   * any depth, which costs one walk along the path; else a test of one name.
   */
  readersBelow(path: string): ((name: string) => boolean) | undefined;
  /** One topic to publish to again and again. */
  topic(topic: string): VirtualTopic;
  /** The provider has other topics than before. */
  changed(): void;
}

export interface VirtualTopic {
  /** Somebody reads it, in this process or outside. */
  readonly read: boolean;
  /**
   * To all who read it, at the QoS each of them asked for, with RETAIN where their subscription wants it as published. Nothing happens
   * when nobody does. An empty payload says that the topic is gone. Waits for nobody and throws nothing.
   */
  publish(payload: string | Uint8Array): void;
}
