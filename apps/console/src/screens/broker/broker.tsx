import { useParams } from '@tanstack/react-router';
import { Banned } from './banned.tsx';
import './broker.css';
import { Clients } from './clients.tsx';
import { Delayed } from './delayed.tsx';
import { Retained } from './retained.tsx';
import { Slow } from './slow.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { TopicMetrics } from './topic-metrics.tsx';
import { Traces } from './traces.tsx';

/** The MQTT broker: who is connected, what they read, what it keeps, whom it keeps out, what passes it. */
export function BrokerScreen() {
  const { tab = 'clients' } = useParams({ strict: false });
  switch (tab) {
    case 'subscriptions':
      return <Subscriptions />;
    case 'retained':
      return <Retained />;
    case 'delayed':
      return <Delayed />;
    case 'banned':
      return <Banned />;
    case 'topics':
      return <TopicMetrics />;
    case 'slow':
      return <Slow />;
    case 'traces':
      return <Traces />;
    default:
      return <Clients />;
  }
}
