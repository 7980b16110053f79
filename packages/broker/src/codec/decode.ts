import { Code, Fault, malformed, PacketType, violation } from './protocol.ts';
import type { Version } from './protocol.ts';
import type { Properties } from './properties.ts';
import { readProperties, willProperties } from './properties.ts';
import { ByteReader } from './reader.ts';

export interface WillPacket {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties: Properties;
}
export interface ConnectPacket {
  readonly version: Version;
  readonly clean: boolean;
  readonly keepAlive: number;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly will: WillPacket | undefined;
  readonly properties: Properties;
}
export interface SubscribeRequest {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}
export interface SubscribePacket {
  readonly packetId: number;
  readonly properties: Properties;
  readonly requests: readonly SubscribeRequest[];
}
export interface UnsubscribePacket {
  readonly packetId: number;
  readonly properties: Properties;
  readonly filters: readonly string[];
}
export interface AckPacket {
  readonly packetId: number;
  readonly code: number;
}
export interface DisconnectPacket {
  readonly code: number;
  readonly properties: Properties;
}

const none: Properties = Object.freeze({});

/** The version is unsupported or the name is not MQTT's: 0x84 when the name is right, else malformed (3.1.2.1, 3.1.2.2). */
export function decodeConnect(buf: Buffer, start: number, end: number): ConnectPacket {
  const r = new ByteReader(buf, start, end);
  const name = r.text();
  const level = r.u8();
  if (name !== 'MQTT') {
    throw new Fault(name === 'MQIsdp' ? Code.unsupportedVersion : Code.malformed, `the protocol name is not MQTT`);
  }
  if (level !== 4 && level !== 5) throw new Fault(Code.unsupportedVersion, `protocol level ${level} is not spoken here`);
  const flags = r.u8();
  if (flags & 1) throw malformed('the reserved connect flag is set');
  const keepAlive = r.u16();
  const properties = level === 5 ? readProperties(r, PacketType.connect) : none;
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw violation('authentication data comes without a method');
  }
  const clientId = r.text();
  const will = decodeWill(r, flags, level);
  if (level === 4 && !(flags & 0x80) && flags & 0x40) throw malformed('a password comes without a user name');
  const username = flags & 0x80 ? r.text() : undefined;
  const password = flags & 0x40 ? r.binary() : undefined;
  if (r.left > 0) throw malformed('the packet is longer than its fields');
  return { version: level, clean: (flags & 2) !== 0, keepAlive, clientId, username, password, will, properties };
}

function decodeWill(r: ByteReader, flags: number, level: number): WillPacket | undefined {
  const qos = (flags >> 3) & 3;
  if (!(flags & 4)) {
    if (flags & 0x38) throw malformed('will flags are set without a will');
    return undefined;
  }
  if (qos === 3) throw malformed('the will has QoS 3');
  const properties = level === 5 ? readProperties(r, willProperties) : none;
  const topic = r.text();
  const payload = r.binary();
  return { topic, payload, qos: qos as 0 | 1 | 2, retain: (flags & 0x20) !== 0, properties };
}

export function decodeSubscribe(buf: Buffer, start: number, end: number, version: Version): SubscribePacket {
  const r = new ByteReader(buf, start, end);
  const packetId = nonZeroId(r);
  const properties = version === 5 ? readProperties(r, PacketType.subscribe) : none;
  const requests: SubscribeRequest[] = [];
  while (r.left > 0) {
    const filter = r.text();
    const o = r.u8();
    if ((o & 3) === 3) throw malformed('a subscription asks for QoS 3');
    if (version === 4 ? o & 0xfc : o & 0xc0) throw malformed('reserved subscription bits are set');
    if (((o >> 4) & 3) === 3) throw violation('a subscription has retain handling 3');
    const noLocal = (o & 4) !== 0;
    if (noLocal && filter.startsWith('$share/')) throw violation('a shared subscription asks for no-local');
    requests.push({
      filter,
      qos: (o & 3) as 0 | 1 | 2,
      noLocal,
      retainAsPublished: (o & 8) !== 0,
      retainHandling: ((o >> 4) & 3) as 0 | 1 | 2,
    });
  }
  if (requests.length === 0) throw violation('SUBSCRIBE holds no filter');
  return { packetId, properties, requests };
}

