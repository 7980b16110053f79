import type { Logger, Principal } from '@omh/core';
import type { Client } from './client.ts';
import type { FlushLoop } from './flush-loop.ts';
import type { BrokerLimits } from './limits.ts';
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
  readonly listener: 'tcp' | 'ws';
  /** The listener lets in who brings no credentials. */
  readonly anonymousAllowed: boolean;
}

export type Authenticate = (signIn: SignIn) => Principal | undefined | Promise<Principal | undefined>;
export type Authorize = (principal: Principal, action: 'publish' | 'subscribe', topicOrFilter: string) => boolean;

/** A client that was not let in, or a publication or subscription that was not; `principal` is absent when nobody is known. */
export interface MqttRefusal {
  readonly action: 'connect' | 'publish' | 'subscribe';
  readonly clientId: string;
  readonly username: string | undefined;
  /** `ip:port`. */
  readonly peer: string;
  readonly listener: 'tcp' | 'ws';
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
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
  refused(refusal: MqttRefusal): void;
  /** Moves when permissions changed: verdicts taken before are stale. */
  aclEpoch: number;
  gone(client: Client): void;
}
