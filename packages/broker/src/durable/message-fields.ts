import type { Clock, QoS } from '@omh/core';
import { Publish } from '../publish.ts';
import { MessageFlag } from './record-format.ts';
import type { GroupReader, GroupWriter } from './record-format.ts';

/** The content of a publication; its time of arrival only where its expiry counts from it. */
export function writeMessage(w: GroupWriter, p: Publish, clock: Clock): void {
  const properties = p.propsEnd > p.propsStart;
  w.byte(
    p.qos | (p.retain ? MessageFlag.retain : 0) | (p.expiry >= 0 ? MessageFlag.expiry : 0) | (properties ? MessageFlag.properties : 0),
  );
  w.data(p.topicBytes, 0, p.topicBytes.length);
  if (p.expiry >= 0) {
    w.number(p.expiry);
    w.number(Math.max(0, Math.round(clock.now() / 1000 - (clock.monotonicMs() - p.at))));
  }
  if (properties) w.data(p.props, p.propsStart, p.propsEnd);
  w.data(p.payload, p.payloadStart, p.payloadEnd);
}

export function readMessage(r: GroupReader, clock: Clock): Publish {
  const p = new Publish();
  const flags = r.byte();
  p.qos = (flags & 3) as QoS;
  p.retain = (flags & MessageFlag.retain) !== 0;
  p.topicBytes = r.data();
  p.topic = p.topicBytes.toString();
  p.at = clock.monotonicMs();
  if (flags & MessageFlag.expiry) {
    p.expiry = r.number();
    // A wall clock that went back makes nothing younger than it was.
    p.at -= Math.max(0, clock.now() / 1000 - r.number());
  }
  if (flags & MessageFlag.properties) p.props = r.data();
  p.propsEnd = p.props.length;
  p.payload = r.data();
  p.payloadEnd = p.payload.length;
  p.owned = true;
  return p;
}
