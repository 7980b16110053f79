import type { QoS } from '@omh/core';
import type { Session } from './session.ts';

export interface GroupMember {
  readonly session: Session;
  qos: QoS;
  id: number;
  retainAsPublished: boolean;
}

/** One `$share/{name}/{filter}`: each message goes to one member. */
export class SharedGroup {
  readonly key: string;
  readonly filter: string;
  readonly members: GroupMember[] = [];
  #next = 0;

  constructor(key: string, filter: string) {
    this.key = key;
    this.filter = filter;
  }
  /** Round robin over members that can take it now, then over connected ones, then over absent ones that keep QoS 1 and 2. */
  pick(qos: QoS, except: Session | null): GroupMember | undefined {
    const n = this.members.length;
    let best: GroupMember | undefined;
    let bestRank = 0;
    for (let k = 0; k < n; k++) {
      const m = this.members[(this.#next + k) % n]!;
      if (m.session === except) continue;
      const rank = m.session.conn !== null ? (m.session.idle ? 3 : 2) : qos > 0 && m.qos > 0 ? 1 : 0;
      if (rank > bestRank) {
        best = m;
        bestRank = rank;
      }
      if (rank === 3) break;
    }
    if (best !== undefined) this.#next = (this.members.indexOf(best) + 1) % n;
    return best;
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
    if (i >= 0) this.members.splice(i, 1);
  }
}
