import type { Message, Publication } from './message.ts';

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
}

export interface BusCapabilities {
  /** Client and session events are reported. */
  readonly events: boolean;
  /** Connected clients can be listed and disconnected. */
  readonly clients: boolean;
  readonly retained: boolean;
  /** Publish stages may replace or refuse a message. */
  readonly stages: boolean;
  /** Messages born in this process keep their `batch`. */
  readonly batch: boolean;
  /** Durable readers keep a cursor over a restart. */
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
  /** Synchronous part runs inside publish: no slice over a millisecond. Whatever it throws or rejects with stays here and is counted. */
  receive(message: Message): void | Promise<void>;
}

export interface BusSubscription {
  close(): void;
}
