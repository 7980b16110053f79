import { HealthState, silentLogger } from '@omh/core';
import type { Cancel, Clock, Health, Logger, MetricSample, Part, Principal } from '@omh/core';
import type { Access } from '../access.ts';
import { anonymousPrincipal } from '../allows.ts';
import { addressOf } from './authenticator.ts';
import type { Authenticator, Credentials, MqttSignIn, Verdict } from './authenticator.ts';
import { CertificateAuthenticator } from './certificate-authenticator.ts';
import type { CertificateOptions } from './certificate-authenticator.ts';
import { DeviceAuthenticator } from './device-authenticator.ts';
import { HttpAuthenticator } from './http-authenticator.ts';
import type { HttpOptions } from './http-authenticator.ts';
import { JwtAuthenticator } from './jwt-authenticator.ts';
import type { JwtOptions } from './jwt-authenticator.ts';
import { PeopleAuthenticator } from './people-authenticator.ts';
import { ScramServer } from './scram-server.ts';
import { TokenAuthenticator } from './token-authenticator.ts';

/** One entry of the hub file's `broker.authentication`, durations in ms and paths resolved. */
export type AuthenticatorOptions =
  | { readonly type: 'device-credentials' | 'tokens' | 'people' }
  | JwtOptions
  | CertificateOptions
  | HttpOptions;
export const defaultAuthentication: readonly AuthenticatorOptions[] = [
  { type: 'device-credentials' },
  { type: 'tokens' },
  { type: 'people' },
];

/** Who it is; nobody (undefined); or that it cannot be said now. */
export type SignInAnswer = Principal | undefined | 'busy' | 'unavailable';

interface Link {
  readonly authenticator: Authenticator;
  readonly results: Record<Verdict['is'], number>;
}

/**
 * Who an MQTT client is: authenticators in their order, the first that knows the client decides, for it or against it. Whom nobody
 * knows is anonymous where the listener lets such clients in, and refused everywhere else.
 */
export class AuthenticationChain implements Part {
  readonly id = 'authentication';
  /** SCRAM-SHA-256 for the people and the devices that the chain has; undefined when it has neither. */
  readonly scram: ScramServer | undefined;
  readonly #log: Logger;
  readonly #links: readonly Link[];
  readonly #health: HealthState;
  #cancels: Cancel[] = [];

  /** Throws ACCESS_JWT_KEY. */
  constructor(access: Access, clock: Clock, list: readonly AuthenticatorOptions[] = defaultAuthentication, log: Logger = silentLogger) {
    this.#log = log;
    this.#health = new HealthState(() => clock.now());
    this.#links = list.map((options) => ({
      authenticator: make(options, access, clock, log),
      results: { known: 0, refused: 0, unknown: 0, unavailable: 0, busy: 0 },
    }));
    const has = (type: AuthenticatorOptions['type']): boolean => list.some((one) => one.type === type);
    const [people, devices] = [has('people'), has('device-credentials')];
    this.scram = people || devices ? new ScramServer(access, { people, devices }) : undefined;
  }

  start(): Promise<void> {
    if (this.#cancels.length === 0) this.#cancels = this.#links.flatMap(({ authenticator }) => authenticator.start?.() ?? []);
    this.#health.set('running', `Asks ${this.#links.map(({ authenticator }) => authenticator.type).join(', ') || 'nobody'}.`);
    return Promise.resolve();
  }
  stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.#health.set('stopped', 'Stopped.');
    return Promise.resolve();
  }
  health(): Health {
    const health = this.#health.get();
    if (health.state !== 'running') return health;
    for (const { authenticator } of this.#links) {
      const trouble = authenticator.trouble?.();
      if (trouble !== undefined) return { ...health, state: 'degraded', reason: trouble };
    }
    return health;
  }
  *metrics(): Iterable<MetricSample> {
    for (const [at, { authenticator, results }] of this.#links.entries()) {
      for (const [result, value] of Object.entries(results)) {
        const labels = { authenticator: authenticator.type, position: String(at + 1), result };
        yield { name: 'omh_access_mqtt_sign_ins_total', value, labels };
      }
    }
  }

  /** Answers at once where nothing has to be waited for; never rejects. */
  check(signIn: MqttSignIn): SignInAnswer | Promise<SignInAnswer> {
    const { username, password, certificate, anonymousAllowed } = signIn;
    if (anonymousAllowed && username === undefined && password === undefined && certificate === undefined) return anonymousPrincipal;
    const credentials: Credentials = {
      clientId: signIn.clientId,
      username,
      password,
      peer: signIn.peer,
      anonymousAllowed,
      certificate,
      secret: password === undefined ? undefined : Buffer.from(password.buffer, password.byteOffset, password.byteLength).toString('utf8'),
      address: addressOf(signIn.peer),
    };
    return this.#from(0, credentials, undefined);
  }
  #from(start: number, credentials: Credentials, later: 'busy' | 'unavailable' | undefined): SignInAnswer | Promise<SignInAnswer> {
    let cannotSay = later;
    for (let i = start; i < this.#links.length; i++) {
      const link = this.#links[i]!;
      const said = link.authenticator.check(credentials);
      if (said instanceof Promise) {
        const before = cannotSay;
        return said.then((verdict) => {
          const answer = this.#take(link, verdict, credentials);
          if (answer !== 'next') return answer;
          return this.#from(i + 1, credentials, cannotSayNow(verdict) ?? before);
        });
      }
      const answer = this.#take(link, said, credentials);
      if (answer !== 'next') return answer;
      cannotSay = cannotSayNow(said) ?? cannotSay;
    }
    if (cannotSay !== undefined) return cannotSay;
    if (!credentials.anonymousAllowed) return undefined;
    return { ...anonymousPrincipal, name: credentials.username ?? anonymousPrincipal.name };
  }
  #take({ authenticator, results }: Link, verdict: Verdict, { clientId, peer }: Credentials): Principal | undefined | 'next' {
    results[verdict.is]++;
    if (verdict.is === 'known') return verdict.principal;
    if (verdict.is === 'unknown') return 'next';
    this.#log.debug('an MQTT sign-in has no success', { authenticator: authenticator.type, clientId, peer, why: verdict.why });
    return verdict.is === 'refused' ? undefined : 'next';
  }
}

const cannotSayNow = ({ is }: Verdict): 'busy' | 'unavailable' | undefined => (is === 'busy' || is === 'unavailable' ? is : undefined);

function make(options: AuthenticatorOptions, access: Access, clock: Clock, log: Logger): Authenticator {
  switch (options.type) {
    case 'device-credentials':
      return new DeviceAuthenticator(access);
    case 'tokens':
      return new TokenAuthenticator(access);
    case 'people':
      return new PeopleAuthenticator(access, clock);
    case 'jwt':
      return new JwtAuthenticator(options, clock, log);
    case 'certificate':
      return new CertificateAuthenticator(options, access);
    case 'http':
      return new HttpAuthenticator(options, clock, log);
  }
}