export function decodeUnsubscribe(buf: Buffer, start: number, end: number, version: Version): UnsubscribePacket {
  const r = new ByteReader(buf, start, end);
  const packetId = nonZeroId(r);
  const properties = version === 5 ? readProperties(r, PacketType.unsubscribe) : none;
  const filters: string[] = [];
  while (r.left > 0) filters.push(r.text());
  if (filters.length === 0) throw violation('UNSUBSCRIBE holds no filter');
  return { packetId, properties, filters };
}

/** Codes an acknowledgement may carry (MQTT 5.0, tables 3-4 to 3-7). */
const ackCodes = new Set([0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const releaseCodes = new Set([0, 0x92]);

/** PUBACK, PUBREC, PUBREL, PUBCOMP. */
export function decodeAck(buf: Buffer, start: number, end: number, version: Version, type: number): AckPacket {
  const r = new ByteReader(buf, start, end);
  const packetId = nonZeroId(r);
  if (r.left === 0) return { packetId, code: 0 };
  if (version === 4) throw malformed('an acknowledgement is longer than two bytes');
  const code = r.u8();
  const allowed = type === PacketType.puback || type === PacketType.pubrec ? ackCodes : releaseCodes;
  if (!allowed.has(code)) throw violation(`reason code 0x${code.toString(16)} is not allowed here`);
  if (r.left > 0) readProperties(r, type);
  if (r.left > 0) throw malformed('the packet is longer than its fields');
  return { packetId, code };
}

/** Codes a client may send in DISCONNECT (MQTT 5.0, table 3-10). */
const disconnectCodes = new Set([0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);

export function decodeDisconnect(buf: Buffer, start: number, end: number, version: Version): DisconnectPacket {
  const r = new ByteReader(buf, start, end);
  if (r.left === 0) return { code: 0, properties: none };
  if (version === 4) throw malformed('DISCONNECT has a body');
  const code = r.u8();
  if (!disconnectCodes.has(code)) throw violation(`reason code 0x${code.toString(16)} is not allowed here`);
  const properties = r.left > 0 ? readProperties(r, PacketType.disconnect) : none;
  if (r.left > 0) throw malformed('the packet is longer than its fields');
  if (properties.serverReference !== undefined) throw violation('a client gives a server reference');
  return { code, properties };
}

export interface AuthPacket {
  readonly code: number;
  readonly properties: Properties;
}
/** What a client may say in AUTH: more of the exchange, or a new one (MQTT 5.0, table 3-11). */
export function decodeAuth(buf: Buffer, start: number, end: number): AuthPacket {
  const r = new ByteReader(buf, start, end);
  const code = r.left === 0 ? Code.success : r.u8();
  if (code !== Code.continueAuth && code !== Code.reauthenticate) throw violation(`reason code 0x${code.toString(16)} is not allowed here`);
  const properties = r.left > 0 ? readProperties(r, PacketType.auth) : none;
  if (r.left > 0) throw malformed('the packet is longer than its fields');
  return { code, properties };
}

function nonZeroId(r: ByteReader): number {
  const id = r.u16();
  if (id === 0) throw violation('the packet identifier is 0');
  return id;
}

/** Lower four bits of the first byte that each packet type must have; -1 where they mean something or the type is none (2.1.3). */
const fixedFlags = [-2, 0, 0, -1, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

export function checkHeader(header: number, version: Version): void {
  const type = header >> 4;
  const want = fixedFlags[type]!;
  if (want === -2 || (type === PacketType.auth && version === 4)) throw malformed(`packet type ${type} is reserved`);
  if (want >= 0 && (header & 15) !== want) throw malformed('reserved bits of the first byte are set');
}
