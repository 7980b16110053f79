import { copyBytes } from './codec/protocol.ts';
import type { Properties } from './codec/properties.ts';
import type { Publish } from './publish.ts';

const expiryId = 2;
const aliasId = 35;
const userPropertyId = 38;

/**
 * The property block of a PUBLISH goes on as it came, without alias and expiry: those belong to the link and to the clock. The block,
 * `start` to `end` with its length, was read already. Where the two stand first, as most clients write them, nothing is copied.
 */
export function carry(p: Publish, properties: Properties, buf: Buffer, start: number, end: number): void {
  const { messageExpiryInterval, topicAlias } = properties;
  p.expiry = messageExpiryInterval ?? -1;
  let cut = (messageExpiryInterval === undefined ? 0 : 5) + (topicAlias === undefined ? 0 : 3);
  let at = start;
  while (buf[at++]! > 127);
  while (cut > 0 && (buf[at] === expiryId || buf[at] === aliasId)) {
    const size = propertySize(buf, at);
    at += size;
    cut -= size;
  }
  if (at === end) return;
  if (cut === 0) {
    p.props = buf;
    p.propsStart = at;
    p.propsEnd = end;
    return;
  }
  const out = Buffer.allocUnsafe(end - at - cut);
  for (let to = 0; at < end; ) {
    const next = at + propertySize(buf, at);
    if (buf[at] !== expiryId && buf[at] !== aliasId) to = copyBytes(buf, at, next, out, to);
    at = next;
  }
  p.props = out;
  p.propsEnd = out.length;
}

/** Bytes of one property that PUBLISH may have, with its id (2.2.2.2). */
function propertySize(buf: Buffer, at: number): number {
  switch (buf[at]) {
    case 1:
      return 2;
    case expiryId:
      return 5;
    case aliasId:
      return 3;
    case userPropertyId: {
      const name = 3 + textLength(buf, at + 1);
      return name + 2 + textLength(buf, at + name);
    }
    default:
      return 3 + textLength(buf, at + 1);
  }
}

const textLength = (buf: Buffer, at: number): number => (buf[at]! << 8) | buf[at + 1]!;
