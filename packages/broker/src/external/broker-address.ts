import { errors } from '../errors.ts';

/** Where an external broker is, as its URL says. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The URL as people may see it: without user name and password. */
  readonly text: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const schemes: Readonly<Record<string, { readonly tls: boolean; readonly port: number }>> = {
  'mqtt:': { tls: false, port: 1883 },
  'mqtts:': { tls: true, port: 8883 },
};

/** `mqtt://host:1883` or `mqtts://host:8883`, the ports when absent. Throws BROKER_URL_INVALID. */
export function brokerAddress(url: string): BrokerAddress {
  const shown = url.replace(/\/\/[^/]*@/, '//');
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = schemes[parsed?.protocol ?? ''];
  if (parsed === undefined || scheme === undefined || parsed.hostname === '') throw errors.BROKER_URL_INVALID({ url: shown });
  const port = parsed.port === '' ? scheme.port : Number(parsed.port);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    host,
    port,
    tls: scheme.tls,
    text: `${parsed.protocol}//${parsed.hostname}:${port}`,
    username: parsed.username === '' ? undefined : decoded(parsed.username),
    password: parsed.password === '' ? undefined : decoded(parsed.password),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
