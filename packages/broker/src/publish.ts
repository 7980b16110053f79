import { copyBytes, varintSize, writeVarint } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import type { QoS } from '@omh/core';
import type { Session } from './session.ts';

const empty = Buffer.alloc(0);

/** One wire form of a publication: `pid` is where the packet identifier stands, -1 for QoS 0. */
export interface Variant {
  buf: Buffer;
  start: number;
  end: number;
  pid: number;
}

/**
 * One publication on its way through the router. Payload and properties are ranges of foreign buffers until `keep()`.
 * `props` is the encoded 5.0 property block without its length, topic alias and message expiry.
 */
export class Publish {
  topic = '';
  topicBytes: Buffer = empty;
  qos: QoS = 0;
  retain = false;
  payload: Buffer = empty;
  payloadStart = 0;
  payloadEnd = 0;
  props: Buffer = empty;
  propsStart = 0;
  propsEnd = 0;
  /** Message expiry interval in seconds as received; -1 = never. */
  expiry = -1;
  /** Monotonic ms of arrival. */
  at = 0;
  origin: Session | null = null;
  /** The packet as it came in, when it may go out unchanged. */
  wire: Buffer | null = null;
  wireStart = 0;
  wireEnd = 0;
  wireVersion: Version = 4;
  wirePid = -1;
  owned = false;
  /** Its number in the log while something there refers to it, 0 = it is not in it. */
  logNumber = 0;
  /** Position in the log of its newest copy. */
  logAt = -1;
  logUses = 0;
  /** Fills `payload` when the first reader of bytes comes. */
  lazy: (() => Buffer) | null = null;
  #kept: Publish | null = null;
  #built = 0;
  readonly #variants: (Variant | undefined)[] = [];

  /** Forgets what was derived from the message before. */
  reset(): void {
    this.#kept = null;
    this.#built = 0;
    this.wire = null;
    this.lazy = null;
    this.expiry = -1;
    this.props = empty;
    this.propsStart = 0;
    this.propsEnd = 0;
  }
  /** Something else goes out than what came in. */
  changed(): void {
    this.#kept = null;
    this.#built = 0;
    this.wire = null;
  }
  get size(): number {
    return this.topicBytes.length + (this.payloadEnd - this.payloadStart) + (this.propsEnd - this.propsStart);
  }

  materialize(): void {
    if (this.lazy === null) return;
    this.payload = this.lazy();
    this.payloadStart = 0;
    this.payloadEnd = this.payload.length;
    this.lazy = null;
  }
  /** One copy that outlives the read buffer, shared by all who wait for it. */
  keep(): Publish {
    if (this.owned) return this;
    if (this.#kept !== null) return this.#kept;
    this.materialize();
    const k = new Publish();
    k.topic = this.topic;
    k.topicBytes = this.topicBytes;
    k.qos = this.qos;
    k.retain = this.retain;
    k.payload = Buffer.from(this.payload.subarray(this.payloadStart, this.payloadEnd));
    k.payloadEnd = k.payload.length;
    if (this.propsEnd > this.propsStart) k.props = Buffer.from(this.props.subarray(this.propsStart, this.propsEnd));
    k.propsEnd = k.props.length;
    k.expiry = this.expiry;
    k.at = this.at;
    k.origin = this.origin;
    k.owned = true;
    this.#kept = k;
    return k;
  }
  /** Seconds left at `now`, -1 = never expires, 0 = expired. */
  left(now: number): number {
    return this.expiry < 0 ? -1 : Math.max(0, this.expiry - Math.floor((now - this.at) / 1000));
  }
  /** The packet for this version, QoS and retain flag, encoded at most once however many take it. */
  variant(version: Version, qos: QoS, retain: boolean): Variant {
    const key = (version === 5 ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
    let v = this.#variants[key];
    if (v !== undefined && this.#built & (1 << key)) return v;
    if (v === undefined) this.#variants[key] = v = { buf: empty, start: 0, end: 0, pid: -1 };
    this.#built |= 1 << key;
    if (this.wire !== null && this.wireVersion === version && qos === this.qos) {
      v.buf = this.wire;
      v.start = this.wireStart;
      v.end = this.wireEnd;
      v.pid = this.wirePid;
      return v;
    }
    this.materialize();
    const props = version === 5 ? propertyLength(this, 0, null, this.expiry) : -1;
    const rest = remainingLength(this, qos, this.topicBytes.length, props);
    const total = 1 + varintSize(rest) + rest;
    v.buf = Buffer.allocUnsafe(total);
    v.start = 0;
    v.end = total;
    v.pid = writePublish(this, v.buf, 0, rest, qos, retain, false, 0, this.topicBytes, props, 0, null, this.expiry);
    return v;
  }
}

/** Length of the property block of a 5.0 PUBLISH without its own length. */
export function propertyLength(p: Publish, alias: number, ids: readonly number[] | null, expiry: number): number {
  let n = p.propsEnd - p.propsStart + (expiry >= 0 ? 5 : 0) + (alias > 0 ? 3 : 0);
  if (ids !== null) for (const id of ids) n += 1 + varintSize(id);
  return n;
}

/** `props` is -1 for 3.1.1, which has none. */
export const remainingLength = (p: Publish, qos: QoS, topicLength: number, props: number): number =>
  2 + topicLength + (qos > 0 ? 2 : 0) + (props < 0 ? 0 : varintSize(props) + props) + (p.payloadEnd - p.payloadStart);

/** Writes the packet and returns where its packet identifier stands, -1 for QoS 0. */
export function writePublish(
  p: Publish,
  out: Buffer,
  at: number,
  rest: number,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  id: number,
  topic: Buffer,
  props: number,
  alias: number,
  ids: readonly number[] | null,
  expiry: number,
): number {
  out[at++] = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  at = writeVarint(out, at, rest);
  out[at++] = topic.length >> 8;
  out[at++] = topic.length & 255;
  at = copyBytes(topic, 0, topic.length, out, at);
  let pid = -1;
  if (qos > 0) {
    pid = at;
    out[at++] = id >> 8;
    out[at++] = id & 255;
  }
  if (props >= 0) {
    at = writeVarint(out, at, props);
    if (expiry >= 0) {
      out[at] = 2;
      out.writeUInt32BE(expiry, at + 1);
      at += 5;
    }
    at = copyBytes(p.props, p.propsStart, p.propsEnd, out, at);
    if (ids !== null)
      for (const n of ids) {
        out[at++] = 11;
        at = writeVarint(out, at, n);
      }
    if (alias > 0) {
      out[at++] = 35;
      out[at++] = alias >> 8;
      out[at++] = alias & 255;
    }
  }
  copyBytes(p.payload, p.payloadStart, p.payloadEnd, out, at);
  return pid;
}
