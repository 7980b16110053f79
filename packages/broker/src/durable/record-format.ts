/**
 * Version 1 of what the broker keeps in its log. One record of the log is a group: a byte with the version, then entries, each a type
 * byte and its fields. A group holds whole packets' effects and counts whole or not at all. Numbers are little-endian base 128 with a
 * continuation bit, up to 2^53; texts (UTF-8) and bytes stand behind their length.
 *
 * Every entry is absolute and names its key, so that reading one twice, or from any later position on, changes nothing.
 */
export const formatVersion = 1;

export const Entry = {
  /** number · flags · topic · [expiry s · arrival ms UTC] · [properties] · payload */
  message: 1,
  /** message number: it is the retained message of its topic */
  retain: 2,
  /** topic */
  unretain: 3,
  /** number · client id · version · state · flags · expiry s · since ms UTC · next seq · sent below · keep-alive s · peer · [user name] · [kind and name of its principal] · [will] */
  session: 4,
  /** session */
  end: 5,
  /** session · filter · options · subscription identifier */
  subscribe: 6,
  /** session · filter */
  unsubscribe: 7,
  /** session · seq · flags · [message number] · [identifiers] · [group] · [moved packet id] */
  deliver: 8,
  /** session · seq: acknowledged or dropped */
  done: 9,
  /** session · seq: PUBREC came */
  released: 10,
  /** session · packet id: a QoS 2 message of the client is taken */
  received: 11,
  /** session · packet id: its PUBREL came */
  forgotten: 12,
  /** number · due ms UTC · came ms UTC · principal's kind · its name · client id · peer · message: it waits to be published */
  delay: 13,
  /** number of a message that waits no longer */
  undelay: 14,
} as const;

/** Flags of a message and of a will: QoS in the lowest two bits. */
export const MessageFlag = { retain: 4, expiry: 8, properties: 16 } as const;
/** Flags of a delivery: QoS in the lowest two bits. A released one has no message. */
export const DeliverFlag = { retain: 4, ids: 8, group: 16, moved: 32, released: 64 } as const;
export const SubscribeFlag = { noLocal: 4, retainAsPublished: 8 } as const;
export const SessionFlag = { username: 1, will: 2, principal: 4 } as const;
/** A session whose broker stopped counts as left when the broker is back. */
export const SessionState = { attached: 0, left: 1, stopped: 2 } as const;

const firstBytes = 4096;
const keptBytes = 1 << 20;

/** Fields one behind the other in a buffer that grows; used again for every group. */
export class GroupWriter {
  #buf = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;

  constructor() {
    this.clear();
  }
  /** 1 when no entry is in it. */
  get length(): number {
    return this.#at;
  }
  clear(): void {
    if (this.#buf.length > keptBytes) this.#buf = Buffer.allocUnsafeSlow(firstBytes);
    this.#buf[0] = formatVersion;
    this.#at = 1;
  }
  /** Good until the next field. */
  bytes(): Buffer {
    return this.#buf.subarray(0, this.#at);
  }
  #room(n: number): void {
    if (this.#at + n <= this.#buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + n, this.#buf.length * 2));
    this.#buf.copy(grown, 0, 0, this.#at);
    this.#buf = grown;
  }
  byte(value: number): void {
    this.#room(1);
    this.#buf[this.#at++] = value;
  }
  number(value: number): void {
    this.#room(8);
    const buf = this.#buf;
    while (value > 0x7fffffff) {
      buf[this.#at++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    while (value > 127) {
      buf[this.#at++] = (value & 127) | 128;
      value >>>= 7;
    }
    buf[this.#at++] = value;
  }
  text(value: string): void {
    const n = Buffer.byteLength(value);
    this.number(n);
    this.#room(n);
    this.#at += this.#buf.write(value, this.#at, n, 'utf8');
  }
  data(from: Buffer, start: number, end: number): void {
    this.number(end - start);
    this.#room(end - start);
    this.#at += from.copy(this.#buf, this.#at, start, end);
  }
}

/** Reads what `GroupWriter` wrote; throws a RangeError at anything that is not whole. */
export class GroupReader {
  readonly #buf: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get more(): boolean {
    return this.#at < this.#buf.length;
  }
  byte(): number {
    if (this.#at >= this.#buf.length) throw new RangeError('a group of records ends inside a field');
    return this.#buf[this.#at++]!;
  }
  number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const b = this.byte();
      value += (b & 127) * scale;
      if (b < 128) return value;
    }
    throw new RangeError('a number has more than eight bytes');
  }
  /** A copy: the log's buffer is large and not ours. */
  data(): Buffer {
    const n = this.number();
    if (n > this.#buf.length - this.#at) throw new RangeError('a group of records ends inside a field');
    const out = Buffer.from(this.#buf.subarray(this.#at, this.#at + n));
    this.#at += n;
    return out;
  }
  text(): string {
    const n = this.number();
    if (n > this.#buf.length - this.#at) throw new RangeError('a group of records ends inside a field');
    const out = this.#buf.toString('utf8', this.#at, this.#at + n);
    this.#at += n;
    return out;
  }
}
