import type { GroupMember } from './shared-group.ts';

export const sharedStrategies = ['round_robin', 'random', 'sticky', 'hash_clientid', 'hash_topic'] as const;
/** Who of a shared subscription gets the next message. */
export type SharedStrategy = (typeof sharedStrategies)[number];

/** What the choice may look at: the members in their order, where it stands, and the message. */
export interface Choice {
  readonly members: readonly GroupMember[];
  /** Where the next round begins; belongs to the strategy. */
  next: number;
  /** Who got the last message; belongs to the strategy. */
  last: GroupMember | undefined;
}
export type Strategy = (choice: Choice, keeps: boolean, topic: string, clientId: string) => GroupMember | undefined;

/** 3: can take it now, 2: connected, 1: absent and keeps it, 0: would lose it. */
function rankOf({ session, qos }: GroupMember, keeps: boolean): number {
  if (session.conn !== null) return session.idle ? 3 : 2;
  return keeps && qos > 0 ? 1 : 0;
}

/** The first of the best from `start` on. */
function bestFrom({ members }: Choice, start: number, keeps: boolean): number {
  const n = members.length;
  let best = -1;
  let bestRank = 0;
  for (let k = 0; k < n; k++) {
    const i = (start + k) % n;
    const rank = rankOf(members[i]!, keeps);
    if (rank <= bestRank) continue;
    best = i;
    bestRank = rank;
    if (rank === 3) break;
  }
  return best;
}

function roundRobin(choice: Choice, keeps: boolean): GroupMember | undefined {
  const i = bestFrom(choice, choice.next, keeps);
  if (i < 0) return undefined;
  choice.next = (i + 1) % choice.members.length;
  return choice.members[i];
}
function random(choice: Choice, keeps: boolean): GroupMember | undefined {
  return choice.members[bestFrom(choice, Math.floor(Math.random() * choice.members.length), keeps)];
}
/** The same one as long as it is connected. */
function sticky(choice: Choice, keeps: boolean): GroupMember | undefined {
  const { last, members } = choice;
  if (last !== undefined && last.session.conn !== null && members.includes(last)) return last;
  return (choice.last = roundRobin(choice, keeps));
}
/** Whoever weighs most for this key: when a member comes or goes only its own keys move. Connected ones before absent ones. */
function heaviest({ members }: Choice, keeps: boolean, key: string): GroupMember | undefined {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  let best: GroupMember | undefined;
  let bestRank = 0;
  let bestWeight = 0;
  for (const m of members) {
    const rank = Math.min(2, rankOf(m, keeps));
    if (rank === 0 || rank < bestRank) continue;
    const weight = mixed(hash ^ Math.imul(m.session.number, 0x9e3779b1));
    if (best !== undefined && rank === bestRank && weight <= bestWeight) continue;
    best = m;
    bestRank = rank;
    bestWeight = weight;
  }
  return best;
}
/** Spreads the bits of a 32-bit number. */
function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export const strategies: Readonly<Record<SharedStrategy, Strategy>> = {
  round_robin: roundRobin,
  random,
  sticky,
  hash_clientid: (choice, keeps, _topic, clientId) => heaviest(choice, keeps, clientId),
  hash_topic: (choice, keeps, topic) => heaviest(choice, keeps, topic),
};
