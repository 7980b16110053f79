import type { Cancel, Principal, Reason } from '@omh/core';

/** What a client certificate says that the listener has verified. */
export interface ClientCertificate {
  readonly commonName?: string;
  readonly subject?: string;
  /** DNS names, addresses, URIs and mail addresses, without their kind. */
  readonly alternativeNames?: readonly string[];
  /** SHA-256 in hex; colons and case do not matter. */
  readonly fingerprint256: string;
}

/** What a client brings when it connects. */
export interface MqttSignIn {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** `ip:port`. */
  readonly peer: string;
  /** The listener lets in who brings no credentials. */
  readonly anonymousAllowed: boolean;
  readonly certificate?: ClientCertificate | undefined;
}
/** The same with what every authenticator needs of it. */
export interface Credentials extends MqttSignIn {
  /** The password as text. */
  readonly secret: string | undefined;
  /** The peer's IP address. */
  readonly address: string;
}

/**
 * What one authenticator says. known: this is who it is. refused: it knows the name or the token, and the proof is wrong; nobody else is
 * asked. unknown: the next one is asked. unavailable, busy: it cannot say now; the next one is asked, and when nobody knows the client,
 * it is told to come back.
 */
export type Verdict =
  | { readonly is: 'known'; readonly principal: Principal }
  | { readonly is: 'refused' | 'unavailable' | 'busy'; readonly why: string }
  | { readonly is: 'unknown' };

export const unknown: Verdict = { is: 'unknown' };
export const known = (principal: Principal): Verdict => ({ is: 'known', principal });
export const refused = (why: string): Verdict => ({ is: 'refused', why });

/** One link of the chain that decides who an MQTT client is. `check` does not throw and is not awaited when it answers at once. */
export interface Authenticator {
  readonly type: string;
  check(credentials: Credentials): Verdict | Promise<Verdict>;
  /** Begins what goes on by itself, such as fetching keys; the answer ends it. */
  start?(): Cancel;
  /** What is wrong with it now. */
  trouble?(): Reason | undefined;
}

/** Of `ip:port` or `[ip]:port`. */
export const addressOf = (peer: string): string => peer.slice(0, Math.max(0, peer.lastIndexOf(':'))).replace(/^\[|\]$/g, '') || peer;
