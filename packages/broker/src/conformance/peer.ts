import assert from 'node:assert/strict';
import { hex } from '../test-support.ts';
import type { RawPeer } from '../test-support.ts';
import { ack, connect, disconnect, pingreq, publish, readPacket, subscribe, types, unsubscribe } from './packets.ts';
import type { AckType, Connect, Props, PropValue, PublishOptions, Received, TypeName, Version } from './packets.ts';

const hexOf = (code: number | undefined): string => (code === undefined ? 'none' : `0x${code.toString(16).padStart(2, '0')}`);

/** A client made of packets: it says what it is told to and knows nothing of the protocol's state. */
export class Peer {
  readonly raw: RawPeer;
  readonly version: Version;
  /** Reason codes are compared; other servers may leave the packets out that carry them. */
  readonly strict: boolean;
  connack: Received = { type: 'CONNACK', first: 0x20, length: 0, props: [] };
  #ids = 0;

  constructor(raw: RawPeer, version: Version, strict: boolean) {
    this.raw = raw;
    this.version = version;
    this.strict = strict;
  }

  send(...packets: readonly (Buffer | string)[]): void {
    this.raw.send(Buffer.concat(packets.map((one) => (typeof one === 'string' ? hex(one) : one))));
  }
  hello(id: string | Buffer, options: Connect = {}): void {
    this.send(connect(this.version, id, options));
  }
  /** CONNECT and its CONNACK 0. */
  async welcome(id: string | Buffer, options: Connect = {}): Promise<this> {
    this.hello(id, options);
    this.connack = await this.got('CONNACK', { code: 0 });
    return this;
  }

