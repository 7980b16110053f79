import { partPrincipal, topicMatches } from '@omh/core';
import type { Clock, Micros } from '@omh/core';
import type { Publisher } from '../local-message.ts';
import { Publish } from '../publish.ts';
import type { RetainedEntry } from '../retained.ts';
import { emptySet } from '../route.ts';
import type { Router } from '../router.ts';
import type { BrokerStats } from '../stats.ts';
import { emqxCounters, emqxGauges } from './emqx-names.ts';
import type { EventStream } from './event-stream.ts';
import type { FeatureOptions } from './feature-options.ts';
import { addressOf } from './placeholders.ts';

const from: Publisher = {
  principal: partPrincipal('broker'),
  clientId: 'broker',
  peer: undefined,
  payload: undefined,
  batch: undefined,
};
const description = 'Open Manufacturing Hub';
const clientEvents = ['client.connected', 'client.disconnected', 'session.subscribed', 'session.unsubscribed'] as const;

/**
 * `$SYS/brokers/…`: made when somebody subscribes, and again at each heartbeat and interval while somebody does. A new subscriber gets
 * them at once, as retained messages.
 */
export class SysTopics {
  readonly #options: FeatureOptions['sys'];
  readonly #router: Router;
  readonly #clock: Clock;
  readonly #events: EventStream;
  readonly #stats: () => BrokerStats;
  readonly #root: string;
  #startedMs: number;
  #heartbeatMs = 0;
  #intervalMs = 0;
  #listening: { close(): void } | undefined;

  constructor(options: FeatureOptions['sys'], router: Router, clock: Clock, events: EventStream, stats: () => BrokerStats) {
    this.#options = options;
    this.#router = router;
    this.#clock = clock;
    this.#events = events;
    this.#stats = stats;
    this.#root = `$SYS/brokers/${options.node}`;
    this.#startedMs = clock.monotonicMs();
  }
  begin(): void {
    this.#startedMs = this.#clock.monotonicMs();
  }
  /** Somebody began, or all ceased, to subscribe to something under `$SYS/`. */
  wanted(yes: boolean): void {
    if (!yes || !this.#options.enabled) {
      this.#listening?.close();
      this.#listening = undefined;
      return;
    }
    this.#heartbeatMs = this.#intervalMs = this.#clock.monotonicMs();
    this.#listening ??= this.#events.subscribe(clientEvents, (event) => {
      const { type, time, ...rest } = event;
      const { host, port } = addressOf(event.peer);
      const about = {
        ...rest,
        username: event.username ?? 'undefined',
        clientid: event.clientId,
        ipaddress: host,
        port: Number(port),
        ts: ms(time),
      };
      this.#publish(`${this.#root}/clients/${event.clientId}/${type.slice(type.indexOf('.') + 1)}`, JSON.stringify(about));
    });
  }
  /** Once a second. */
  tick(): void {
    if (this.#listening === undefined) return;
    const now = this.#clock.monotonicMs();
    if (now - this.#heartbeatMs >= this.#options.heartbeatMs) {
      this.#heartbeatMs = now;
      for (const [topic, value] of this.#heartbeat()) this.#publish(topic, value);
    }
    if (now - this.#intervalMs >= this.#options.intervalMs) {
      this.#intervalMs = now;
      for (const [topic, value] of this.#statistics()) this.#publish(topic, value);
    }
  }
  /** What a new subscriber gets first. */
  match(filter: string): RetainedEntry[] {
    if (!this.#options.enabled) return [];
    const out: RetainedEntry[] = [];
    for (const values of [this.#heartbeat(), this.#statistics()])
      for (const [topic, value] of values)
        if (topicMatches(filter, topic)) out.push({ topic, message: this.#message(topic, value, true), logged: null });
    return out;
  }

  *#heartbeat(): Iterable<[string, string]> {
    yield [`${this.#root}/uptime`, uptime(this.#clock.monotonicMs() - this.#startedMs)];
    yield [`${this.#root}/datetime`, new Date(ms(this.#clock.now())).toISOString()];
  }
  *#statistics(): Iterable<[string, string]> {
    yield ['$SYS/brokers', this.#options.node];
    yield [`${this.#root}/version`, this.#options.version];
    yield [`${this.#root}/sysdescr`, description];
    const stats = this.#stats();
    for (const [name, read] of Object.entries(emqxGauges)) yield [`${this.#root}/stats/${name.replaceAll('.', '/')}`, String(read(stats))];
    for (const [name, read] of Object.entries(emqxCounters))
      yield [`${this.#root}/metrics/${name.replaceAll('.', '/')}`, String(read(stats))];
  }
  #message(topic: string, payload: string, retain: boolean): Publish {
    const p = new Publish();
    p.topic = topic;
    p.topicBytes = Buffer.from(topic);
    p.payload = Buffer.from(payload);
    p.payloadEnd = p.payload.length;
    p.retain = retain;
    p.at = this.#clock.monotonicMs();
    p.owned = true;
    return p;
  }
  #publish(topic: string, payload: string): void {
    const bytes = Buffer.from(topic);
    const route = this.#router.routes.find(bytes, 0, bytes.length);
    if (route === undefined) return;
    const set = this.#router.resolve(route);
    if (set !== emptySet) void this.#router.dispatch(this.#message(topic, payload, false), set, from)?.catch(() => {});
  }
}

const ms = (time: Micros): number => Math.round(time / 1000);
function uptime(forMs: number): string {
  const s = Math.floor(forMs / 1000);
  return `${Math.floor(s / 86_400)} days, ${Math.floor(s / 3600) % 24} hours, ${Math.floor(s / 60) % 60} minutes, ${s % 60} seconds`;
}
