import { checkHeader } from './codec/decode.ts';
import { Code, copyBytes, Fault, malformed, PacketType, varintSize, violation } from './codec/protocol.ts';
import type { Version } from './codec/protocol.ts';
import { largeBuffer as flushAt, recycle, take } from './buffer-pool.ts';
import type { FlushLoop } from './flush-loop.ts';
import type { BrokerLimits } from './limits.ts';
import { cutQos0 } from './qos0-cut.ts';
import type { Meter } from './rate-limit.ts';
import type { Publish, Variant } from './publish.ts';
import { propertyLength, remainingLength, writePublish } from './publish.ts';
import type { BrokerStats } from './stats.ts';
import type { Transport, TransportEvents } from './transport.ts';
import type { QoS } from '@omh/core';

/** Above this much waiting output queues stop feeding the socket. */
const roomBelow = 262_144;
const emptyTopic = Buffer.alloc(0);
const nothing = Buffer.alloc(0);

/** Why nothing is read from a connection; it goes on when none is left. */
export const Stop = { output: 1, signIn: 2, acks: 4, rate: 8 } as const;

/** What became of one PUBLISH: sent, no room, or larger than the client takes. */
export const Sent = { yes: 0, full: 1, tooLarge: 2 } as const;

/** Receives whole packets; may throw a `Fault`. */
export interface PacketHandler {
  /** `start` is the packet's first byte, `body` the first after the remaining length. */
  packet(header: number, buf: Buffer, start: number, body: number, end: number): void;
  /** After the last packet of a chunk. */
  chunkEnd(): void;
  fault(fault: Fault): void;
  /** Output went out: queues may go on. */
  room(): void;
  closed(): void;
}

/** Framing inwards, one write per loop turn outwards, both bounded. */
export class Connection implements TransportEvents {
  readonly transport: Transport;
  readonly #handler: PacketHandler;
  readonly #loop: FlushLoop;
  readonly #limits: BrokerLimits;
  readonly #stats: BrokerStats;
  version: Version = 4;
  maxPacketIn: number;
  /** Until CONNECT came, a first byte that begins anything else ends the connection without waiting for more. */
  awaitsConnect = true;
  /** Largest packet the client takes. */
  maxPacketOut = 0xffffffff;
  /** Aliases the client takes, capped. */
  aliasMax = 0;
  /** Bytes go out as they come in: no alias, no size limit. */
  plain = true;
  open = true;
  /** The handler stopped reading packets for now (sign-in under way); what comes is held back, bounded. */
  held = false;
  #aliases: Map<string, number> | null = null;
  #partial: Buffer = nothing;
  #have = 0;
  #out: Buffer | null = null;
  #outLength = 0;
  /** Belongs to the kernel until its callback. */
  #writing: Buffer | null = null;
  #dirty = false;
  #blocked = false;
  #stops = 0;
  /** Counts what the client sends; null where that is not limited. */
  meter: Meter | null = null;
  #stalledAt = -1;
  #ending = false;
  readonly #onWritten = (): void => this.#written();

  constructor(transport: Transport, handler: PacketHandler, loop: FlushLoop, limits: BrokerLimits, stats: BrokerStats) {
    this.transport = transport;
    this.#handler = handler;
    this.#loop = loop;
    this.#limits = limits;
    this.#stats = stats;
    this.maxPacketIn = limits.maxPacketSizeBeforeConnect;
  }
  get outBytes(): number {
    return this.#outLength;
  }
  get hasRoom(): boolean {
    return !this.#blocked || this.#outLength < roomBelow;
  }
  get blocked(): boolean {
    return this.#blocked;
  }

  // ---- inwards

