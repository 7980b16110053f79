import type { Message } from '@omh/core';
import { textOrBytes, type RuleSource } from '@omh/expr';

/** The fields of a message, for `*` in this order. */
export const messageFields = [
  'id',
  'clientid',
  'username',
  'payload',
  'peerhost',
  'peername',
  'topic',
  'qos',
  'flags',
  'headers',
  'pub_props',
  'timestamp',
  'publish_received_at',
  'node',
  'client_attrs',
] as const;

let serial = 0;

/** One message as rule SQL sees it. Text and id are made when a rule asks for them; JSON is the message's own, parsed once. */
export class MessageSource implements RuleSource {
  readonly #message: Message;
  #payload: string | Uint8Array | undefined;
  #id: string | undefined;
  /** The statement asked for a field of a payload that is no JSON: all it got is undefined. */
  payloadUnreadable = false;

  constructor(message: Message) {
    this.#message = message;
  }

  field(name: string): unknown {
    const m = this.#message;
    switch (name) {
      case 'payload':
        return (this.#payload ??= textOrBytes(m.bytes()));
      case 'topic':
        return m.topic;
      case 'qos':
        return m.qos;
      case 'clientid':
        return m.clientId;
      case 'username':
        return m.principal.kind === 'anonymous' || m.principal.kind === 'part' ? undefined : m.principal.name;
      case 'peername':
        return m.peer;
      case 'peerhost':
        return m.peer === undefined ? undefined : hostOf(m.peer);
      case 'flags':
        return { retain: m.retain, dup: false };
      case 'headers':
        return {};
      case 'client_attrs':
        return {};
      case 'pub_props':
        return publishProperties(m);
      case 'timestamp':
      case 'publish_received_at':
        return Math.floor(m.time / 1000);
      case 'node':
        return 'omh';
      case 'id':
        return (this.#id ??= messageId(m.time));
      default:
        return undefined;
    }
  }
  nested(name: string): unknown {
    if (name !== 'payload') return this.field(name);
    const json = this.#message.json();
    if (json === undefined) this.payloadUnreadable = true;
    return json;
  }

  all(): Record<string, unknown> {
    const row: Record<string, unknown> = {};
    for (const name of messageFields) row[name] = this.field(name);
    return row;
  }
}

const hostOf = (peer: string): string => peer.slice(0, Math.max(0, peer.lastIndexOf(':'))) || peer;

/** 32 hexadecimal digits, unique in this process, in order of time. */
function messageId(time: number): string {
  serial = (serial + 1) % 0x1_0000_0000;
  return `${time.toString(16).padStart(16, '0')}${serial.toString(16).padStart(16, '0')}`.toUpperCase();
}

/** MQTT 5 property names as EMQX writes them; a user property that comes twice is an array. */
function publishProperties(m: Message): Record<string, unknown> {
  const p = m.properties;
  if (p === undefined) return {};
  const out: Record<string, unknown> = {};
  if (p.payloadFormatIndicator !== undefined) out['Payload-Format-Indicator'] = p.payloadFormatIndicator;
  if (p.messageExpiryInterval !== undefined) out['Message-Expiry-Interval'] = p.messageExpiryInterval;
  if (p.contentType !== undefined) out['Content-Type'] = p.contentType;
  if (p.responseTopic !== undefined) out['Response-Topic'] = p.responseTopic;
  if (p.correlationData !== undefined) out['Correlation-Data'] = textOrBytes(p.correlationData);
  if (p.userProperties) {
    const user = new Map<string, string | string[]>();
    for (const [name, value] of p.userProperties) {
      const known = user.get(name);
      user.set(name, known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value]);
    }
    out['User-Property'] = Object.fromEntries(user);
  }
  return out;
}
