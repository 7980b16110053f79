import { createHash } from 'node:crypto';
import type { Cancel, Clock, Logger, Micros, Reason } from '@omh/core';
import { errors } from '../errors.ts';
import type { Authenticator, Credentials, Verdict } from './authenticator.ts';
import { known, refused, unknown } from './authenticator.ts';
import { clientRules } from './client-rules.ts';
import { HttpCaller } from './http-call.ts';
import type { HttpAnswer } from './http-call.ts';
import { ShortMemory } from './short-memory.ts';
import { vouch } from './vouched.ts';
import type { MqttGrant } from './vouched.ts';

export interface HttpOptions {
  readonly type: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Fields of the body; `${clientid}`, `${username}`, `${password}`, `${peerhost}`, `${cert_common_name}`, `${cert_subject}` are filled in. */
  readonly body: Readonly<Record<string, string>>;
  readonly format: 'json' | 'form';
  readonly timeoutMs: number;
  /** Requests at once. */
  readonly connections: number;
  /** How long `allow` and `deny` are remembered; 0 asks each time. */
  readonly cacheMs: number;
  /** Trusted for the URL, PEM. */
  readonly ca?: string;
  /** For clients that the service allows without rules, and for topics that the rules are not about. */
  readonly grant?: MqttGrant;
}

const maxAnswerBytes = 65_536;
const maxWaiting = 1000;
const capacity = 10_000;
/** After so many failures in a row nobody is asked for a moment, so that sign-ins do not pile up behind a dead service. */
const failuresToPause = 8;
const pauseMs = 2000;

interface Answer {
  readonly result: 'allow' | 'deny' | 'ignore';
  readonly superuser?: boolean;
  readonly expires?: Micros;
  readonly acl?: unknown;
}

/** A service that is asked about each client, in the words of EMQX's: `{ "result": "allow" | "deny" | "ignore", … }`. */
export class HttpAuthenticator implements Authenticator {
  readonly type = 'http';
  readonly #options: HttpOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #caller: HttpCaller;
  readonly #answers: ShortMemory<Answer>;
  readonly #asking = new Map<string, Promise<Answer | string>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #failures = 0;
  #pausedUntilMs = -Infinity;
  #trouble: Reason | undefined;

  constructor(options: HttpOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    const { timeoutMs, connections, ca } = options;
    this.#caller = new HttpCaller(clock, { timeoutMs, maxBytes: maxAnswerBytes, connections, ca });
    this.#answers = new ShortMemory(clock, capacity);
  }
  start(): Cancel {
    return () => this.#caller.close();
  }
  trouble(): Reason | undefined {
    return this.#trouble;
  }

  check(credentials: Credentials): Verdict | Promise<Verdict> {
    const body = this.#body(credentials);
    const key = createHash('sha256').update(body).digest('base64');
    const before = this.#answers.get(key);
    if (before !== undefined) return this.#verdict(before, credentials);
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      if (this.#clock.monotonicMs() < this.#pausedUntilMs) return { is: 'unavailable', why: 'the service does not answer' };
      if (this.#waiting.length >= maxWaiting) return { is: 'busy', why: 'too many sign-ins wait for the service' };
      asking = this.#ask(body, key).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking.then((answer) => (typeof answer === 'string' ? { is: 'unavailable', why: answer } : this.#verdict(answer, credentials)));
  }

  /** An answer, or why there is none. */
  async #ask(body: string, key: string): Promise<Answer | string> {
    if (this.#running >= this.#options.connections) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      if (this.#clock.monotonicMs() < this.#pausedUntilMs) return 'the service does not answer';
      const { url, headers, format, cacheMs } = this.#options;
      const type = format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
      const answer = answerOf(
        await this.#caller.call({ url, method: 'POST', headers: { accept: 'application/json', 'content-type': type, ...headers }, body }),
      );
      if (typeof answer === 'string') return this.#failed(answer);
      this.#well();
      if (answer.result !== 'ignore') this.#answers.keep(key, answer, cacheMs);
      return answer;
    } catch (thrown) {
      return this.#failed((thrown as Error).message);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
  #well(): void {
    if (this.#trouble !== undefined)
      this.#log.info('the service that decides about MQTT clients answers again', { url: this.#options.url });
    this.#trouble = undefined;
    this.#failures = 0;
  }
  #failed(detail: string): string {
    if (++this.#failures % failuresToPause === 0) this.#pausedUntilMs = this.#clock.monotonicMs() + pauseMs;
    const { url } = this.#options;
    if (this.#trouble === undefined) this.#log.warn('the service that decides about MQTT clients cannot be asked', { url, detail });
    this.#trouble = errors.ACCESS_HTTP_AUTH_DOWN({ url, detail }).reason();
    return detail;
  }

  #verdict(answer: Answer, { clientId, username }: Credentials): Verdict {
    if (answer.result === 'ignore') return unknown;
    if (answer.result === 'deny') return refused('the service refuses the client');
    if (answer.expires !== undefined && answer.expires <= this.#clock.now()) return refused('what the service allows is over');
    const rules = answer.acl === undefined ? undefined : clientRules(answer.acl);
    if (typeof rules === 'string') return refused(`in the service's answer, ${rules}`);
    const principal = vouch({
      by: 'http',
      name: username ?? clientId,
      clientId,
      username,
      grant: rules?.whole ? undefined : this.#options.grant,
      rules: rules?.rules,
      expires: answer.expires,
    });
    return known(answer.superuser ? { ...principal, permissions: ['mqtt.publish', 'mqtt.subscribe'] } : principal);
  }

  #body({ clientId, username, secret, address, certificate }: Credentials): string {
    const values: Readonly<Record<string, string | undefined>> = {
      clientid: clientId,
      username,
      password: secret,
      peerhost: address,
      cert_common_name: certificate?.commonName,
      cert_subject: certificate?.subject,
    };
    const fields = Object.entries(this.#options.body).map(([name, text]): [string, string] => [
      name,
      text.replaceAll(/\$\{(clientid|username|password|peerhost|cert_common_name|cert_subject)\}/g, (_, key: string) => values[key] ?? ''),
    ]);
    return this.#options.format === 'json' ? JSON.stringify(Object.fromEntries(fields)) : new URLSearchParams(fields).toString();
  }
}

const ignore: Answer = { result: 'ignore' };
/** 200 with words, 204 allows, 4xx is not about this client; a sentence when the service is not well. */
function answerOf({ status, contentType, body }: HttpAnswer): Answer | string {
  if (status === 204) return { result: 'allow' };
  if (status >= 500 || status === 429 || (status >= 300 && status < 400)) return `it answers with status ${status}`;
  if (status !== 200) return ignore;
  if (!/^application\/json\b/i.test(contentType)) return 'its answer is not application/json';
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch {
    return 'its answer is no JSON';
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return 'its answer is no JSON object';
  const { result, is_superuser: superuser, expire_at: expireAt, acl } = said as Record<string, unknown>;
  if (result !== 'allow' && result !== 'deny') return ignore;
  if (expireAt !== undefined && !(typeof expireAt === 'number' && Number.isFinite(expireAt))) return 'its expire_at is no number';
  const expires = expireAt === undefined ? Infinity : Math.round(expireAt * 1e6);
  return {
    result,
    superuser: superuser === true || superuser === 'true',
    ...(expires <= Number.MAX_SAFE_INTEGER ? { expires: expires as Micros } : {}),
    ...(acl === undefined || acl === null ? {} : { acl }),
  };
}
