import { defaultFeatures } from '@omh/broker';
import type { FeatureOptions } from '@omh/broker';
import type { HubConfig } from '@omh/config';
import { parseDurationMs } from '@omh/core';

/** What the `broker:` block says about its features; what it leaves out is the default. */
export function brokerFeatures(block: HubConfig['broker'], version = defaultFeatures.sys.version): FeatureOptions {
  const { rewrite, autoSubscribe, shared, delayed, exclusive, sys, slowSubscriptions: slow, topicMetrics } = block;
  const ms = (text: string): number => parseDurationMs(text)!;
  return {
    rewrite: rewrite ?? defaultFeatures.rewrite,
    autoSubscribe: autoSubscribe ?? defaultFeatures.autoSubscribe,
    shared: shared ?? defaultFeatures.shared,
    delayed: delayed ?? defaultFeatures.delayed,
    exclusive: exclusive ?? defaultFeatures.exclusive,
    sys: {
      ...defaultFeatures.sys,
      version,
      ...(sys === undefined ? {} : { enabled: sys.enabled, node: sys.node, heartbeatMs: ms(sys.heartbeat), intervalMs: ms(sys.interval) }),
    },
    slowSubscriptions:
      slow === undefined
        ? defaultFeatures.slowSubscriptions
        : { enabled: slow.enabled, thresholdMs: ms(slow.threshold), top: slow.top, expiryMs: ms(slow.expiry) },
    topicMetrics: topicMetrics ?? defaultFeatures.topicMetrics,
  };
}
