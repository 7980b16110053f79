/** MQTT packets for tests, written and read on their own: nothing of the broker's codec is in here, so that each can be wrong alone. */

export const types = [
  'reserved',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const;
export type TypeName = (typeof types)[number];
export type Version = 4 | 5;

/** Properties as written: identifier and value, as often as they are to appear. */
export type Props = readonly (readonly [number, PropValue])[];
export type PropValue = number | string | Buffer | readonly [string, string];

/** Property identifiers (MQTT 5.0, table 2-4). */
export const prop = {
  payloadFormat: 1,
  messageExpiry: 2,
  contentType: 3,
  responseTopic: 8,
  correlationData: 9,
  subscriptionId: 11,
  sessionExpiry: 17,
  assignedClientId: 18,
  serverKeepAlive: 19,
  authMethod: 21,
  authData: 22,
  requestProblem: 23,
  willDelay: 24,
  requestResponse: 25,
  responseInformation: 26,
  serverReference: 28,
  reasonString: 31,
  receiveMaximum: 33,
  topicAliasMaximum: 34,
  topicAlias: 35,
  maximumQoS: 36,
  retainAvailable: 37,
  user: 38,
  maximumPacketSize: 39,
} as const;

const bytes1 = new Set([1, 23, 25, 36, 37, 40, 41, 42]);
const bytes2 = new Set([19, 33, 34, 35]);
const bytes4 = new Set([2, 17, 24, 39]);
const binary = new Set([9, 22]);

export const u16 = (n: number): Buffer => Buffer.of(n >> 8, n & 255);
const u32 = (n: number): Buffer => Buffer.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255);
export function varint(n: number): Buffer {
  const out: number[] = [];
  do {
    out.push((n & 127) | (n > 127 ? 128 : 0));
    n >>>= 7;
  } while (n > 0);
  return Buffer.from(out);
}
/** A field with two length bytes. */
export function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([u16(bytes.length), bytes]);
}
/** First byte, remaining length, body. */
export function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(first), varint(body.length), body]);
}
export function props(list: Props = []): Buffer {
  const body = Buffer.concat(list.map(([id, value]) => Buffer.concat([Buffer.of(id), valueOf(id, value)])));
  return Buffer.concat([varint(body.length), body]);
}
function valueOf(id: number, value: PropValue): Buffer {
  if (typeof value === 'string' || value instanceof Buffer) return field(value);
  if (typeof value !== 'number') return Buffer.concat([field(String(value[0])), field(String(value[1]))]);
  if (bytes1.has(id)) return Buffer.of(value);
  if (bytes2.has(id)) return u16(value);
  if (bytes4.has(id)) return u32(value);
  return varint(value);
}

export interface Will {
  readonly topic: string | Buffer;
  readonly payload?: string | Buffer;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly props?: Props;
}
export interface Connect {
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly will?: Will;
  readonly username?: string | Buffer;
  readonly password?: string | Buffer;
  readonly props?: Props;
  /** Instead of the flags that follow from the rest. */
  readonly flags?: number;
  readonly protocol?: string;
  readonly level?: number;
}
export function connect(version: Version, id: string | Buffer, c: Connect = {}): Buffer {
  const { will } = c;
  const flags =
    c.flags ??
    ((c.clean ?? true) ? 2 : 0) |
      (will ? 4 | ((will.qos ?? 0) << 3) | (will.retain ? 32 : 0) : 0) |
      (c.username === undefined ? 0 : 128) |
      (c.password === undefined ? 0 : 64);
  const five = version === 5;
  return packet(
    0x10,
    field(c.protocol ?? 'MQTT'),
    Buffer.of(c.level ?? version, flags),
    u16(c.keepAlive ?? 0),
    ...(five ? [props(c.props)] : []),
    field(id),
    ...(will ? [...(five ? [props(will.props)] : []), field(will.topic), field(will.payload ?? 'gone')] : []),
    ...(c.username === undefined ? [] : [field(c.username)]),
    ...(c.password === undefined ? [] : [field(c.password)]),
  );
}

export interface PublishOptions {
  readonly qos?: number;
  readonly id?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly props?: Props;
}
export function publish(version: Version, topic: string | Buffer, payload: string | Buffer, o: PublishOptions = {}): Buffer {
  const qos = o.qos ?? 0;
  return packet(
    0x30 | (o.dup ? 8 : 0) | (qos << 1) | (o.retain ? 1 : 0),
    field(topic),
    ...(qos > 0 ? [u16(o.id ?? 1)] : []),
    ...(version === 5 ? [props(o.props)] : []),
    Buffer.from(payload as string),
  );
}
export type AckType = 'PUBACK' | 'PUBREC' | 'PUBREL' | 'PUBCOMP';
export function ack(type: AckType, id: number, code?: number, list?: Props): Buffer {
  const first = (types.indexOf(type) << 4) | (type === 'PUBREL' ? 2 : 0);
  return packet(first, u16(id), ...(code === undefined ? [] : [Buffer.of(code)]), ...(list === undefined ? [] : [props(list)]));
}
/** Filters with their options byte. */
export const subscribe = (version: Version, id: number, filters: readonly (readonly [string | Buffer, number])[], list?: Props): Buffer =>
  packet(
    0x82,
    u16(id),
    ...(version === 5 ? [props(list)] : []),
    ...filters.flatMap(([filter, options]) => [field(filter), Buffer.of(options)]),
  );
