import { allows } from '@omh/access';
import { msFromMicros, type Principal, type QualityWord, type Tag } from '@omh/core';
import type { Hub } from '@omh/hub';
import { tagValueToJson, type JsonValue } from '../json-value.ts';
import type { Outlet, Subscription } from './subscription.ts';

export interface TagSelection {
  readonly device?: string;
  readonly group?: string;
  readonly tags?: readonly string[];
}

/** Names a column key once; frames then carry only `k`. */
export interface LiveTagKey {
  readonly k: number;
  readonly device: string;
  readonly group: string;
  readonly tag: string;
  readonly path: string;
  readonly type: Tag['type'];
  readonly unit?: string;
  readonly address: string;
  readonly access: Tag['access'];
  readonly precision?: number;
  /** What a write must keep to, bounds in the engineering unit. */
  readonly guard?: Tag['guard'];
  /** Words for values, by the value as text. */
  readonly labels?: Tag['labels'];
}
/**
 * All keys of the subscription, again after the hub was reconfigured; `more` says that the next message goes on with the list, and
 * `continues` that this one does. A list that begins anew makes an unfinished one void.
 */
export interface LiveTagKeys {
  readonly id: number;
  readonly kind: 'tags';
  readonly keys: readonly LiveTagKey[];
  readonly more?: true;
  readonly continues?: true;
}
/** Columns: v last usable value, t its own time in ms, q quality, s ms since when it holds, r reason. */
export interface LiveTagFrame {
  readonly id: number;
  readonly now: number;
  readonly k: readonly number[];
  readonly v: readonly JsonValue[];
  readonly t: readonly (number | null)[];
  readonly q: readonly QualityWord[];
  readonly s: readonly number[];
  readonly r: readonly (string | null)[];
  readonly dropped?: number;
}

/** Tags in one frame: keeps a turn of the loop short when a hundred thousand are new at once. */
const chunk = 4000;
const notWanted = -1;

/**
 * Follows the last values of tags. Keeps no values, only which tags changed since the last frame: what is read when a frame is made
 * is the newest, so a slow reader gets the latest and never a queue.
 */
export class TagsSubscription implements Subscription {
  readonly #id: number;
  readonly #hub: Hub;
  readonly #out: Outlet;
  readonly #principal: Principal;
  readonly #selection: TagSelection;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #unsubscribe: () => void;
  #configured: readonly Tag[] | undefined;
  #tags: Tag[] = [];
  #announced = 0;
  /** All keys were sent, even if there are none. */
  #complete = false;
  /** Tag id → slot. */
  #slots = new Int32Array(0);
  #dirty = new Uint8Array(0);
  #queue = new Uint32Array(0);
  #queued = 0;
  #dropped = 0;

  constructor(id: number, selection: TagSelection, principal: Principal, hub: Hub, out: Outlet) {
    this.#id = id;
    this.#hub = hub;
    this.#out = out;
    this.#principal = principal;
    this.#selection = selection;
    this.#wanted = selection.tags && new Set(selection.tags);
    this.#unsubscribe = hub.values.onChange((ids) => this.#mark(ids));
  }

  close(): void {
    this.#unsubscribe();
  }

  flush(): void {
    if (this.#hub.values.tags() !== this.#configured) this.#choose();
    if (this.#out.congested) return;
    if (!this.#complete) {
      this.#announce();
      if (!this.#complete) return;
    }
    if (this.#queued > 0) this.#sendFrame();
  }

  #mark(ids: Uint32Array): void {
    const slots = this.#slots;
    const congested = this.#out.congested;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const slot = id < slots.length ? slots[id]! : notWanted;
      if (slot === notWanted) continue;
      if (this.#dirty[slot] === 0) {
        this.#dirty[slot] = 1;
        this.#queue[this.#queued++] = slot;
      } else if (congested) this.#dropped++;
    }
  }

  /** Takes the tags of the present configuration; all of them are due. */
  #choose(): void {
    const { device, group } = this.#selection;
    const all = allows(this.#principal, 'values.read', '#');
    const configured = this.#hub.values.tags();
    let highest = 0;
    for (const tag of configured) if (tag.id > highest) highest = tag.id;
    const slots = new Int32Array(highest + 1).fill(notWanted);
    this.#tags = configured.filter(
      (tag) =>
        (device === undefined || tag.device === device) &&
        (group === undefined || tag.group === group) &&
        (this.#wanted === undefined || this.#wanted.has(`${tag.device}/${tag.group}/${tag.name}`)) &&
        (all || allows(this.#principal, 'values.read', tag.path)),
    );
    const n = this.#tags.length;
    this.#dirty = new Uint8Array(n).fill(1);
    this.#queue = new Uint32Array(n);
    for (let slot = 0; slot < n; slot++) {
      slots[this.#tags[slot]!.id] = slot;
      this.#queue[slot] = slot;
    }
    this.#queued = n;
    this.#slots = slots;
    this.#announced = 0;
    this.#complete = false;
    this.#configured = configured;
  }

  #announce(): void {
    const continues = this.#announced > 0;
    const part = this.#tags.slice(this.#announced, this.#announced + chunk);
    this.#announced += part.length;
    this.#complete = this.#announced === this.#tags.length;
    const keys = part.map(
      (tag): LiveTagKey => ({
        k: tag.id,
        device: tag.device,
        group: tag.group,
        tag: tag.name,
        path: tag.path,
        type: tag.type,
        address: tag.address,
        access: tag.access,
        ...(tag.unit === undefined ? {} : { unit: tag.unit }),
        ...(tag.precision === undefined ? {} : { precision: tag.precision }),
        ...(tag.guard === undefined ? {} : { guard: tag.guard }),
        ...(tag.labels === undefined ? {} : { labels: tag.labels }),
      }),
    );
    const message: LiveTagKeys = {
      id: this.#id,
      kind: 'tags',
      keys,
      ...(continues ? { continues: true as const } : {}),
      ...(this.#complete ? {} : { more: true as const }),
    };
    this.#out.send(JSON.stringify(message));
  }

  #sendFrame(): void {
    const count = Math.min(this.#queued, chunk);
    const k: number[] = [];
    const v: JsonValue[] = [];
    const t: (number | null)[] = [];
    const q: QualityWord[] = [];
    const s: number[] = [];
    const r: (string | null)[] = [];
    for (let i = 0; i < count; i++) {
      const slot = this.#queue[i]!;
      this.#dirty[slot] = 0;
      const last = this.#hub.values.get(this.#tags[slot]!.id);
      if (!last) continue;
      k.push(last.tag.id);
      v.push(tagValueToJson(last.value, true));
      t.push(last.valueTime === undefined ? null : msFromMicros(last.valueTime));
      q.push(last.quality);
      s.push(msFromMicros(last.since));
      r.push(last.reason ?? null);
    }
    this.#queue.copyWithin(0, count, this.#queued);
    this.#queued -= count;
    const frame: LiveTagFrame = {
      id: this.#id,
      now: msFromMicros(this.#hub.clock.now()),
      k,
      v,
      t,
      q,
      s,
      r,
      ...(this.#dropped > 0 ? { dropped: this.#dropped } : {}),
    };
    this.#out.drop(this.#dropped);
    this.#dropped = 0;
    this.#out.send(JSON.stringify(frame));
  }
}
