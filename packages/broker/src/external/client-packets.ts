import { encodeProperties, prefixed, readProperties } from '../codec/properties.ts';
import type { Properties } from '../codec/properties.ts';
import { malformed, PacketType, varintSize, violation, writeVarint } from '../codec/protocol.ts';
import { ByteReader } from '../codec/reader.ts';

/** What a client of MQTT 5.0 writes and reads: the mirror of what the broker's codec does. */

export interface ConnectFields {
  readonly clientId: string;
  readonly cleanStart: boolean;
  /** Seconds. */
  readonly keepAlive: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly properties: Properties;
}
export interface Connack {
  readonly sessionPresent: boolean;
  readonly code: number;
  readonly properties: Properties;
}
/** SUBACK and UNSUBACK. */
export interface Answer {
  readonly packetId: number;
  readonly codes: readonly number[];
  readonly properties: Properties;
}
export interface Acknowledgement {
  readonly packetId: number;
  readonly code: number;
  readonly properties: Properties;
}
/** A PUBLISH as it came; `payload` is a view into what the socket gave. */
export interface IncomingPublish {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly duplicate: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly properties: Properties;
  readonly payload: Buffer;
}
/** A PUBLISH ready to be written; its packet identifier is set when its turn comes. */
export interface OutgoingPublish {
  readonly bytes: Buffer;
  /** Where the packet identifier stands; -1 for QoS 0. */
  readonly idAt: number;
}

const none: Properties = Object.freeze({});

function packet(header: number, parts: readonly Uint8Array[]): Buffer {
  const n = parts.reduce((sum, part) => sum + part.length, 0);
  const out = Buffer.allocUnsafe(1 + varintSize(n) + n);
  out[0] = header;
  let at = writeVarint(out, 1, n);
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
function block(inner: Buffer): Buffer {
  const length = Buffer.allocUnsafe(varintSize(inner.length));
  writeVarint(length, 0, inner.length);
  return Buffer.concat([length, inner]);
}
const two = (n: number): Buffer => Buffer.of(n >> 8, n & 255);

export function encodeConnect(c: ConnectFields): Buffer {
  const flags = (c.username === undefined ? 0 : 0x80) | (c.password === undefined ? 0 : 0x40) | (c.cleanStart ? 2 : 0);
  return packet(PacketType.connect << 4, [
    prefixed(Buffer.from('MQTT')),
    Buffer.of(5, flags),
    two(c.keepAlive),
    block(encodeProperties(c.properties)),
    prefixed(Buffer.from(c.clientId)),
    ...(c.username === undefined ? [] : [prefixed(Buffer.from(c.username))]),
    ...(c.password === undefined ? [] : [prefixed(Buffer.from(c.password))]),
  ]);
}

/** `options` is the subscription options byte (3.8.3.1); `identifier` 0 sends none. */
export function encodeSubscribe(packetId: number, filter: string, options: number, identifier: number): Buffer {
  const properties = encodeProperties(identifier === 0 ? {} : { subscriptionIdentifier: [identifier] });
  return packet((PacketType.subscribe << 4) | 2, [two(packetId), block(properties), prefixed(Buffer.from(filter)), Buffer.of(options)]);
}

export function encodeUnsubscribe(packetId: number, filter: string): Buffer {
  return packet((PacketType.unsubscribe << 4) | 2, [two(packetId), Buffer.of(0), prefixed(Buffer.from(filter))]);
}

/** `properties` is an encoded block without its length. */
export function encodePublish(topic: string, qos: number, retain: boolean, properties: Buffer, payload: Uint8Array): OutgoingPublish {
  const name = prefixed(Buffer.from(topic));
  const id = qos === 0 ? [] : [two(0)];
  const bytes = packet((PacketType.publish << 4) | (qos << 1) | (retain ? 1 : 0), [name, ...id, block(properties), payload]);
  const body = bytes.length - name.length - (qos === 0 ? 0 : 2) - varintSize(properties.length) - properties.length - payload.length;
  return { bytes, idAt: qos === 0 ? -1 : body + name.length };
}

export const pingRequest = Buffer.of(PacketType.pingreq << 4, 0);

export function decodeConnack(buf: Buffer, start: number, end: number): Connack {
  const r = new ByteReader(buf, start, end);
  const flags = r.u8();
  const code = r.u8();
  // A 3.1.1 broker answers without properties.
  const properties = r.left === 0 ? none : readProperties(r, PacketType.connack);
  return { sessionPresent: (flags & 1) !== 0, code, properties };
}

export function decodePublish(header: number, buf: Buffer, start: number, end: number): IncomingPublish {
  const r = new ByteReader(buf, start, end);
  const qos = (header >> 1) & 3;
  if (qos === 3) throw malformed('a message has QoS 3');
  const topic = r.text();
  const packetId = qos === 0 ? 0 : r.u16();
  if (qos > 0 && packetId === 0) throw violation('the packet identifier is 0');
  const properties = readProperties(r, PacketType.publish);
  if (topic === '' || properties.topicAlias !== undefined) throw violation('a topic alias is used that was not offered');
  return {
    topic,
    qos: qos as 0 | 1 | 2,
    retain: (header & 1) !== 0,
    duplicate: (header & 8) !== 0,
    packetId,
    properties,
    payload: buf.subarray(r.pos, end),
  };
}

export function decodeAnswer(type: number, buf: Buffer, start: number, end: number): Answer {
  const r = new ByteReader(buf, start, end);
  const packetId = r.u16();
  const properties = readProperties(r, type);
  const codes: number[] = [];
  while (r.left > 0) codes.push(r.u8());
  return { packetId, codes, properties };
}

/** PUBACK, PUBREC and PUBCOMP of a broker. */
export function decodeAcknowledgement(type: number, buf: Buffer, start: number, end: number): Acknowledgement {
  const r = new ByteReader(buf, start, end);
  const packetId = r.u16();
  const code = r.left > 0 ? r.u8() : 0;
  return { packetId, code, properties: r.left > 0 ? readProperties(r, type) : none };
}

/** DISCONNECT of a broker. */
export function decodeFarewell(buf: Buffer, start: number, end: number): { readonly code: number; readonly properties: Properties } {
  const r = new ByteReader(buf, start, end);
  const code = r.left > 0 ? r.u8() : 0;
  return { code, properties: r.left > 0 ? readProperties(r, PacketType.disconnect) : none };
}
