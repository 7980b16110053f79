import type { Logger, Principal, QoS } from '@omh/core';
import type { Admission } from './admission.ts';
import type { Client } from './client.ts';
import type { BeginAuth } from './enhanced-auth.ts';
import type { DurableStore } from './durable/durable-store.ts';
import type { BrokerFeatures } from './features/features.ts';
import type { FlushLoop } from './flush-loop.ts';
import type { BrokerLimits } from './limits.ts';
import type { ClientCertificate } from './listen/client-certificate.ts';
import type { Router } from './router.ts';
import type { SessionStore } from './session-store.ts';
import type { BrokerStats } from './stats.ts';
import type { TimerWheel } from './timer-wheel.ts';

/** What a client says about itself when it connects. */
export interface SignIn {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** `ip:port`. */
  readonly peer: string;
  /** Name of the listener, as in the hub file. */
  readonly listener: string;
  /** The listener lets in who brings no credentials. */
  readonly anonymousAllowed: boolean;
  /** The client showed one, and it is good. */
  readonly certificate: ClientCertificate | undefined;
}

/**
 * Who it is, nobody (undefined), or that it cannot be said now and the client is to come back. `username` in place of the one in
 * CONNECT where that is a secret.
 */
export type SignInAnswer =
  | Principal
  | { readonly principal: Principal; readonly username: string | undefined }
  | undefined
  | 'busy'
  | 'unavailable';
export type Authenticate = (signIn: SignIn) => SignInAnswer | Promise<SignInAnswer>;
/** Whose request it is: the connection behind a principal. */
export interface AskingClient {
  readonly clientId: string;
  readonly username: string | undefined;
  /** `ip:port`. */
  readonly peer: string;
}
export interface Authorize {
  (principal: Principal, action: 'publish' | 'subscribe', topicOrFilter: string, client: AskingClient, qos: QoS, retain: boolean): boolean;
  /** It looks at QoS and RETAIN: a verdict holds for one message only. */
  readonly byFlags?: boolean | ((principal: Principal) => boolean);
}

/** A client that was not let in, or a publication or subscription that was not; `principal` is absent when nobody is known. */
export interface MqttRefusal {
  readonly action: 'connect' | 'publish' | 'subscribe';
  readonly clientId: string;
  readonly username: string | undefined;
  /** `ip:port`. */
  readonly peer: string;
  /** Name of the listener, as in the hub file. */
  readonly listener: string;
  readonly principal: Principal | undefined;
  /** Topic or filter. */
  readonly topic: string | undefined;
}

/** What all connections share. */
export interface BrokerContext {
  readonly limits: BrokerLimits;
  readonly stats: BrokerStats;
  readonly log: Logger;
  readonly wheel: TimerWheel;
  readonly loop: FlushLoop;
  readonly router: Router;
  readonly sessions: SessionStore;
  readonly features: BrokerFeatures;
  readonly admission: Admission;
  readonly authenticate: Authenticate;
  /** Enhanced authentication; undefined when no method is offered. */
  readonly beginAuth?: BeginAuth | undefined;
  readonly authorize: Authorize;
  /** What is acknowledged outlives the process; null when nothing is logged. */
  store: DurableStore | null;
  refused(refusal: MqttRefusal): void;
  /** Moves when permissions changed: verdicts taken before are stale. */
  aclEpoch: number;
  gone(client: Client): void;
}