  data(buf: Buffer, start: number, end: number): void {
    if (!this.open || this.#ending) return;
    this.#stats.bytesIn += end - start;
    const before = this.meter === null ? 0 : this.#stats.messagesIn;
    const bytes = end - start;
    this.#loop.beforeRead();
    try {
      if (this.held) this.#hold(buf, start, end);
      else {
        if (this.#have > 0) start = this.#complete(buf, start, end);
        if (start < end) this.#scan(buf, start, end);
        this.#handler.chunkEnd();
      }
    } catch (thrown) {
      this.#handler.fault(thrown instanceof Fault ? thrown : new Fault(Code.unspecified, String(thrown)));
    }
    if (this.open && this.#outLength > this.#limits.maxOutBytes && this.#blocked) this.stop(Stop.output);
    if (this.meter !== null && !this.#ending) this.meter.spent(this, this.#stats.messagesIn - before, bytes);
    this.#loop.afterRead();
  }
  /** Packets wait from now on, and nothing more is read. */
  hold(): void {
    this.held = true;
    this.stop(Stop.signIn);
  }
  /** Goes on with what came while the handler held packets back. */
  release(): void {
    this.held = false;
    const waiting = this.#partial;
    const n = this.#have;
    this.#partial = nothing;
    this.#have = 0;
    if (n > 0) {
      this.#stats.bytesIn -= n;
      this.data(waiting, 0, n);
    }
    if (!this.held) this.goOn(Stop.signIn);
  }
  #hold(buf: Buffer, start: number, end: number): void {
    if (this.#have + end - start > Math.max(this.#limits.maxPacketSizeBeforeConnect, flushAt)) {
      throw new Fault(Code.packetTooLarge, 'too much was sent before the sign-in was answered');
    }
    this.#store(buf, start, end, this.#have + end - start);
  }
  #scan(buf: Buffer, start: number, end: number): void {
    let s = start;
    while (s < end) {
      if (!this.open || this.#ending) return;
      if (this.held) {
        this.#hold(buf, s, end);
        return;
      }
      if (this.awaitsConnect && buf[s]! >> 4 !== PacketType.connect) throw violation('the first packet is not CONNECT');
      let body = s + 1;
      let length = 0;
      let shift = 0;
      for (;;) {
        if (body >= end) {
          checkHeader(buf[s]!, this.version);
          this.#store(buf, s, end, end - s);
          return;
        }
        const b = buf[body++]!;
        length |= (b & 127) << shift;
        if (b < 128) {
          if (b === 0 && shift > 0) throw malformed('a length is not in its shortest form');
          break;
        }
        shift += 7;
        if (shift > 21) throw malformed('a length has more than four bytes');
      }
      const next = body + length;
      if (next - s > this.maxPacketIn) {
        throw new Fault(Code.packetTooLarge, `a packet of ${next - s} bytes is larger than ${this.maxPacketIn}`);
      }
      const header = buf[s]!;
      if (header >> 4 !== 3) checkHeader(header, this.version);
      if (next > end) {
        this.#store(buf, s, end, next - s);
        return;
      }
      this.#handler.packet(header, buf, s, body, next);
      s = next;
    }
  }
  /** Fills the packet that began in an earlier chunk; returns where the next one starts. */
  #complete(buf: Buffer, start: number, end: number): number {
    while (start < end && this.#have > 0) {
      const need = this.#needed();
      const take = Math.min(need - this.#have, end - start);
      this.#store(buf, start, start + take, need);
      start += take;
      if (this.#have < need || this.#needed() > this.#have) continue;
      const packet = this.#partial;
      const n = this.#have;
      this.#partial = nothing;
      this.#have = 0;
      this.#scan(packet, 0, n);
      if (this.held && start < end) {
        this.#hold(buf, start, end);
        return end;
      }
    }
    return start;
  }
  /** Bytes the begun packet has in all, or one more than there are while its length is not known. */
  #needed(): number {
    let length = 0;
    for (let i = 1; i < this.#have; i++) {
      const b = this.#partial[i]!;
      length |= (b & 127) << (7 * (i - 1));
      if (b < 128) {
        const total = i + 1 + length;
        if (total > this.maxPacketIn) throw new Fault(Code.packetTooLarge, `a packet of ${total} bytes is larger than ${this.maxPacketIn}`);
        return total;
      }
      if (i >= 4) throw malformed('a length has more than four bytes');
    }
    return this.#have + 1;
  }
  /** Grows with what really came, never with what a header promises. */
  #store(buf: Buffer, start: number, end: number, total: number): void {
    const n = this.#have + end - start;
    if (n > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(total, n), Math.max(n, this.#partial.length * 2, 512)));
      this.#partial.copy(grown, 0, 0, this.#have);
      this.#partial = grown;
    }
    copyBytes(buf, start, end, this.#partial, this.#have);
    this.#have = n;
  }

  // ---- outwards

  /** Room for `n` bytes at the returned position of `buffer`; -1 when `droppable` and the client is too slow. */
  reserve(n: number, droppable: boolean): number {
    if (!this.open || this.#ending) return -1;
    const out = this.#out;
    if (out !== null && this.#outLength + n <= out.length && this.#outLength + n <= flushAt) {
      const at = this.#outLength;
      this.#outLength = at + n;
      if (at === 0) this.#markDirty();
      return at;
    }
    return this.#reserveMore(n, droppable);
  }
  #reserveMore(n: number, droppable: boolean): number {
    if (this.#blocked) {
      if (droppable && this.#outLength + n > this.#limits.maxOutBytes) return -1;
    } else if (this.#outLength > 0 && this.#outLength + n > flushAt) this.#flush();
    if (!this.open) return -1;
    const want = this.#outLength + n;
    if (this.#out === null) this.#out = take(want);
    else if (want > this.#out.length) {
      const grown = take(want <= flushAt ? want : Math.max(want, this.#out.length * 2));
      this.#out.copy(grown, 0, 0, this.#outLength);
      recycle(this.#out);
      this.#out = grown;
    }
    const at = this.#outLength;
    this.#outLength = want;
    this.#markDirty();
    return at;
  }
  get buffer(): Buffer {
    return this.#out!;
  }

  #markDirty(): void {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#loop.add(this);
  }
  /** Control packets: never dropped; a client that floods us with what needs answers is not read from meanwhile. */
  send(packet: Buffer): void {
    const at = this.reserve(packet.length, false);
    if (at < 0) return;
    packet.copy(this.buffer, at);
    this.#stats.packetsOut[packet[0]! >> 4]!++;
  }
  sendAck(type: number, id: number, code: number): void {
    const long = code !== 0 && this.version === 5;
    const at = this.reserve(long ? 5 : 4, false);
    if (at < 0) return;
    this.#stats.packetsOut[type]!++;
    const out = this.buffer;
    out[at] = (type << 4) | (type === 6 ? 2 : 0);
    out[at + 1] = long ? 3 : 2;
    out[at + 2] = id >> 8;
    out[at + 3] = id & 255;
    if (long) out[at + 4] = code;
  }
  /** Whole QoS 0 packets as one range. */
  sendRange(buf: Buffer, start: number, end: number, count: number): boolean {
    const at = this.reserve(end - start, true);
    if (at < 0) return false;
    copyBytes(buf, start, end, this.buffer, at);
    this.#stats.messagesOut += count;
    return true;
  }
  sendPublish(p: Publish, qos: QoS, retain: boolean, dup: boolean, id: number, ids: readonly number[] | null, now: number): number {
    const sent =
      !p.owned && ids === null && this.plain
        ? this.#sendVariant(p.variant(this.version, qos, retain), qos, retain, id)
        : this.#encode(p, qos, retain, dup, id, ids, now);
    if (sent === Sent.yes) {
      this.#stats.messagesOut++;
      if (qos === 1) this.#stats.messagesOutQos1++;
      else if (qos === 2) this.#stats.messagesOutQos2++;
    }
    return sent;
  }
  #sendVariant(v: Variant, qos: QoS, retain: boolean, id: number): number {
    const at = this.reserve(v.end - v.start, qos === 0);
    if (at < 0) return Sent.full;
    const out = this.buffer;
    copyBytes(v.buf, v.start, v.end, out, at);
    out[at] = 0x30 | (qos << 1) | (retain ? 1 : 0);
    if (qos > 0) {
      out[at + v.pid - v.start] = id >> 8;
      out[at + v.pid - v.start + 1] = id & 255;
    }
    return Sent.yes;
  }
  #encode(p: Publish, qos: QoS, retain: boolean, dup: boolean, id: number, ids: readonly number[] | null, now: number): number {
    p.materialize();
    const five = this.version === 5;
    const expiry = five ? p.left(now) : -1;
    let topic = p.topicBytes;
    let alias = 0;
    let fresh = false;
    if (this.aliasMax > 0) {
      const known = (this.#aliases ??= new Map()).get(p.topic);
      if (known !== undefined) {
        alias = known;
        topic = emptyTopic;
      } else if (this.#aliases.size < this.aliasMax) {
        alias = this.#aliases.size + 1;
        fresh = true;
      }
    }
    const props = five ? propertyLength(p, alias, ids, expiry) : -1;
    const rest = remainingLength(p, qos, topic.length, props);
    const total = 1 + varintSize(rest) + rest;
    if (total > this.maxPacketOut) return Sent.tooLarge;
    const at = this.reserve(total, qos === 0);
    if (at < 0) return Sent.full;
    writePublish(p, this.buffer, at, rest, qos, retain, dup, id, topic, props, alias, ids, expiry);
    if (fresh) this.#aliases!.set(p.topic, alias);
    return Sent.yes;
  }
  flushDirty(): void {
    this.#dirty = false;
    this.#flush();
  }
  #flush(): void {
    if (this.#blocked || this.#outLength === 0 || !this.open) return;
    const out = this.#out!;
    const n = this.#outLength;
    this.#outLength = 0;
    this.#stats.bytesOut += n;
    this.transport.write(out.subarray(0, n), this.#onWritten);
    this.#out = null;
    if (this.transport.pending() === 0) {
      recycle(out);
      return;
    }
    this.#writing = out;
    this.#blocked = true;
  }
  /** Only the write's own callback says that a socket goes on: 'drain' is silent below the high-water mark. */
  #written(): void {
    if (!this.#blocked || !this.open || this.transport.pending() > 0) return;
    this.#blocked = false;
    recycle(this.#writing!);
    this.#stalledAt = -1;
    this.#writing = null;
    this.#flush();
    if (this.#blocked) return;
    this.goOn(Stop.output);
    this.#handler.room();
  }
  /** Nothing is read from it for one reason or another. */
  get paused(): boolean {
    return this.#stops !== 0;
  }
  stop(why: number): void {
    if (this.#stops === 0) this.transport.pause();
    this.#stops |= why;
  }
  goOn(why: number): void {
    if ((this.#stops & why) === 0) return;
    this.#stops &= ~why;
    if (this.#stops === 0 && this.open) this.transport.resume();
  }
  stopReading(): void {
    this.stop(Stop.rate);
  }
  readOn(): void {
    this.goOn(Stop.rate);
  }
  /** Memory is short: QoS 0 that waits for a slow client goes; returns how many messages. */
  cutQos0(): number {
    // An alias that a cut message introduced would be unknown in later ones.
    if (this.#out === null || this.#aliases !== null) return 0;
    const { length, cut } = cutQos0(this.#out, this.#outLength);
    if (cut === 0) return 0;
    const smaller = take(length);
    this.#out.copy(smaller, 0, 0, length);
    recycle(this.#out);
    this.#out = smaller;
    this.#outLength = length;
    return cut;
  }

  /** Whether the socket has taken nothing for this many ticks; asked now and then. */
  stalled(tick: number, limit: number): boolean {
    if (!this.#blocked) {
      this.#stalledAt = -1;
      return false;
    }
    if (this.#stalledAt < 0) this.#stalledAt = tick;
    return tick - this.#stalledAt >= limit;
  }
  /** Sends what waits and a last packet, then closes; what the client still sends is ignored. */
  end(last?: Buffer): void {
    if (!this.open || this.#ending) return;
    if (last !== undefined) this.send(last);
    this.#flush();
    this.#ending = true;
    // A socket that is not read would not notice that the client closes it.
    this.transport.resume();
    this.transport.end();
  }
  destroy(): void {
    if (this.open) this.transport.destroy();
  }
  closed(): void {
    if (!this.open) return;
    this.open = false;
    if (this.#out !== null) recycle(this.#out);
    this.#out = null;
    this.#outLength = 0;
    this.#partial = nothing;
    this.#aliases = null;
    this.#handler.closed();
  }
}
