import type { QoS } from '@omh/core';
import type { SharedStrategy } from '../shared-strategy.ts';

/** One row of topic rewriting; of those that match, the last one counts. */
export interface RewriteRule {
  readonly action: 'publish' | 'subscribe' | 'all';
  /** Filter that the topic, or the filter that is subscribed to, must match first. */
  readonly source: string;
  /** Regular expression of linear time, then found in the topic. */
  readonly pattern: string;
  /** New topic with `$1` … `$9` and `${clientid}`, `${username}`. */
  readonly target: string;
}

/** A subscription that every client gets when it connects. */
export interface AutoSubscription {
  /** With `${clientid}`, `${username}`, `${host}` and `${port}`. */
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

/** The broker's features beside MQTT itself. */
export interface FeatureOptions {
  readonly rewrite: readonly RewriteRule[];
  readonly autoSubscribe: readonly AutoSubscription[];
  readonly shared: {
    readonly strategy: SharedStrategy;
    /** By the group's name. */
    readonly groups: Readonly<Record<string, SharedStrategy>>;
  };
  readonly delayed: { readonly enabled: boolean; readonly maxMessages: number; readonly maxBytes: number };
  readonly exclusive: { readonly enabled: boolean };
  readonly sys: {
    readonly enabled: boolean;
    /** Stands in `$SYS/brokers/{node}/…`. */
    readonly node: string;
    readonly version: string;
    /** Between two `uptime` and `datetime`. */
    readonly heartbeatMs: number;
    /** Between two rounds of statistics. */
    readonly intervalMs: number;
  };
  readonly slowSubscriptions: {
    readonly enabled: boolean;
    readonly thresholdMs: number;
    readonly top: number;
    readonly expiryMs: number;
  };
  readonly topicMetrics: {
    /** Topics, and filters, that are counted from the start. */
    readonly topics: readonly string[];
    readonly maxTopics: number;
  };
}

export const defaultFeatures: FeatureOptions = {
  rewrite: [],
  autoSubscribe: [],
  shared: { strategy: 'round_robin', groups: {} },
  delayed: { enabled: true, maxMessages: 100_000, maxBytes: 256 << 20 },
  exclusive: { enabled: false },
  sys: { enabled: true, node: 'omh@127.0.0.1', version: '0.1.0', heartbeatMs: 30_000, intervalMs: 60_000 },
  slowSubscriptions: { enabled: false, thresholdMs: 500, top: 10, expiryMs: 300_000 },
  topicMetrics: { topics: [], maxTopics: 512 },
};
