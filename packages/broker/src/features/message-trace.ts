import { reasonOf, topicFilterFault, topicMatches } from '@omh/core';
import type { BusEventOf, Clock, QoS } from '@omh/core';
import { errors } from '../errors.ts';
import type { Publisher } from '../local-message.ts';
import type { Publish } from '../publish.ts';
import type { DeliveryObserver } from './delivery-watch.ts';
import type { EventStream } from './event-stream.ts';
import type { PublishObserver } from './publish-hooks.ts';
import { textOf, Trace } from './trace.ts';
import type { TraceLine, TraceRequest, TraceState } from './trace.ts';

const maxTraces = 30;
const eventTypes = [
  'client.connack',
  'client.connected',
  'client.disconnected',
  'session.subscribed',
  'session.unsubscribed',
  'session.takenover',
  'session.discarded',
  'session.terminated',
] as const;

/** Follows clients, topics and addresses through the broker, in a bounded memory; costs nothing while no trace runs. */
export class MessageTraces {
  readonly #clock: Clock;
  readonly #events: EventStream;
  readonly #changed: () => void;
  readonly #traces = new Map<string, Trace>();
  #running: readonly Trace[] = [];
  #listening: { close(): void } | undefined;

  /** What it sees of publications. A client or an address may publish to any topic. */
  readonly publications: PublishObserver = {
    watches: (topic) => this.#running.some(({ request: { by, value } }) => by !== 'topic' || topicMatches(value, topic)),
    published: (p, from) => this.#message('message.publish', from.clientId, from.peer, p, p.qos, p.retain, undefined, from),
    dropped: (p, from, reason) => this.#message('message.dropped', from.clientId, from.peer, p, p.qos, p.retain, reason, from),
  };
  readonly deliveries: DeliveryObserver = {
    delivered: ({ clientId, peer }, p, qos, retain) => this.#message('message.delivered', clientId, peer, p, qos, retain),
    acked: ({ clientId, peer }, topic, _kept, tookMs) => {
      for (const trace of this.#running) {
        if (!trace.matches(clientId, peer, topic)) continue;
        trace.add({ time: this.#clock.now(), what: 'message.acked', clientId, peer, topic, detail: `after ${Math.round(tookMs)} ms` });
      }
    },
    dropped: ({ clientId, peer }, p, reason) => this.#message('delivery.dropped', clientId, peer, p, p.qos, p.retain, reason),
  };

  constructor(clock: Clock, events: EventStream, changed: () => void) {
    this.#clock = clock;
    this.#events = events;
    this.#changed = changed;
  }
  get active(): boolean {
    return this.#running.length > 0;
  }
  /** Some trace may be about a message of any topic. */
  get anyTopic(): boolean {
    return this.#running.some(({ request }) => request.by !== 'topic');
  }
  /** Throws BROKER_TRACE_EXISTS, BROKER_TRACES_FULL, BROKER_FILTER_INVALID. */
  start(request: TraceRequest): TraceState {
    const fault = request.by === 'topic' ? topicFilterFault(request.value) : undefined;
    if (fault !== undefined) throw errors.BROKER_FILTER_INVALID({ filter: request.value, fault });
    if (this.#traces.has(request.name)) throw errors.BROKER_TRACE_EXISTS({ name: request.name });
    if (this.#traces.size >= maxTraces) throw errors.BROKER_TRACES_FULL({ limit: maxTraces });
    const trace = new Trace(request, this.#clock.now(), this.#clock.monotonicMs());
    this.#traces.set(request.name, trace);
    this.#refresh();
    return trace.state();
  }
  /** Its lines stay until it is deleted. False when there is none of this name. */
  stop(name: string): boolean {
    const trace = this.#traces.get(name);
    if (trace === undefined) return false;
    this.#end(trace);
    return true;
  }
  delete(name: string): boolean {
    const known = this.#traces.delete(name);
    if (known) this.#refresh();
    return known;
  }
  list(): TraceState[] {
    return [...this.#traces.values()].map((trace) => trace.state());
  }
  get(name: string): TraceState | undefined {
    return this.#traces.get(name)?.state();
  }
  lines(name: string): TraceLine[] | undefined {
    return this.#traces.get(name)?.lines();
  }
  /** One line of text or of JSON per entry; undefined when there is none of this name. */
  download(name: string, format: 'text' | 'json'): string | undefined {
    const lines = this.lines(name);
    return lines?.map((line) => `${format === 'json' ? JSON.stringify(line) : textOf(line)}\n`).join('');
  }
  /** Ends what has run its time. */
  tick(): void {
    const now = this.#clock.monotonicMs();
    for (const trace of this.#running) if (now >= trace.endsMs) this.#end(trace);
  }
  #end(trace: Trace): void {
    if (!trace.running) return;
    trace.running = false;
    trace.until = this.#clock.now();
    this.#refresh();
  }
  #refresh(): void {
    this.#running = [...this.#traces.values()].filter((trace) => trace.running);
    if (this.active) this.#listening ??= this.#events.subscribe(eventTypes, (event) => this.#event(event));
    else {
      this.#listening?.close();
      this.#listening = undefined;
    }
    this.#changed();
  }

  #event(event: BusEventOf<(typeof eventTypes)[number]>): void {
    const { type, time, clientId, username, peer } = event;
    const topic = 'filter' in event ? event.filter : undefined;
    const detail = 'reason' in event ? event.reason : 'code' in event ? `code 0x${event.code.toString(16)}` : undefined;
    const line = {
      time,
      what: type,
      clientId,
      peer,
      ...(username === undefined ? {} : { username }),
      ...(topic === undefined ? {} : { topic }),
      ...('qos' in event ? { qos: event.qos } : {}),
      ...(detail === undefined ? {} : { detail }),
    };
    for (const trace of this.#running) if (trace.matches(clientId, peer, topic) || trace.request.value === topic) trace.add(line);
  }
  #message(
    what: string,
    clientId: string,
    peer: string | undefined,
    p: Publish,
    qos: QoS,
    retain: boolean,
    detail?: string,
    from?: Publisher,
  ): void {
    for (const trace of this.#running) {
      if (!trace.matches(clientId, peer, p.topic)) continue;
      let payload: string | undefined;
      try {
        payload = trace.payloadOf(() => from?.payload?.bytes() ?? bytesOf(p));
      } catch (thrown) {
        payload = reasonOf(thrown).text;
      }
      trace.add({
        time: this.#clock.now(),
        what,
        clientId,
        ...(peer === undefined ? {} : { peer }),
        topic: p.topic,
        qos,
        retain,
        ...(p.lazy === null ? { bytes: p.payloadEnd - p.payloadStart } : {}),
        ...(payload === undefined ? {} : { payload }),
        ...(detail === undefined ? {} : { detail }),
      });
    }
  }
}

const bytesOf = (p: Publish): Uint8Array => {
  p.materialize();
  return p.payload.subarray(p.payloadStart, p.payloadEnd);
};
