import type { BrokerContext } from '../broker-context.ts';
import type { Session } from '../session.ts';
import type { ClientInfo } from '../stats.ts';
import { clientInfo } from './broker-admin.ts';
import type { Page } from './broker-admin.ts';

export interface ClientQuery {
  /** Piece of the client id, user name or address, in any case. */
  readonly find?: string | undefined;
  /** Only those that are connected, or only kept sessions without a connection. */
  readonly connected?: boolean | undefined;
  /** Of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}
/** The first of the subscriptions, and how many there are. */
export interface ClientBrief extends ClientInfo {
  readonly subscriptionCount: number;
}
export interface ClientPage extends Page<ClientBrief> {
  /** All that are like that, and how many of them are connected. */
  readonly total: number;
  readonly connected: number;
}

const slice = 500;
const shownSubscriptions = 20;

/** Sessions by client id; many of them are looked through in slices. */
export async function clientPage({ sessions }: BrokerContext, { find = '', connected, cursor, limit }: ClientQuery): Promise<ClientPage> {
  const text = find.toLowerCase();
  let found: Session[] = [];
  const cut = (): void => {
    found.sort((a, b) => (a.clientId < b.clientId ? -1 : 1));
    found = found.slice(0, limit + 1);
  };
  let total = 0;
  let online = 0;
  let seen = 0;
  for (const s of sessions.all()) {
    const there = s.conn !== null;
    if ((connected === undefined || there === connected) && (text === '' || isLike(s, text))) {
      total++;
      if (there) online++;
      if (cursor === undefined || s.clientId > cursor) found.push(s);
      if (found.length > 4 * limit + slice) cut();
    }
    if (++seen % slice === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
  }
  cut();
  const items = found
    .slice(0, limit)
    .map((s): ClientBrief => ({ ...clientInfo(s, shownSubscriptions), subscriptionCount: s.subscriptions.size }));
  return { items, total, connected: online, ...(found.length > limit ? { next: items.at(-1)!.clientId } : {}) };
}

const isLike = ({ clientId, username, peer }: Session, text: string): boolean =>
  clientId.toLowerCase().includes(text) || peer.includes(text) || (username?.toLowerCase().includes(text) ?? false);
