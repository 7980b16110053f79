import type { LoggedFrame } from './frame-log.ts';

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html; times in µs. */
const magic = 0xa1b2c3d4;
/** Link types: raw IPv4, and the first one that is left to users. */
const rawIp = 101;
const user0 = 147;
const headersLength = 40;
const devicePort = 502;
const hubPort = 50_502;

/**
 * A capture that Wireshark opens. Modbus TCP frames stand in a TCP conversation with port 502 that is made up around them, so that they are
 * dissected; other frames stand alone as link type USER0.
 */
export function pcapOf(frames: readonly LoggedFrame[]): Uint8Array {
  const isTcp = frames.every(({ bytes }) => isMbap(bytes)) && !frames.every(({ bytes }) => endsInCrc(bytes));
  const size = frames.reduce((n, { bytes }) => n + 16 + (isTcp ? headersLength : 0) + bytes.length, 24);
  const out = new DataView(new ArrayBuffer(size));
  out.setUint32(0, magic, true);
  out.setUint16(4, 2, true);
  out.setUint16(6, 4, true);
  out.setUint32(16, 65_535, true);
  out.setUint32(20, isTcp ? rawIp : user0, true);
  const bytes = new Uint8Array(out.buffer);
  const sequence = { tx: 1, rx: 1 };
  let at = 24;
  for (const frame of frames) {
    const length = (isTcp ? headersLength : 0) + frame.bytes.length;
    out.setUint32(at, Math.floor(frame.at / 1e6), true);
    out.setUint32(at + 4, frame.at % 1e6, true);
    out.setUint32(at + 8, length, true);
    out.setUint32(at + 12, length, true);
    at += 16;
    if (isTcp) {
      headers(out, at, frame, sequence);
      at += headersLength;
    }
    bytes.set(frame.bytes, at);
    at += frame.bytes.length;
  }
  return bytes;
}

const isMbap = (bytes: Uint8Array): boolean =>
  bytes.length >= 8 && bytes[2] === 0 && bytes[3] === 0 && ((bytes[4]! << 8) | bytes[5]!) === bytes.length - 6;

/** A serial frame (Modbus over Serial Line 1.02, 6.2.2): some of them look like one of TCP. */
function endsInCrc(bytes: Uint8Array): boolean {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xa001;
  }
  return crc === 0;
}

/** IPv4 and TCP: 10.0.0.1 is the hub, 10.0.0.2 the device. */
function headers(out: DataView, at: number, { direction, bytes }: LoggedFrame, sequence: { tx: number; rx: number }): void {
  const toDevice = direction === 'tx';
  out.setUint8(at, 0x45);
  out.setUint16(at + 2, headersLength + bytes.length);
  out.setUint16(at + 6, 0x4000);
  out.setUint8(at + 8, 64);
  out.setUint8(at + 9, 6);
  out.setUint32(at + 12, toDevice ? 0x0a000001 : 0x0a000002);
  out.setUint32(at + 16, toDevice ? 0x0a000002 : 0x0a000001);
  out.setUint16(at + 10, checksum(out, at, 20));
  const tcp = at + 20;
  out.setUint16(tcp, toDevice ? hubPort : devicePort);
  out.setUint16(tcp + 2, toDevice ? devicePort : hubPort);
  out.setUint32(tcp + 4, sequence[direction] >>> 0);
  out.setUint32(tcp + 8, sequence[toDevice ? 'rx' : 'tx'] >>> 0);
  out.setUint16(tcp + 12, 0x5018);
  out.setUint16(tcp + 14, 0xffff);
  sequence[direction] += bytes.length;
}

/** RFC 1071. */
function checksum(view: DataView, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += view.getUint16(at + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
