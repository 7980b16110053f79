import type { RetainedProvider, VirtualTopic, VirtualTopics } from '@omh/core';
import type { BrokerFeatures } from './features/features.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import type { RetainedEntry } from './retained.ts';
import { emptySet, Route } from './route.ts';
import type { Router } from './router.ts';

const maxDepth = 16;
let topicVersions = 0;

/** A retained message that is made at the moment it is sent, so that it is never older than what its subscriber saw before. */
class VirtualEntry implements RetainedEntry {
  readonly topic: string;
  readonly #provided: ProvidedTopics;
  logged: Publish | null = null;

  constructor(topic: string, provided: ProvidedTopics) {
    this.topic = topic;
    this.#provided = provided;
  }
  get message(): Publish | null {
    return this.#provided.retained(this.topic);
  }
}

class ProvidedTopic implements VirtualTopic {
  readonly #route: Route;
  readonly #provided: ProvidedTopics;

  constructor(route: Route, provided: ProvidedTopics) {
    this.#route = route;
    this.#provided = provided;
  }
  get read(): boolean {
    return this.#provided.isRead(this.#route);
  }
  publish(payload: string | Uint8Array): void {
    this.#provided.send(this.#route, payload);
  }
}

/** Retained messages that a provider makes on demand, and its publications; stages, traces and counters see those as any others. */
export class ProvidedTopics implements VirtualTopics {
  readonly #router: Router;
  readonly #features: BrokerFeatures;
  readonly #provider: RetainedProvider;
  readonly #from: Publisher;
  readonly #scratch: Publish[] = [];
  #depth = 0;
  #topics = ++topicVersions;
  #closed = false;

  constructor(router: Router, features: BrokerFeatures, provider: RetainedProvider) {
    this.#router = router;
    this.#features = features;
    this.#provider = provider;
    this.#from = { principal: provider.principal, clientId: provider.name, peer: undefined, payload: undefined, batch: undefined };
  }

  get version(): number {
    return this.#router.version;
  }
  readersBelow(path: string): ((name: string) => boolean) | undefined {
    return this.#closed ? undefined : this.#router.readersBelow(path);
  }
  topic(topic: string): VirtualTopic {
    return new ProvidedTopic(new Route(0, topic, Buffer.from(topic)), this);
  }
  changed(): void {
    this.#topics = ++topicVersions;
  }
  close(): void {
    this.#closed = true;
    if (this.#router.provided === this) this.#router.provided = null;
  }

  // ---- what the broker asks

  owns(route: Route): boolean {
    if (route.virtualVersion !== this.#topics) {
      route.virtual = this.#provider.owns(route.checked);
      route.virtualVersion = this.#topics;
    }
    return route.virtual;
  }
  ownsTopic(topic: string): boolean {
    return this.#provider.owns(topic);
  }
  *match(filter: string): Iterable<RetainedEntry> {
    for (const topic of this.#provider.topics(filter)) yield new VirtualEntry(topic, this);
  }
  retained(topic: string): Publish | null {
    const payload = this.#closed ? undefined : this.#provider.payload(topic);
    if (payload === undefined) return null;
    const p = new Publish();
    fill(p, topic, Buffer.from(topic), payload);
    p.at = this.#router.clock.monotonicMs();
    p.owned = true;
    return p;
  }

  // ---- what the provider publishes

  isRead(route: Route): boolean {
    return !this.#closed && this.#router.resolve(route) !== emptySet;
  }
  send(route: Route, payload: string | Uint8Array): void {
    const router = this.#router;
    let set = router.resolve(route);
    if (this.#closed || (set === emptySet && route.hooks === null) || this.#depth >= maxDepth) return;
    router.stats.messagesLocal++;
    const p = (this.#scratch[this.#depth] ??= new Publish());
    p.reset();
    fill(p, route.topic, route.bytes, payload);
    p.at = router.clock.monotonicMs();
    p.origin = null;
    this.#depth++;
    try {
      let from = this.#from;
      if (route.hooks !== null) {
        const outcome = this.#features.run(p, route, from);
        if (outcome.code >= 0x80) return;
        ({ set, from } = outcome);
      }
      this.#fit(p);
      router.dispatch(p, set, from)?.catch(() => {});
    } finally {
      this.#depth--;
    }
  }
  /** Where the log takes nothing more, those who are here get it still. */
  #fit(p: Publish): void {
    const { store } = this.#router.retained;
    if (store !== null && p.qos > 0 && (store.full || !store.fits(p))) p.qos = 0;
  }
}

function fill(p: Publish, topic: string, topicBytes: Buffer, payload: string | Uint8Array): void {
  p.topic = topic;
  p.topicBytes = topicBytes;
  p.qos = 1;
  p.retain = true;
  p.payload = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  p.payloadStart = 0;
  p.payloadEnd = p.payload.length;
}
