import { isIPv4, isIPv6 } from 'node:net';
import { plainAddress } from '../address.ts';

/** Where a proxied connection comes from; undefined when the proxy speaks for itself or does not know. */
export interface ProxySource {
  readonly address: string;
  readonly port: number;
}
export interface ProxyHeader {
  /** Bytes of the header; what follows is the client's. */
  readonly length: number;
  readonly source: ProxySource | undefined;
}

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const begin1 = Buffer.from('PROXY ', 'latin1');
/** Longest line of version 1 with its end (PROXY protocol, 2.1). */
const longest1 = 107;
const fixed2 = 16;
/** The address block and the TLVs behind it, which are skipped; proxies send some hundred bytes. */
const longestBody2 = 4096;
export const longestProxyHeader = fixed2 + longestBody2;

/**
 * The PROXY header, version 1 or 2, at the beginning of a connection (haproxy's proxy-protocol.txt, 2.1 and 2.2). Undefined while bytes
 * are missing, false as soon as it can be none.
 */
export function parseProxyHeader(buf: Buffer): ProxyHeader | undefined | false {
  if (buf.length === 0) return undefined;
  if (startsWith(buf, begin1)) return buf.length < begin1.length ? undefined : version1(buf);
  if (!startsWith(buf, signature)) return false;
  return buf.length < fixed2 ? undefined : version2(buf);
}

const startsWith = (buf: Buffer, begin: Buffer): boolean => {
  const n = Math.min(buf.length, begin.length);
  return buf.compare(begin, 0, n, 0, n) === 0;
};

function version1(buf: Buffer): ProxyHeader | undefined | false {
  const end = buf.subarray(0, longest1).indexOf('\r\n', 0, 'latin1');
  if (end < 0) return buf.length < longest1 ? undefined : false;
  const line = buf.toString('latin1', 0, end);
  const length = end + 2;
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { length, source: undefined };
  const words = line.split(' ');
  if (words.length !== 6) return false;
  const [, family, from, to, fromPort, toPort] = words as [string, string, string, string, string, string];
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined;
  if (isAddress === undefined || !isAddress(from) || !isAddress(to)) return false;
  const port = portOf(fromPort);
  return port === undefined || portOf(toPort) === undefined ? false : { length, source: { address: plainAddress(from), port } };
}

const portOf = (text: string): number | undefined => (/^(0|[1-9]\d{0,4})$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined);

function version2(buf: Buffer): ProxyHeader | undefined | false {
  const version = buf[12]! >> 4;
  const command = buf[12]! & 15;
  const body = buf.readUInt16BE(14);
  if (version !== 2 || command > 1 || body > longestBody2) return false;
  const length = fixed2 + body;
  if (buf.length < length) return undefined;
  if (command === 0) return { length, source: undefined };
  // Family and transport: 0x11 TCP over IPv4, 0x21 TCP over IPv6; all else has no address for us.
  switch (buf[13]) {
    case 0x11:
      if (body < 12) return false;
      return { length, source: { address: buf.subarray(16, 20).join('.'), port: buf.readUInt16BE(24) } };
    case 0x21:
      if (body < 36) return false;
      return { length, source: { address: plainAddress(ipv6Text(buf, 16)), port: buf.readUInt16BE(48) } };
    default:
      return { length, source: undefined };
  }
}

/** Canonical text of the 16 bytes at `at` (RFC 5952). */
function ipv6Text(buf: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => buf.readUInt16BE(at + 2 * i).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
