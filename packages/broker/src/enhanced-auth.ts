import type { Principal } from '@omh/core';
import type { SignIn } from './broker-context.ts';
import { decodeAuth } from './codec/decode.ts';
import { Code, Fault, violation } from './codec/protocol.ts';
import type { Properties } from './codec/properties.ts';

/** What one message of an exchange came to. `data` of `accepted` goes to the client with the answer. */
export type AuthStep =
  | { readonly is: 'challenge'; readonly data: Uint8Array }
  | { readonly is: 'accepted'; readonly principal: Principal; readonly username: string; readonly data?: Uint8Array }
  | { readonly is: 'refused' | 'busy' };
export interface AuthExchange {
  /** Answers at once; `data` may be empty. */
  step(data: Uint8Array): AuthStep;
}
/** The methods a broker offers; undefined for one that it does not. */
export type BeginAuth = (method: string, signIn: SignIn) => AuthExchange | undefined;
export type Accepted = Extract<AuthStep, { is: 'accepted' }>;

/** More messages than any method needs. */
const maxSteps = 16;
const none = new Uint8Array(0);

/** What the exchange ended with, for the client that it belongs to. */
export interface AuthHost {
  /** AUTH to the client. Throws a `Fault` when it takes none that large (3.1.2-24). */
  sendAuth(code: number, properties: Properties): void;
  /** CONNACK, or AUTH on a live connection, is the host's to send. */
  authenticated(accepted: Accepted): void;
  notAuthenticated(code: number): void;
}

/** Enhanced authentication of one connection (MQTT 5.0, 4.12): before CONNACK, and again whenever the client asks. */
export class EnhancedAuth {
  readonly method: string;
  readonly #host: AuthHost;
  readonly #begin: () => AuthExchange | undefined;
  #exchange: AuthExchange | null = null;
  #steps = 0;

  constructor(host: AuthHost, method: string, begin: () => AuthExchange | undefined) {
    this.#host = host;
    this.method = method;
    this.#begin = begin;
  }

  /** What goes with the last word of a good exchange. */
  proof(data: Uint8Array | undefined): Properties {
    return { authenticationMethod: this.method, ...(data === undefined ? {} : { authenticationData: data }) };
  }

  /** The first message, of CONNECT or of AUTH 0x19. Throws a `Fault` when the method is not offered. */
  start(data: Uint8Array | undefined): void {
    const exchange = this.#begin();
    if (exchange === undefined) throw new Fault(Code.badAuthMethod, `the authentication method ${this.method.slice(0, 50)} is not offered`);
    this.#exchange = exchange;
    this.#steps = 0;
    this.#step(exchange, data);
  }
  /** AUTH of the client; `live`: CONNACK was sent. */
  packet(buf: Buffer, body: number, end: number, live: boolean): void {
    const { code, properties } = decodeAuth(buf, body, end);
    if (properties.authenticationMethod === undefined) throw violation('AUTH names no method');
    if (properties.authenticationMethod !== this.method) throw new Fault(Code.badAuthMethod, 'AUTH names another method than CONNECT');
    if (code === Code.reauthenticate) {
      if (!live || this.#exchange !== null) throw violation('an authentication begins while one is under way');
      this.start(properties.authenticationData);
      return;
    }
    if (this.#exchange === null) throw violation('AUTH goes on with nothing');
    this.#step(this.#exchange, properties.authenticationData);
  }
  #step(exchange: AuthExchange, data: Uint8Array | undefined): void {
    const step: AuthStep = ++this.#steps > maxSteps ? { is: 'refused' } : exchange.step(data ?? none);
    if (step.is === 'challenge') {
      this.#host.sendAuth(Code.continueAuth, { authenticationMethod: this.method, authenticationData: step.data });
      return;
    }
    this.#exchange = null;
    if (step.is === 'accepted') this.#host.authenticated(step);
    else this.#host.notAuthenticated(step.is === 'busy' ? Code.serverBusy : Code.notAuthorized);
  }
}