export const unsubscribe = (version: Version, id: number, filters: readonly (string | Buffer)[], list?: Props): Buffer =>
  packet(0xa2, u16(id), ...(version === 5 ? [props(list)] : []), ...filters.map((filter) => field(filter)));
export const pingreq = Buffer.of(0xc0, 0);
export const disconnect = (code?: number, list?: Props): Buffer =>
  packet(0xe0, ...(code === undefined ? [] : [Buffer.of(code)]), ...(list === undefined ? [] : [props(list)]));
export const auth = (code?: number, list?: Props): Buffer =>
  packet(0xf0, ...(code === undefined ? [] : [Buffer.of(code)]), ...(list === undefined ? [] : [props(list)]));

/** A packet as it came from a server. */
export interface Received {
  readonly type: TypeName;
  readonly first: number;
  readonly length: number;
  readonly id?: number;
  readonly code?: number;
  readonly present?: boolean;
  readonly flags?: number;
  readonly codes?: readonly number[];
  readonly topic?: string;
  readonly payload?: string;
  readonly qos?: number;
  readonly dup?: boolean;
  readonly retain?: boolean;
  readonly props: Props;
}

/** Takes one whole packet off the front, or nothing while it is incomplete. Throws for what no server may send. */
export function readPacket(version: Version, bytes: Buffer): { readonly packet: Received; readonly rest: Buffer } | undefined {
  let length = 0;
  let at = 1;
  for (let shift = 0; ; shift += 7) {
    const b = bytes[at++];
    if (b === undefined) return undefined;
    length |= (b & 127) << shift;
    if (b < 128) break;
    if (shift === 21) throw new Error('the remaining length has more than four bytes');
  }
  if (bytes.length < at + length) return undefined;
  const body = new Cursor(bytes.subarray(at, at + length));
  const packet = readBody(version, bytes[0]!, at + length, body);
  if (body.left > 0) throw new Error(`${packet.type} is longer than its fields`);
  return { packet, rest: bytes.subarray(at + length) };
}

function readBody(version: Version, first: number, length: number, b: Cursor): Received {
  const type = types[first >> 4]!;
  const five = version === 5;
  const base = { type, first, length };
  const reserved = first & 15;
  if (type !== 'PUBLISH' && reserved !== (type === 'PUBREL' ? 2 : 0)) throw new Error(`${type} has reserved bits ${reserved}`);
  switch (type) {
    case 'CONNACK': {
      const flags = b.u8();
      const code = b.u8();
      return { ...base, flags, present: (flags & 1) === 1, code, props: five ? b.props() : [] };
    }
    case 'PUBLISH': {
      const qos = (first >> 1) & 3;
      const topic = b.text();
      const id = qos > 0 ? b.u16() : undefined;
      const list = five ? b.props() : [];
      const flags = { qos, dup: (first & 8) !== 0, retain: (first & 1) === 1 };
      return { ...base, ...flags, topic, ...(id === undefined ? {} : { id }), props: list, payload: b.rest().toString('latin1') };
    }
    case 'PUBACK':
    case 'PUBREC':
    case 'PUBREL':
    case 'PUBCOMP': {
      const id = b.u16();
      const code = five && b.left > 0 ? b.u8() : 0;
      return { ...base, id, code, props: five && b.left > 0 ? b.props() : [] };
    }
    case 'SUBACK':
      return { ...base, id: b.u16(), props: five ? b.props() : [], codes: [...b.rest()] };
    case 'UNSUBACK': {
      const id = b.u16();
      return { ...base, id, props: five ? b.props() : [], codes: five ? [...b.rest()] : [] };
    }
    case 'PINGRESP':
      return { ...base, props: [] };
    case 'DISCONNECT':
    case 'AUTH':
      if (!five) break;
      return { ...base, code: b.left > 0 ? b.u8() : 0, props: b.left > 0 ? b.props() : [] };
    default:
  }
  throw new Error(`a server does not send ${type}`);
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get left(): number {
    return this.#bytes.length - this.#at;
  }
  take(n: number): Buffer {
    if (this.left < n) throw new Error('the packet ends inside a field');
    this.#at += n;
    return this.#bytes.subarray(this.#at - n, this.#at);
  }
  u8(): number {
    return this.take(1)[0]!;
  }
  u16(): number {
    return this.take(2).readUInt16BE();
  }
  text(): string {
    return this.take(this.u16()).toString('utf8');
  }
  rest(): Buffer {
    return this.take(this.left);
  }
  varint(): number {
    for (let n = 0, shift = 0; ; shift += 7) {
      const b = this.u8();
      n |= (b & 127) << shift;
      if (b < 128) return n;
    }
  }
  props(): Props {
    const inner = new Cursor(this.take(this.varint()));
    const out: [number, PropValue][] = [];
    while (inner.left > 0) {
      const id = inner.u8();
      out.push([id, inner.value(id)]);
    }
    return out;
  }
  value(id: number): PropValue {
    if (id === prop.user) return [this.text(), this.text()];
    if (bytes1.has(id)) return this.u8();
    if (bytes2.has(id)) return this.u16();
    if (bytes4.has(id)) return this.take(4).readUInt32BE();
    if (id === prop.subscriptionId) return this.varint();
    return binary.has(id) ? this.take(this.u16()) : this.text();
  }
}
