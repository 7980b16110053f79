import { ExternalBroker } from '@omh/broker';
import type { HubConfig } from '@omh/config';
import { parseDurationMs, type Clock, type Logger } from '@omh/core';
import type { Documents } from '@omh/storage';
import { hubIdOf } from './hub-id.ts';

/** Filters that the session of this hub holds at the broker elsewhere. */
const document = 'broker-filters';
/** Longest session expiry but for ever (MQTT 5.0, 3.1.2.11.2). */
const maxExpiry = 0xffff_fffe;

/** The broker that `broker.url` names, in place of the one inside. */
export function externalBroker(
  { url, username, password, clientId, ca, cert, key, share, sessionExpiry }: HubConfig['broker'] & { readonly url: string },
  documents: Documents,
  clock: Clock,
  log: Logger,
): ExternalBroker {
  const expiryMs = sessionExpiry === undefined ? undefined : parseDurationMs(sessionExpiry);
  return new ExternalBroker({
    url,
    clientId: clientId ?? `omh-${hubIdOf(documents)}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
    ...(share !== undefined && { share }),
    ...(expiryMs !== undefined && { sessionExpiry: Math.min(Math.ceil(expiryMs / 1000), maxExpiry) }),
    memory: {
      load: () => documents.get<{ readonly filters: readonly string[] }>(document)?.filters ?? [],
      save: (filters) => documents.put(document, { filters }),
    },
    clock,
    log,
  });
}
