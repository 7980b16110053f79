import type { ByteReader } from './reader.ts';
import { malformed, PacketType, varintSize, violation, writeVarint } from './protocol.ts';

/** MQTT 5.0 properties by name (2.2.2.2). */
export interface Properties {
  payloadFormatIndicator?: number;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  subscriptionIdentifier?: number[];
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  requestProblemInformation?: number;
  willDelayInterval?: number;
  requestResponseInformation?: number;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQoS?: number;
  retainAvailable?: number;
  userProperties?: (readonly [string, string])[];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: number;
  subscriptionIdentifiersAvailable?: number;
  sharedSubscriptionAvailable?: number;
}

type Kind = 'bit' | 'u8' | 'u16' | 'u32' | 'varint' | 'text' | 'binary' | 'pair';
interface Row {
  readonly id: number;
  readonly name: keyof Properties;
  readonly kind: Kind;
  readonly on: number;
  readonly nonZero?: true;
}

const T = PacketType;
/** Stands for the will's properties inside CONNECT, which have their own list. */
export const willProperties = 0;
const bits = (...types: number[]): number => types.reduce((sum, t) => sum | (1 << t), 0);
const everywhere = bits(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, willProperties);
const answers = bits(T.connack, T.puback, T.pubrec, T.pubrel, T.pubcomp, T.suback, T.unsuback, T.disconnect, T.auth);

/** In the order in which they are written; CONNACK says its bounds as widely used brokers do. */
const rows: readonly Row[] = [
  { id: 1, name: 'payloadFormatIndicator', kind: 'bit', on: bits(T.publish, willProperties) },
  { id: 2, name: 'messageExpiryInterval', kind: 'u32', on: bits(T.publish, willProperties) },
  { id: 3, name: 'contentType', kind: 'text', on: bits(T.publish, willProperties) },
  { id: 8, name: 'responseTopic', kind: 'text', on: bits(T.publish, willProperties) },
  { id: 9, name: 'correlationData', kind: 'binary', on: bits(T.publish, willProperties) },
  { id: 11, name: 'subscriptionIdentifier', kind: 'varint', on: bits(T.publish, T.subscribe), nonZero: true },
  { id: 34, name: 'topicAliasMaximum', kind: 'u16', on: bits(T.connect, T.connack) },
  { id: 17, name: 'sessionExpiryInterval', kind: 'u32', on: bits(T.connect, T.connack, T.disconnect) },
  { id: 18, name: 'assignedClientIdentifier', kind: 'text', on: bits(T.connack) },
  { id: 19, name: 'serverKeepAlive', kind: 'u16', on: bits(T.connack) },
  { id: 21, name: 'authenticationMethod', kind: 'text', on: bits(T.connect, T.connack, T.auth) },
  { id: 22, name: 'authenticationData', kind: 'binary', on: bits(T.connect, T.connack, T.auth) },
  { id: 23, name: 'requestProblemInformation', kind: 'bit', on: bits(T.connect) },
  { id: 24, name: 'willDelayInterval', kind: 'u32', on: bits(willProperties) },
  { id: 25, name: 'requestResponseInformation', kind: 'bit', on: bits(T.connect) },
  { id: 26, name: 'responseInformation', kind: 'text', on: bits(T.connack) },
  { id: 28, name: 'serverReference', kind: 'text', on: bits(T.connack, T.disconnect) },
  { id: 31, name: 'reasonString', kind: 'text', on: answers },
  { id: 35, name: 'topicAlias', kind: 'u16', on: bits(T.publish) },
  { id: 36, name: 'maximumQoS', kind: 'bit', on: bits(T.connack) },
  { id: 37, name: 'retainAvailable', kind: 'bit', on: bits(T.connack) },
  { id: 38, name: 'userProperties', kind: 'pair', on: everywhere },
  { id: 39, name: 'maximumPacketSize', kind: 'u32', on: bits(T.connect, T.connack), nonZero: true },
  { id: 33, name: 'receiveMaximum', kind: 'u16', on: bits(T.connect, T.connack), nonZero: true },
  { id: 40, name: 'wildcardSubscriptionAvailable', kind: 'bit', on: bits(T.connack) },
  { id: 41, name: 'subscriptionIdentifiersAvailable', kind: 'bit', on: bits(T.connack) },
  { id: 42, name: 'sharedSubscriptionAvailable', kind: 'bit', on: bits(T.connack) },
];
const byId: (Row | undefined)[] = [];
for (const row of rows) byId[row.id] = row;

