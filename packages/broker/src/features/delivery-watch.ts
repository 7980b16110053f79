import type { QoS } from '@omh/core';
import type { Publish } from '../publish.ts';
import type { Session } from '../session.ts';

/** Why a client misses a message, in EMQX's words. */
export type DropReason = 'queue_full' | 'expired' | 'too_large' | 'qos0_msg';

/** Sees deliveries to clients. Absent, it costs one comparison with null. */
export interface DeliveryObserver {
  /** Written to the client. `p` is valid during the call. */
  delivered?(session: Session, p: Publish, qos: QoS, retain: boolean): void;
  /** PUBACK or PUBCOMP came for what `kept` says, `tookMs` after it reached the broker. */
  acked?(session: Session, topic: string, kept: Publish | null, tookMs: number): void;
  dropped?(session: Session, p: Publish, reason: DropReason): void;
  /** `acked` needs the message itself, not only its topic. */
  readonly keeps?: boolean;
}

interface Tracked {
  readonly topic: string;
  /** Monotonic ms of arrival at the broker. */
  readonly at: number;
  readonly p: Publish | null;
}

/** What all observers share: which messages are on their way, by session and packet identifier. */
export class DeliveryWatch {
  readonly #observers: readonly DeliveryObserver[];
  readonly #keeps: boolean;
  readonly #tracks: boolean;
  readonly #now: () => number;
  /** Bounded by what may be on its way to each session. */
  readonly #onWay = new WeakMap<Session, Map<number, Tracked>>();

  constructor(observers: readonly DeliveryObserver[], now: () => number) {
    this.#observers = observers;
    this.#keeps = observers.some((o) => o.keeps === true);
    this.#tracks = observers.some((o) => o.acked !== undefined);
    this.#now = now;
  }
  /** `id` is 0 for QoS 0. */
  sent(session: Session, p: Publish, qos: QoS, retain: boolean, id: number): void {
    for (const o of this.#observers) o.delivered?.(session, p, qos, retain);
    if (id === 0 || !this.#tracks || retain) return;
    let ids = this.#onWay.get(session);
    if (ids === undefined) this.#onWay.set(session, (ids = new Map()));
    ids.set(id, { topic: p.topic, at: p.at, p: this.#keeps ? p.keep() : null });
  }
  acked(session: Session, id: number): void {
    const ids = this.#onWay.get(session);
    const tracked = ids?.get(id);
    if (tracked === undefined) return;
    ids!.delete(id);
    const took = this.#now() - tracked.at;
    for (const o of this.#observers) o.acked?.(session, tracked.topic, tracked.p, took);
  }
  dropped(session: Session, p: Publish, reason: DropReason): void {
    for (const o of this.#observers) o.dropped?.(session, p, reason);
  }
}
