import type { QoS } from '@omh/core';
import type { Session } from './session.ts';
import { strategies } from './shared-strategy.ts';
import type { Choice, SharedStrategy, Strategy } from './shared-strategy.ts';

export interface GroupMember {
  readonly session: Session;
  qos: QoS;
  id: number;
  retainAsPublished: boolean;
}

/** The parts of `$share/{name}/{filter}` (MQTT 5.0, 4.8.2) and `$queue/{filter}`; undefined for what is not shared. */
export function sharedParts(full: string): { readonly name: string; readonly filter: string } | undefined {
  if (full.startsWith('$queue/')) return { name: '$queue', filter: full.slice(7) };
  if (!full.startsWith('$share/')) return undefined;
  const at = full.indexOf('/', 7);
  return { name: full.slice(7, at), filter: full.slice(at + 1) };
}

/** One shared subscription: each message goes to one member. */
export class SharedGroup implements Choice {
  /** The whole filter, as it was subscribed to. */
  readonly key: string;
  readonly filter: string;
  readonly members: GroupMember[] = [];
  next = 0;
  last: GroupMember | undefined;
  readonly #strategy: Strategy;

  constructor(key: string, filter: string, strategy: SharedStrategy) {
    this.key = key;
    this.filter = filter;
    this.#strategy = strategies[strategy];
  }
  /** Connected members before absent ones that keep QoS 1 and 2; undefined when nobody takes it. */
  pick(qos: QoS, topic: string, clientId: string): GroupMember | undefined {
    return this.#strategy(this, qos > 0, topic, clientId);
  }
  set(session: Session, qos: QoS, id: number, retainAsPublished: boolean): void {
    const known = this.members.find((m) => m.session === session);
    if (known) {
      known.qos = qos;
      known.id = id;
      known.retainAsPublished = retainAsPublished;
    } else this.members.push({ session, qos, id, retainAsPublished });
  }
  remove(session: Session): void {
    const i = this.members.findIndex((m) => m.session === session);
    if (i < 0) return;
    if (this.last === this.members[i]) this.last = undefined;
    this.members.splice(i, 1);
    if (this.next > i) this.next--;
  }
}
