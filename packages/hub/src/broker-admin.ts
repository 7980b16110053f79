import { Broker, type BrokerFeatures } from '@omh/broker';
import { errors } from './errors.ts';
import type { Rooms } from './rooms.ts';

/** What people look after at the broker inside. */
export type BrokerAdmin = Pick<
  Broker,
  'clientPage' | 'client' | 'disconnect' | 'subscriptions' | 'retained' | 'deleteRetained' | 'bans' | 'ban'
> & {
  readonly features: Pick<BrokerFeatures, 'options' | 'delayed' | 'topicMetrics' | 'slow' | 'slowEnabled' | 'traces'>;
};

/** Throws HUB_BROKER_ELSEWHERE (409) when the hub uses a broker outside. */
export function brokerAdmin({ broker }: Rooms): BrokerAdmin {
  if (broker instanceof Broker) return broker;
  throw errors.HUB_BROKER_ELSEWHERE({ url: broker.address() });
}