  async next(): Promise<Received> {
    let found = readPacket(this.version, this.raw.received);
    await this.raw.until(() => (found = readPacket(this.version, this.raw.received)) !== undefined, 'a whole packet');
    this.raw.received = found!.rest as Buffer<ArrayBuffer>;
    return found!.packet;
  }
  /** The next packet is of this type and has these fields. */
  async got(type: TypeName, want: Partial<Received> = {}): Promise<Received> {
    const packet = await this.next();
    assert.equal(packet.type, type, `expected ${type}, got ${packet.type} ${hexOf(packet.code)}`);
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(packet[key as keyof Received], value, `${type}.${key}`);
    }
    return packet;
  }
  /** One property's values in a packet. */
  static values(packet: Received, id: number): readonly PropValue[] {
    return packet.props.filter(([known]) => known === id).map(([, value]) => value);
  }
  value(packet: Received, id: number): PropValue | undefined {
    const all = Peer.values(packet, id);
    assert.ok(all.length < 2, `property ${id} comes twice`);
    return all[0];
  }

  /** Everything sent before was answered, and nothing else came. */
  async quiet(): Promise<void> {
    this.send(pingreq);
    await this.got('PINGRESP');
  }
  /** What comes until the answer to a PINGREQ; QoS 1 and 2 messages are acknowledged when asked for. */
  async drain(acknowledge = false): Promise<Received[]> {
    const out: Received[] = [];
    this.send(pingreq);
    for (;;) {
      const packet = await this.next();
      if (packet.type === 'PINGRESP') return out;
      out.push(packet);
      if (acknowledge && packet.type === 'PUBLISH' && packet.qos === 1) this.ack('PUBACK', packet.id!);
      if (acknowledge && packet.type === 'PUBLISH' && packet.qos === 2) this.ack('PUBREC', packet.id!);
      if (acknowledge && packet.type === 'PUBREL') this.ack('PUBCOMP', packet.id!);
    }
  }
  /** The server closes; in 5.0 DISCONNECT with one of the codes comes before. */
  async ends(...codes: number[]): Promise<void> {
    await this.raw.untilClosed();
    const last = this.#last();
    if (this.version === 4) {
      assert.equal(last, undefined, `${last?.type} came before the end`);
      return;
    }
    if (last === undefined && (!this.strict || codes.length === 0)) return;
    assert.equal(last?.type, 'DISCONNECT');
    if (this.strict) assert.ok(codes.includes(last.code!), `DISCONNECT with ${hexOf(last.code)}, not ${codes.map(hexOf).join(' or ')}`);
    else assert.ok(last.code! >= 0x80, `DISCONNECT with ${hexOf(last.code)}`);
  }
  /** The server closes instead of, or after, refusing in CONNACK. */
  async refused(...codes: number[]): Promise<void> {
    await this.raw.untilClosed();
    const last = this.#last();
    if (last === undefined) {
      if (this.strict) assert.equal(codes.length, 0, 'no CONNACK came before the end');
      return;
    }
    assert.equal(last.type, 'CONNACK');
    assert.equal(last.present, false, 'a refusal says session present');
    assert.notEqual(last.code, 0, 'CONNACK 0');
    if (this.strict) assert.ok(codes.includes(last.code!), `CONNACK with ${hexOf(last.code)}, not ${codes.map(hexOf).join(' or ')}`);
  }
  #last(): Received | undefined {
    if (this.raw.received.length === 0) return undefined;
    const found = readPacket(this.version, this.raw.received);
    assert.ok(found !== undefined && found.rest.length === 0, `more than a last packet came: ${this.raw.received.toString('hex')}`);
    return found.packet;
  }

  // ---- exchanges

  nextId(): number {
    return ++this.#ids;
  }
  /** SUBSCRIBE and its SUBACK; `code` is what it must say. */
  async sub(filter: string | Buffer, options = 0, list?: Props, code = options & 3): Promise<void> {
    const id = this.nextId();
    this.send(subscribe(this.version, id, [[filter, options]], list));
    await this.got('SUBACK', { id, codes: [code] });
  }
  async unsub(...filters: string[]): Promise<Received> {
    const id = this.nextId();
    this.send(unsubscribe(this.version, id, filters));
    return this.got('UNSUBACK', { id });
  }
  /** PUBLISH alone. */
  pub(topic: string | Buffer, payload: string | Buffer, options: PublishOptions = {}): void {
    this.send(publish(this.version, topic, payload, options));
  }
  /** PUBLISH to its last acknowledgement; QoS 0 to the answer of a PINGREQ, so that it has been taken. */
  async put(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<void> {
    const id = options.id ?? this.nextId();
    this.pub(topic, payload, { ...options, id });
    if (options.qos === 1) this.#taken(await this.got('PUBACK', { id }));
    else if (options.qos === 2) {
      this.#taken(await this.got('PUBREC', { id }));
      this.ack('PUBREL', id);
      await this.got('PUBCOMP', { id, code: 0 });
    } else await this.quiet();
  }
  #taken(packet: Received): void {
    assert.ok(packet.code! < 0x80, `${packet.type} with ${hexOf(packet.code)}`);
  }
  /** The next packet is this message; it is acknowledged to the end. */
  async take(topic: string, payload: string, want: Partial<Received> = {}): Promise<Received> {
    const packet = await this.got('PUBLISH', { topic, payload, ...want });
    if (packet.qos === 1) this.ack('PUBACK', packet.id!);
    if (packet.qos === 2) {
      this.ack('PUBREC', packet.id!);
      await this.got('PUBREL', { id: packet.id!, code: 0 });
      this.ack('PUBCOMP', packet.id!);
    }
    return packet;
  }
  ack(type: AckType, id: number, code?: number): void {
    this.send(ack(type, id, code));
  }
  /** DISCONNECT, and the end of the connection. */
  async bye(code?: number, list?: Props): Promise<void> {
    this.send(disconnect(code, list));
    await this.raw.untilClosed();
  }
}

/** The type's number in the upper half of a first byte. */
export const firstByte = (type: TypeName, flags: number): number => (types.indexOf(type) << 4) | flags;
