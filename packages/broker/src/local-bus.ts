import { OmhError, RefusedPublication, partPrincipal, reasonOf, topicFilterFault, topicNameFault } from '@omh/core';
import type {
  BusCapabilities,
  BusEvents,
  BusReader,
  BusSubscription,
  MessageBus,
  Publication,
  PublishStage,
  RetainedProvider,
  VirtualTopics,
} from '@omh/core';
import { errors } from './errors.ts';
import type { BrokerFeatures } from './features/features.ts';
import type { Outcome } from './features/publish-hooks.ts';
import { LocalMessage, Payload, propertyBlock } from './local-message.ts';
import type { Publisher } from './local-message.ts';
import { Publish } from './publish.ts';
import { ProvidedTopics } from './retained-provider.ts';
import { isLogged } from './route.ts';
import type { Route } from './route.ts';
import type { Router } from './router.ts';
import { sharedParts } from './shared-group.ts';

let numbers = 0;

/** A reader of this process in the topic tree. */
export class LocalReader {
  readonly kind = 'reader';
  readonly number = ++numbers;
  readonly reader: BusReader;
  closed = false;

  constructor(reader: BusReader) {
    this.reader = reader;
  }
}

/** Largest body a control packet can have (2.1.4), less room for a topic and properties. */
const largestPayload = 268_435_455 - 131_072;
const maxDepth = 16;
const maxKnownTopics = 32_768;
/** Retained messages handed over in one slice. */
const slice = 256;
const done = Promise.resolve();

/** `MessageBus` inside the broker: no socket, no encoding unless somebody outside or a retained message needs the bytes. */
export class LocalBus implements MessageBus {
  readonly capabilities: BusCapabilities = { events: true, clients: true, retained: true, stages: true, batch: true, cursors: false };
  readonly events: BusEvents;
  readonly #router: Router;
  readonly #features: BrokerFeatures;
  readonly #readers = new Set<string>();
  readonly #scratch: Publish[] = [];
  #topics = new Map<string, Route>();
  #depth = 0;

