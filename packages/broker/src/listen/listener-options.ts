export const listenerTypes = ['tcp', 'tls', 'ws', 'wss'] as const;
export type ListenerType = (typeof listenerTypes)[number];

/** Per second, on average; a second's worth may come at once. Absent = unlimited. */
export interface TrafficRate {
  /** PUBLISH packets. */
  readonly messages?: number;
  readonly bytes?: number;
}

/** One place where clients come in. `port` 0 takes any free one. */
export interface BrokerListener {
  /** Absent for the listeners named `tcp`, `tls`, `ws` and `wss`. */
  readonly type?: ListenerType;
  readonly host: string;
  readonly port: number;
  /** Lets in clients without credentials. */
  readonly anonymous: boolean;
  /** Of `ws` and `wss`; `/mqtt` when absent. */
  readonly path?: string;
  /** The broker's limit holds beside it. */
  readonly maxConnections?: number;
  /** Connections from one address other than loopback; unlimited when absent. */
  readonly maxConnectionsPerAddress?: number;
  /** New connections per second; more wait in their order. 1000 when absent, 250 with TLS. */
  readonly connectRate?: number;
  /** New connections that need not wait; two seconds of the rate when absent, one with TLS. */
  readonly connectBurst?: number;
  /** What each client may send; a client that sends more is read from more slowly, nothing is lost. */
  readonly clientRate?: TrafficRate;
  /** What all clients of this listener may send together. */
  readonly totalRate?: TrafficRate;
  /** Every connection begins with a PROXY header, version 1 or 2, and comes from one of these addresses or blocks (192.168.0.0/24). */
  readonly proxyProtocol?: { readonly trusted: readonly string[] };
  /** PEM files of `tls` and `wss`: the certificate with those it needs up to the root, its key, and who signs client certificates. */
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** Of an encrypted key. */
  readonly passphrase?: string;
  /** none: not asked for · request: checked when the client has one · require: no connection without a good one. */
  readonly clientCertificate?: 'none' | 'request' | 'require';
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** By name; those with other names than the four say their `type`. */
export interface BrokerListeners {
  readonly tcp?: BrokerListener;
  readonly tls?: BrokerListener;
  readonly ws?: BrokerListener;
  readonly wss?: BrokerListener;
  readonly [name: string]: BrokerListener | undefined;
}

export const typeOf = (name: string, listener: BrokerListener): ListenerType =>
  listener.type ?? listenerTypes.find((type) => type === name) ?? 'tcp';
export const isEncrypted = (type: ListenerType): boolean => type === 'tls' || type === 'wss';
export const isWebSocket = (type: ListenerType): boolean => type === 'ws' || type === 'wss';
const schemes: Readonly<Record<ListenerType, string>> = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' };
export const schemeOf = (type: ListenerType): string => schemes[type];
export const pathOf = (listener: BrokerListener): string => listener.path ?? '/mqtt';
