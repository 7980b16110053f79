import { topicFilterFault } from '@omh/core';
import type { SubscribeRequest } from '../codec/decode.ts';
import type { AutoSubscription } from './feature-options.ts';
import { fillPlaceholders } from './placeholders.ts';
import type { PlaceholderValues } from './placeholders.ts';

/** What a client is subscribed to when it connects; rows whose placeholders cannot be filled are left out. */
export function autoSubscriptions(rows: readonly AutoSubscription[], values: PlaceholderValues): SubscribeRequest[] {
  const out: SubscribeRequest[] = [];
  for (const { filter, qos, noLocal, retainAsPublished, retainHandling } of rows) {
    const filled = fillPlaceholders(filter, values);
    if (filled === undefined || topicFilterFault(filled) !== undefined) continue;
    out.push({ filter: filled, qos, noLocal, retainAsPublished, retainHandling });
  }
  return out;
}
