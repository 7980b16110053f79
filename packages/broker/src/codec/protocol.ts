/** Control packet types (MQTT 5.0, 2.1.2). */
export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Protocol levels this broker speaks. */
export type Version = 4 | 5;

/** Reason codes (MQTT 5.0, 2.4). */
export const Code = {
  success: 0x00,
  normalDisconnect: 0x00,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuth: 0x18,
  reauthenticate: 0x19,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  implementation: 0x83,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrative: 0x98,
  payloadFormatInvalid: 0x99,
} as const;

/** What a peer did wrong: the reason code it is told (5.0) and one sentence for the log. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export const malformed = (text: string): Fault => new Fault(Code.malformed, text);
export const violation = (text: string): Fault => new Fault(Code.protocolError, text);

/** The v3.1.1 CONNACK return code that says about the same as a 5.0 reason code (3.1.1, table 3.1). */
export function connackV3(code: number): number {
  switch (code) {
    case Code.success:
      return 0;
    case Code.unsupportedVersion:
      return 1;
    case Code.clientIdInvalid:
      return 2;
    case Code.badCredentials:
      return 4;
    case Code.notAuthorized:
    case Code.banned:
      return 5;
    default:
      return 3;
  }
}

/** Length in bytes of a variable byte integer. */
export const varintSize = (n: number): number => (n < 0x80 ? 1 : n < 0x4000 ? 2 : n < 0x200000 ? 3 : 4);

/** Writes a variable byte integer and returns the position after it. */
export function writeVarint(out: Uint8Array, pos: number, n: number): number {
  while (n > 127) {
    out[pos++] = (n & 127) | 128;
    n >>>= 7;
  }
  out[pos++] = n;
  return pos;
}

/** Copies small ranges in a loop, where a native call costs more than the bytes. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  const n = end - start;
  if (n < 96) {
    for (let i = 0; i < n; i++) to[at + i] = from[start + i]!;
  } else from.copy(to, at, start, end);
  return at + n;
}