  constructor(router: Router, features: BrokerFeatures) {
    this.#router = router;
    this.#features = features;
    this.events = features.events;
  }
  /** Throws BROKER_STAGE_EXISTS. */
  attach(stage: PublishStage): BusSubscription {
    return this.#features.attach(stage);
  }
  /** Throws BROKER_PROVIDER_EXISTS. */
  provide(provider: RetainedProvider): VirtualTopics {
    if (this.#router.provided !== null) throw errors.BROKER_PROVIDER_EXISTS({ provider: provider.name });
    return (this.#router.provided = new ProvidedTopics(this.#router, this.#features, provider));
  }

  publish(publication: Publication): Promise<void> | undefined {
    const qos = publication.qos ?? 0;
    try {
      const settled = this.#publish(publication);
      return qos === 0 ? undefined : (settled ?? done);
    } catch (thrown) {
      if (qos > 0) return Promise.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      this.#router.stats.readerErrors++;
      this.#router.log.warn('a message of the hub was not published', { topic: publication.topic, reason: reasonOf(thrown) });
      return undefined;
    }
  }
  #publish(publication: Publication): Promise<void> | undefined {
    const router = this.#router;
    const route = this.#route(publication.topic);
    const retain = publication.retain === true;
    if (router.isVirtual(route)) throw errors.BROKER_TOPIC_VIRTUAL({ topic: publication.topic });
    let set = router.resolve(route);
    router.stats.messagesLocal++;
    if (route.hooks === null && !retain && set.targets.length + set.groups.length + set.readers.length === 0) return undefined;
    if (this.#depth >= maxDepth) throw errors.BROKER_LOOP({ topic: publication.topic });
    const payload = new Payload(publication.payload);
    const p = (this.#scratch[this.#depth] ??= new Publish());
    this.#fill(p, publication, route, payload);
    this.#depth++;
    try {
      let from: Publisher = {
        principal: publication.principal,
        clientId: publication.clientId ?? publication.principal.name,
        peer: undefined,
        payload,
        batch: publication.batch,
      };
      let outcome: Outcome | null = null;
      if (route.hooks !== null) {
        outcome = this.#features.run(p, route, from);
        if (outcome.code >= 0x80) throw errors.BROKER_STAGE_REFUSED({ topic: p.topic, reason: outcome.reason });
        ({ set, from } = outcome);
      }
      const delayed = outcome !== null && outcome.delay !== null;
      if (delayed || p.retain || set.targets.length + set.groups.length > 0) this.#encode(p);
      const { store } = router.retained;
      const entries = store?.entries;
      if (store !== null && p.qos > 0 && (store.full || !store.fits(p)) && (delayed || isLogged(p, set)))
        throw errors.BROKER_LOG_BUSY({ topic: p.topic });
      if (!delayed && p.retain && !router.retain(p)) throw errors.BROKER_RETAINED_FULL({ limit: router.retained.size });
      let settled: Promise<void> | undefined;
      if (!delayed) settled = router.dispatch(p, set, from);
      else if (!this.#features.delay(p, outcome!)) throw errors.BROKER_DELAYED_FULL({ topic: p.topic });
      if (settled !== undefined && p.qos === 0) settled.catch(() => {});
      if (p.qos === 0 || store === null || store.entries === entries) return settled;
      const safe = store.settled();
      return settled === undefined ? safe : Promise.all([settled, safe]).then(() => {});
    } finally {
      this.#depth--;
    }
  }
  #route(topic: string): Route {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const fault = topicNameFault(topic);
    const bytes = Buffer.from(topic);
    const route = fault === undefined ? this.#router.routes.find(bytes, 0, bytes.length) : undefined;
    if (route === undefined) throw errors.BROKER_TOPIC_INVALID({ topic: topic.slice(0, 200), fault: fault ?? 'it has too many levels' });
    if (this.#topics.size >= maxKnownTopics) this.#topics = new Map();
    this.#topics.set(topic, route);
    return route;
  }
  #fill(p: Publish, publication: Publication, route: Route, payload: Payload): void {
    p.reset();
    p.topic = route.topic;
    p.topicBytes = route.bytes;
    p.qos = publication.qos ?? 0;
    p.retain = publication.retain === true;
    p.at = this.#router.clock.monotonicMs();
    p.origin = null;
    p.lazy = () => payload.bytes();
    const properties = publication.properties;
    if (properties === undefined) return;
    p.props = propertyBlock(properties);
    p.propsEnd = p.props.length;
    p.expiry = properties.messageExpiryInterval ?? -1;
  }
  #encode(p: Publish): void {
    try {
      p.materialize();
    } catch (thrown) {
      throw errors.BROKER_PAYLOAD_INVALID(
        { topic: p.topic, detail: thrown instanceof Error ? thrown.message : String(thrown) },
        { cause: thrown },
      );
    }
    if (p.size > largestPayload) throw errors.BROKER_PACKET_TOO_LARGE({ topic: p.topic, bytes: p.size, limit: largestPayload });
  }

  subscribe(filters: readonly string[], reader: BusReader, options: { readonly retained?: boolean } = {}): BusSubscription {
    for (const filter of filters) {
      const fault = sharedParts(filter) === undefined ? topicFilterFault(filter) : 'readers in this process share nothing';
      if (fault !== undefined) throw errors.BROKER_FILTER_INVALID({ filter, fault });
    }
    if (this.#readers.has(reader.name)) throw errors.BROKER_READER_EXISTS({ reader: reader.name });
    this.#readers.add(reader.name);
    const local = new LocalReader(reader);
    for (const filter of filters) this.#router.add(filter, local);
    if (options.retained === true) this.#replay(filters, local);
    return {
      close: () => {
        if (local.closed) return;
        local.closed = true;
        this.#readers.delete(reader.name);
        for (const filter of filters) this.#router.remove(filter, local);
      },
    };
  }
  #replay(filters: readonly string[], local: LocalReader): void {
    const router = this.#router;
    const seen = new Set<string>();
    const entries = (function* () {
      for (const filter of filters) yield* router.retainedFor(filter);
    })();
    const run = (): void => {
      const now = router.clock.monotonicMs();
      for (let n = 0; n < slice && !local.closed; n++) {
        const next = entries.next();
        if (next.done === true) return;
        if (seen.has(next.value.topic)) continue;
        if (filters.length > 1) seen.add(next.value.topic);
        const p = next.value.message;
        if (p !== null && p.left(now) !== 0) void receive(router, local, new LocalMessage(p, retainedPublisher, router.clock, true), 0);
      }
      if (!local.closed) setImmediate(run);
    };
    run();
  }
}

/** A retained message does not remember who published it. */
const retainedPublisher: Publisher = {
  principal: partPrincipal('broker'),
  clientId: 'broker',
  peer: undefined,
  payload: undefined,
  batch: undefined,
};

/** Calls the readers in turn; what one throws or rejects with stays with it, unless a QoS 1 or 2 publisher waits for it. */
export function deliverLocally(router: Router, p: Publish, readers: readonly LocalReader[], from: Publisher): Promise<void> | undefined {
  const message = new LocalMessage(p, from, router.clock, p.retain);
  let first: Promise<void> | undefined;
  let all: Promise<void>[] | undefined;
  for (let i = 0; i < readers.length; i++) {
    const settled = receive(router, readers[i]!, message, p.qos);
    if (settled === undefined) continue;
    if (first === undefined) first = settled;
    else (all ??= [first]).push(settled);
  }
  return all === undefined ? first : Promise.all(all).then(() => {});
}

function receive(router: Router, local: LocalReader, message: LocalMessage, qos: number): Promise<void> | undefined {
  if (local.closed) return undefined;
  const durable = local.reader.delivery === 'durable' && qos > 0;
  const { onReceive } = router;
  const from = onReceive === undefined ? 0 : router.clock.monotonicMs();
  let result: void | Promise<void>;
  try {
    result = local.reader.receive(message);
    if (onReceive !== undefined) onReceive(local.reader.name, message.topic, from, router.clock.monotonicMs());
  } catch (thrown) {
    const error = failed(router, local, message, thrown);
    return durable ? rejected(error) : undefined;
  }
  if (result === undefined || typeof result.then !== 'function') return undefined;
  const settled = result.then(undefined, (thrown: unknown) => {
    throw failed(router, local, message, thrown);
  });
  if (durable) {
    settled.catch(() => {});
    return settled;
  }
  settled.catch(() => {});
  return undefined;
}

function rejected(error: OmhError): Promise<void> {
  const promise = Promise.reject<void>(error);
  promise.catch(() => {});
  return promise;
}

function failed(router: Router, local: LocalReader, message: LocalMessage, thrown: unknown): OmhError {
  if (thrown instanceof RefusedPublication) return thrown;
  router.stats.readerErrors++;
  const reason = reasonOf(thrown);
  router.log.debug('a reader failed', { reader: local.reader.name, topic: message.topic, reason });
  return thrown instanceof OmhError
    ? thrown
    : errors.BROKER_READER_FAILED({ reader: local.reader.name, topic: message.topic, detail: reason.text }, { cause: thrown });
}
