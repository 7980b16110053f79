import { useEffect, useSyncExternalStore } from 'react';
import { api } from '../api/client.ts';
import type { FlowSnapshot, HubStatus, TagFrame, TagKey } from '../api/types.ts';
import { LiveConnection } from './connection.ts';
import { TagTable } from './tag-table.ts';

/** A value that changes from outside React; readers are told at the next animation frame. */
class Cell<T> {
  #value: T;
  #scheduled = false;
  readonly #listeners = new Set<() => void>();
  constructor(value: T) {
    this.#value = value;
  }
  readonly get = (): T => this.#value;
  readonly on = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  set(value: T): void {
    this.#value = value;
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

const historyLength = 60;
/** Rates of the last minute, one a second. */
export interface RateTrail {
  readonly messagesIn: readonly number[];
  readonly messagesOut: readonly number[];
  readonly samples: readonly number[];
}

/** From clients and from the hub's own parts. */
export const messagesIn = (flow: FlowSnapshot): number => flow.broker.messagesInPerSecond;

/** Everything live in this tab. Components read it with the hooks below and never keep it in their own state. */
export class LiveStore {
  readonly link: LiveConnection;
  readonly tags = new TagTable();
  readonly flow = new Cell<FlowSnapshot | undefined>(undefined);
  readonly status = new Cell<HubStatus | undefined>(undefined);
  readonly trail = new Cell<RateTrail>({ messagesIn: [], messagesOut: [], samples: [] });
  #releases: (() => void)[] = [];
  #tagReaders = 0;
  #releaseTags: (() => void) | undefined;
  /** A long list of keys comes in parts. */
  #keys: TagKey[] = [];

  constructor(ended: () => void) {
    this.link = new LiveConnection(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`, ended, () => {
      // Who is refused here is told by the session's own listener; a hub that is away answers nothing.
      api('/me').catch(() => undefined);
    });
  }

  start(): void {
    this.#releases = [
      this.link.subscribe({ kind: 'status' }, (m) => {
        if (m['status'] !== undefined) this.status.set(m['status'] as HubStatus);
      }),
      this.link.subscribe({ kind: 'flow' }, (m) => {
        const flow = m['flow'] as FlowSnapshot | undefined;
        if (flow === undefined) return;
        this.flow.set(flow);
        const grow = (list: readonly number[], v: number): number[] => [...list.slice(1 - historyLength), v];
        const trail = this.trail.get();
        this.trail.set({
          messagesIn: grow(trail.messagesIn, messagesIn(flow)),
          messagesOut: grow(trail.messagesOut, flow.broker.messagesOutPerSecond),
          samples: grow(trail.samples, flow.historian.samplesPerSecond),
        });
      }),
    ];
    this.link.start();
  }

  stop(): void {
    for (const release of this.#releases) release();
    this.link.stop();
  }

  /** Keeps all tags flowing while somebody reads them; one subscription however many readers. */
  holdTags(): () => void {
    if (this.#tagReaders++ === 0) {
      this.#releaseTags = this.link.subscribe({ kind: 'tags' }, (m) => {
        if (Array.isArray(m['keys'])) {
          // A list that was cut off by a lost link or a new configuration is void.
          if (m['continues'] !== true) this.#keys = [];
          for (const key of m['keys'] as TagKey[]) this.#keys.push(key);
          if (m['more'] !== true) {
            this.tags.setKeys(this.#keys);
            this.#keys = [];
          }
        }
        if (Array.isArray(m['k'])) this.tags.apply(m as unknown as TagFrame);
      });
    }
    return () => {
      if (--this.#tagReaders === 0) this.#releaseTags?.();
    };
  }
}

let store: LiveStore | undefined;
/** Called once after sign-in. */
export function startLive(ended: () => void): LiveStore {
  store?.stop();
  store = new LiveStore(ended);
  store.start();
  return store;
}
export function stopLive(): void {
  store?.stop();
  store = undefined;
}
export function live(): LiveStore {
  if (store === undefined) throw new Error('Live values are read before sign-in.');
  return store;
}

export const useFlow = (): FlowSnapshot | undefined => useSyncExternalStore(live().flow.on, live().flow.get);
export const useStatus = (): HubStatus | undefined => useSyncExternalStore(live().status.on, live().status.get);
export const useTrail = (): RateTrail => useSyncExternalStore(live().trail.on, live().trail.get);
export const useLink = () => useSyncExternalStore(live().link.onState, live().link.state);

const silentAfterMs = 3_000;
/** How long the hub is silent, in ms, and when it was last heard (browser ms, 0 never); undefined while it is heard. Moves each second. */
export function useSilence(): { readonly ms: number; readonly heard: number } | undefined {
  const link = useLink();
  useTick(1_000);
  if (link.phase === 'open' || link.phase === 'ended') return undefined;
  const ms = Date.now() - Math.max(link.lastHeard, link.lastHeard === 0 ? link.since : 0);
  return ms < silentAfterMs ? undefined : { ms, heard: link.lastHeard };
}

export function useHoldTags(when = true): void {
  useEffect(() => (when ? live().holdTags() : undefined), [when]);
}
/** Re-renders when this tag changed. Read the tag itself with `live().tags.now(row)`. */
export function useTagVersion(row: number): number {
  const { tags } = live();
  return useSyncExternalStore(
    (listener) => tags.onRow(row, listener),
    () => tags.version(row),
  );
}
/** Re-renders when the set of tags changed. */
export function useTagGeneration(): number {
  const { tags } = live();
  return useSyncExternalStore(tags.onAny, () => tags.generation);
}

const tick = new Map<number, { listeners: Set<() => void>; timer: ReturnType<typeof setInterval> }>();
function onTick(everyMs: number, listener: () => void): () => void {
  let entry = tick.get(everyMs);
  if (entry === undefined) {
    const listeners = new Set<() => void>();
    entry = {
      listeners,
      timer: setInterval(() => {
        for (const l of listeners) l();
      }, everyMs),
    };
    tick.set(everyMs, entry);
  }
  entry.listeners.add(listener);
  const held = entry;
  return () => {
    held.listeners.delete(listener);
    if (held.listeners.size > 0) return;
    clearInterval(held.timer);
    if (tick.get(everyMs) === held) tick.delete(everyMs);
  };
}
/** Re-renders every `everyMs` with the beat's number; all readers of one beat share one timer. */
export const useTick = (everyMs: number): number =>
  useSyncExternalStore(
    (listener) => onTick(everyMs, listener),
    () => Math.floor(Date.now() / everyMs),
  );

/** The hub's clock in ms, as far as this browser knows it. */
export const hubNow = (): number => Date.now() + live().tags.clockOffset;
