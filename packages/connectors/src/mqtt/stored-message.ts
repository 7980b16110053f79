import type { QoS } from '@omh/core';

/** A message as it waits on the disk: version, flags, length of the topic, topic, payload. */
export interface StoredMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  /** The payload is a JSON object. */
  readonly json: boolean;
}

const version = 1;
const headBytes = 4;
const retainFlag = 4;
const jsonFlag = 8;

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function encodeStored({ topic, payload, qos, retain, json }: StoredMessage): Uint8Array {
  const name = utf8.encode(topic);
  const out = new Uint8Array(headBytes + name.length + payload.length);
  out[0] = version;
  out[1] = qos | (retain ? retainFlag : 0) | (json ? jsonFlag : 0);
  out[2] = name.length >> 8;
  out[3] = name.length & 255;
  out.set(name, headBytes);
  out.set(payload, headBytes + name.length);
  return out;
}

/** Undefined where the bytes are no stored message of this version. */
export function decodeStored(bytes: Uint8Array): StoredMessage | undefined {
  if (bytes.length < headBytes || bytes[0] !== version) return undefined;
  const flags = bytes[1]!;
  const end = headBytes + ((bytes[2]! << 8) | bytes[3]!);
  const qos = flags & 3;
  if (end > bytes.length || end === headBytes || qos === 3) return undefined;
  return {
    topic: text.decode(bytes.subarray(headBytes, end)),
    payload: bytes.subarray(end),
    qos: qos as QoS,
    retain: (flags & retainFlag) !== 0,
    json: (flags & jsonFlag) !== 0,
  };
}

const mark = utf8.encode('"replayed":true');

/** The JSON object with `"replayed":true` as its first member. */
export function markReplayed(payload: Uint8Array): Uint8Array {
  if (payload[0] !== 0x7b) return payload;
  const empty = payload[1] === 0x7d;
  const out = new Uint8Array(payload.length + mark.length + (empty ? 0 : 1));
  out[0] = 0x7b;
  out.set(mark, 1);
  if (!empty) out[1 + mark.length] = 0x2c;
  out.set(payload.subarray(1), mark.length + (empty ? 1 : 2));
  return out;
}
