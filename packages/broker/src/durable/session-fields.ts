import type { Clock } from '@omh/core';
import { writeMessage } from './message-fields.ts';
import { DeliverFlag, SessionFlag, SubscribeFlag } from './record-format.ts';
import type { GroupWriter } from './record-format.ts';
import type { Delivery } from '../delivery.ts';
import type { ClientSubscription, Session } from '../session.ts';

/** A session as it is now; `state` is a `SessionState`. */
export function writeSession(g: GroupWriter, s: Session, state: number, clock: Clock): void {
  g.number(s.logNumber);
  g.text(s.clientId);
  g.byte(s.version);
  g.byte(state);
  g.byte((s.username === undefined ? 0 : SessionFlag.username) | (s.will === null ? 0 : SessionFlag.will) | SessionFlag.principal);
  g.number(s.expiry);
  g.number(Math.round(s.since / 1000));
  g.number(s.nextSeq);
  g.number(s.sentBelow);
  g.number(s.keepAlive);
  g.text(s.peer);
  if (s.username !== undefined) g.text(s.username);
  g.text(s.principal.kind);
  g.text(s.principal.name);
  if (s.will === null) return;
  g.number(s.will.delay);
  g.text(s.will.principal.kind);
  g.text(s.will.principal.name);
  g.text(s.will.peer);
  writeMessage(g, s.will.publish, clock);
}

export function writeSubscription(g: GroupWriter, s: Session, sub: ClientSubscription): void {
  g.number(s.logNumber);
  g.text(sub.filter);
  g.byte(sub.qos | (sub.noLocal ? SubscribeFlag.noLocal : 0) | (sub.retainAsPublished ? SubscribeFlag.retainAsPublished : 0));
  g.number(sub.id);
}

export function writeDelivery(g: GroupWriter, s: Session, d: Delivery): void {
  g.number(s.logNumber);
  g.number(d.seq);
  g.byte(
    d.qos |
      (d.retain ? DeliverFlag.retain : 0) |
      (d.ids === null ? 0 : DeliverFlag.ids) |
      (d.group === null ? 0 : DeliverFlag.group) |
      (d.moved > 0 ? DeliverFlag.moved : 0) |
      (d.released ? DeliverFlag.released : 0),
  );
  if (!d.released) g.number(d.p!.logNumber);
  if (d.ids !== null) {
    g.number(d.ids.length);
    for (const id of d.ids) g.number(id);
  }
  if (d.group !== null) g.text(d.group.key);
  if (d.moved > 0) g.number(d.moved);
}
