import { topicFilterFault, topicMatches } from '@omh/core';
import type { Micros, QoS } from '@omh/core';
import { errors } from '../errors.ts';

/** Counts of one registered topic, or of all topics under one filter. */
export interface TopicCounts {
  readonly topic: string;
  /** Since when it is counted, µs UTC. */
  readonly since: Micros;
  readonly in: number;
  readonly out: number;
  readonly dropped: number;
  /** By QoS 0, 1, 2. */
  readonly inQos: readonly [number, number, number];
  readonly outQos: readonly [number, number, number];
  /** Messages per second over the last ten seconds. */
  readonly rateIn: number;
  readonly rateOut: number;
  readonly rateDropped: number;
}

const rateSeconds = 10;
const maxKnown = 8192;

export class TopicCounter {
  readonly topic: string;
  readonly since: Micros;
  readonly in: [number, number, number] = [0, 0, 0];
  readonly out: [number, number, number] = [0, 0, 0];
  dropped = 0;
  /** In, out and dropped as they were at the last ticks, newest last. */
  readonly #past: [number, number, number][] = [];

  constructor(topic: string, since: Micros) {
    this.topic = topic;
    this.since = since;
  }
  #now(): [number, number, number] {
    return [sum(this.in), sum(this.out), this.dropped];
  }
  tick(): void {
    this.#past.push(this.#now());
    if (this.#past.length > rateSeconds + 1) this.#past.shift();
  }
  counts(): TopicCounts {
    const [totalIn, totalOut, dropped] = this.#now();
    const first = this.#past[0] ?? [0, 0, 0];
    const last = this.#past.at(-1) ?? first;
    const seconds = Math.max(1, this.#past.length - 1);
    return {
      topic: this.topic,
      since: this.since,
      in: totalIn,
      out: totalOut,
      dropped,
      inQos: [...this.in],
      outQos: [...this.out],
      rateIn: (last[0] - first[0]) / seconds,
      rateOut: (last[1] - first[1]) / seconds,
      rateDropped: (last[2] - first[2]) / seconds,
    };
  }
}

const none: readonly TopicCounter[] = [];
const sum = (n: readonly number[]): number => n[0]! + n[1]! + n[2]!;

/** Topics whose messages are counted, a bounded number of them. */
export class TopicMetrics {
  readonly #counters = new Map<string, TopicCounter>();
  readonly #max: number;
  readonly #changed: () => void;
  /** Counters of topics that were met, so that no filter is asked twice. */
  #known = new Map<string, readonly TopicCounter[]>();

  constructor(max: number, changed: () => void) {
    this.#max = max;
    this.#changed = changed;
  }
  get size(): number {
    return this.#counters.size;
  }
  /** A topic, or a filter with wildcards. Throws BROKER_FILTER_INVALID, BROKER_TOPIC_METRICS_FULL; known ones go on as they are. */
  add(topic: string, now: Micros): void {
    const fault = topicFilterFault(topic);
    if (fault !== undefined) throw errors.BROKER_FILTER_INVALID({ filter: topic, fault });
    if (this.#counters.has(topic)) return;
    if (this.#counters.size >= this.#max) throw errors.BROKER_TOPIC_METRICS_FULL({ limit: this.#max });
    this.#counters.set(topic, new TopicCounter(topic, now));
    this.#reset();
  }
  /** False when it was not counted. */
  remove(topic: string): boolean {
    const known = this.#counters.delete(topic);
    if (known) this.#reset();
    return known;
  }
  #reset(): void {
    this.#known = new Map();
    this.#changed();
  }
  /** Begins again at 0; all of them when no topic is named. False when it is not counted. */
  reset(now: Micros, topic?: string): boolean {
    const topics = topic === undefined ? [...this.#counters.keys()] : this.#counters.has(topic) ? [topic] : [];
    for (const one of topics) this.#counters.set(one, new TopicCounter(one, now));
    if (topics.length > 0) this.#reset();
    return topics.length > 0 || topic === undefined;
  }
  list(): TopicCounts[] {
    return [...this.#counters.values()].map((c) => c.counts());
  }
  get(topic: string): TopicCounts | undefined {
    return this.#counters.get(topic)?.counts();
  }
  tick(): void {
    for (const counter of this.#counters.values()) counter.tick();
  }

  /** The counters that a topic moves. */
  of(topic: string): readonly TopicCounter[] {
    if (this.#counters.size === 0) return none;
    let found = this.#known.get(topic);
    if (found !== undefined) return found;
    found = [...this.#counters.values()].filter((c) => topicMatches(c.topic, topic));
    if (found.length === 0) found = none;
    if (this.#known.size >= maxKnown) this.#known = new Map();
    this.#known.set(topic, found);
    return found;
  }
  delivered(topic: string, qos: QoS): void {
    for (const c of this.of(topic)) c.out[qos]++;
  }
  dropped(topic: string): void {
    for (const c of this.of(topic)) c.dropped++;
  }
}
