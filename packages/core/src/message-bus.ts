import type { BusEvents } from './bus-events.ts';
import type { Message, Publication } from './message.ts';
import type { PublishStage } from './publish-stage.ts';
import type { RetainedProvider, VirtualTopics } from './retained-provider.ts';

/**
 * How rooms talk about topics, whether the broker is ours, in this process, or somebody else's cluster.
 * Order holds per publisher and topic. Nothing here waits for the network.
 */
export interface MessageBus {
  readonly capabilities: BusCapabilities;
  /**
   * Routes to in-process readers before it returns and hands bytes to network subscribers only if there are any.
   * Returns undefined for QoS 0; for QoS 1 and 2 a promise that resolves once it is acknowledged (every durable reader that
   * matched has it safe) and rejects with an OmhError when it was refused.
   */
  publish(publication: Publication): Promise<void> | undefined;
  subscribe(filters: readonly string[], reader: BusReader, options?: { readonly retained?: boolean }): BusSubscription;
  /** There when `capabilities.events`. */
  readonly events?: BusEvents;
  /** There when `capabilities.stages`. Stages run in the order in which they were attached. */
  attach?(stage: PublishStage): BusSubscription;
  /** There when retained messages may be made when somebody asks. Throws when another provider is there already. */
  provide?(provider: RetainedProvider): VirtualTopics;
}

export interface BusCapabilities {
  /** Client and session events are reported. */
  readonly events: boolean;
  /** Connected clients can be listed and disconnected, and a message names its publisher. */
  readonly clients: boolean;
  readonly retained: boolean;
  /** Publish stages may replace or refuse a message. */
  readonly stages: boolean;
  /** Messages born in this process keep their `batch` and are encoded only when somebody outside reads them. */
  readonly batch: boolean;
  /**
   * Durable readers keep a cursor over a restart. A QoS 1 or 2 publication is then acknowledged when it lies behind the cursors of those
   * that matched, and one that could not take it gets it again; without cursors it is acknowledged or refused by the readers themselves.
   */
  readonly cursors: boolean;
}

export interface BusReader {
  /** Unique per bus: `rule/ingest`, `live/7`. A durable reader's cursor has this name. */
  readonly name: string;
  /**
   * volatile: may miss messages when it is gone or too slow; never delays a publisher.
   * durable: at least once. `receive` resolves when the message is safe; a QoS 1 or 2 publisher is acknowledged only then.
   */
  readonly delivery: 'volatile' | 'durable';
  /**
   * split: of several hubs on one broker with `broker.share` one gets each message; for readers without a memory of messages whose effect
   * may be anywhere. each, the default: every hub's reader gets it.
   */
  readonly sharing?: 'each' | 'split';
  /**
   * Synchronous part runs inside publish: no slice over a millisecond. Whatever it throws or rejects with stays here and is counted; a
   * durable reader's `RefusedPublication` is told to the publisher instead.
   */
  receive(message: Message): void | Promise<void>;
}

export interface BusSubscription {
  close(): void;
}