/** Reads a property block with its length: known ids, allowed in this packet, once each, in range. */
export function readProperties(r: ByteReader, packetType: number): Properties {
  const length = r.varint();
  if (length > r.left) throw malformed('the properties are longer than the packet');
  const outer = r.end;
  r.end = r.pos + length;
  const out: Properties = {};
  while (r.pos < r.end) {
    const id = r.varint();
    const row = byId[id];
    if (row === undefined || (row.on & (1 << packetType)) === 0) throw malformed(`property ${id} is not allowed in this packet`);
    readOne(r, row, out, packetType);
  }
  r.end = outer;
  return out;
}

function readOne(r: ByteReader, row: Row, out: Properties, packetType: number): void {
  if (row.kind === 'pair') {
    (out.userProperties ??= []).push([r.text(), r.text()]);
    return;
  }
  if (row.id === 11) {
    if (packetType === T.subscribe && out.subscriptionIdentifier !== undefined) throw violation('subscriptionIdentifier is given twice');
    const value = r.varint();
    if (value === 0) throw violation('subscriptionIdentifier is 0');
    (out.subscriptionIdentifier ??= []).push(value);
    return;
  }
  if (out[row.name] !== undefined) throw violation(`${row.name} is given twice`);
  const value = readValue(r, row.kind);
  if (row.kind === 'bit' && (value as number) > 1) throw violation(`${row.name} is neither 0 nor 1`);
  if (row.nonZero && value === 0) throw violation(`${row.name} is 0`);
  (out as Record<string, unknown>)[row.name] = value;
}

function readValue(r: ByteReader, kind: Kind): number | string | Uint8Array {
  switch (kind) {
    case 'bit':
    case 'u8':
      return r.u8();
    case 'u16':
      return r.u16();
    case 'u32':
      return r.u32();
    case 'varint':
      return r.varint();
    case 'text':
      return r.text();
    default:
      return r.binary();
  }
}

/** The block's bytes without its length, in the order of their ids. */
export function encodeProperties(p: Properties): Buffer {
  const parts: Buffer[] = [];
  for (const row of rows) {
    const value = p[row.name];
    if (value === undefined) continue;
    if (row.kind === 'pair') {
      for (const [name, text] of value as (readonly [string, string])[])
        parts.push(Buffer.of(row.id), prefixed(Buffer.from(name)), prefixed(Buffer.from(text)));
    } else if (row.kind === 'varint') {
      for (const n of value as number[]) {
        const b = Buffer.alloc(1 + varintSize(n));
        b[0] = row.id;
        writeVarint(b, 1, n);
        parts.push(b);
      }
    } else parts.push(Buffer.of(row.id), encodeValue(row.kind, value as number | string | Uint8Array));
  }
  return Buffer.concat(parts);
}

function encodeValue(kind: Kind, value: number | string | Uint8Array): Buffer {
  switch (kind) {
    case 'text':
      return prefixed(Buffer.from(value as string));
    case 'binary':
      return prefixed(value as Uint8Array);
    case 'u16': {
      const b = Buffer.alloc(2);
      b.writeUInt16BE(value as number);
      return b;
    }
    case 'u32': {
      const b = Buffer.alloc(4);
      b.writeUInt32BE(value as number);
      return b;
    }
    default:
      return Buffer.of(value as number);
  }
}

/** Two length bytes in front; longer than 65,535 bytes does not fit and is cut by the callers' own checks. */
export function prefixed(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(2 + bytes.length);
  out.writeUInt16BE(bytes.length);
  out.set(bytes, 2);
  return out;
}
