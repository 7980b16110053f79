import type { Properties } from './properties.ts';
import { encodeProperties } from './properties.ts';
import { connackV3, PacketType, varintSize, writeVarint } from './protocol.ts';
import type { Version } from './protocol.ts';

/** First byte, remaining length, body. */
function packet(header: number, body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(1 + varintSize(body.length) + body.length);
  out[0] = header;
  body.copy(out, writeVarint(out, 1, body.length));
  return out;
}

/** A property block with its length in front. */
function block(p: Properties | undefined): Buffer {
  const inner = p === undefined ? Buffer.alloc(0) : encodeProperties(p);
  const out = Buffer.allocUnsafe(varintSize(inner.length) + inner.length);
  inner.copy(out, writeVarint(out, 0, inner.length));
  return out;
}

export function encodeConnack(version: Version, sessionPresent: boolean, code: number, properties?: Properties): Buffer {
  const flag = sessionPresent && code === 0 ? 1 : 0;
  if (version === 4) return Buffer.of(PacketType.connack << 4, 2, flag, connackV3(code));
  return packet(PacketType.connack << 4, Buffer.concat([Buffer.of(flag, code), block(properties)]));
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP: the shortest form that says it. */
export function encodeAck(version: Version, type: number, packetId: number, code: number): Buffer {
  const header = (type << 4) | (type === PacketType.pubrel ? 2 : 0);
  if (version === 4 || code === 0) return Buffer.of(header, 2, packetId >> 8, packetId & 255);
  return Buffer.of(header, 3, packetId >> 8, packetId & 255, code);
}

export function encodeSuback(version: Version, packetId: number, codes: readonly number[]): Buffer {
  const id = Buffer.of(packetId >> 8, packetId & 255);
  if (version === 4) return packet(PacketType.suback << 4, Buffer.concat([id, Buffer.from(codes.map((c) => (c >= 0x80 ? 0x80 : c)))]));
  return packet(PacketType.suback << 4, Buffer.concat([id, block(undefined), Buffer.from(codes)]));
}

export function encodeUnsuback(version: Version, packetId: number, codes: readonly number[]): Buffer {
  const id = Buffer.of(packetId >> 8, packetId & 255);
  return packet(PacketType.unsuback << 4, version === 4 ? id : Buffer.concat([id, block(undefined), Buffer.from(codes)]));
}

export const pingResponse = Buffer.of(PacketType.pingresp << 4, 0);

export function encodeAuth(code: number, properties: Properties): Buffer {
  return packet(PacketType.auth << 4, Buffer.concat([Buffer.of(code), block(properties)]));
}

/** Only 5.0 lets a server say why it closes. */
export function encodeDisconnect(code: number, properties?: Properties): Buffer {
  if (code === 0 && properties === undefined) return Buffer.of(PacketType.disconnect << 4, 0);
  return packet(PacketType.disconnect << 4, Buffer.concat([Buffer.of(code), block(properties)]));
}
