import { useParams } from '@tanstack/react-router';
import './access.css';
import { DeviceCredentials } from './device-credentials.tsx';
import { People } from './people.tsx';
import { EverybodysSessions } from './sessions.tsx';
import { EverybodysTokens } from './tokens.tsx';

/** People, API tokens, MQTT credentials and open sessions: who may act on this hub. */
export function AccessScreen() {
  const { tab = 'people', name } = useParams({ strict: false });
  switch (tab) {
    case 'tokens':
      return <EverybodysTokens name={name} />;
    case 'devices':
      return <DeviceCredentials name={name} />;
    case 'sessions':
      return <EverybodysSessions />;
    default:
      return <People name={name} />;
  }
}
