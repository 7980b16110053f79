import type { Clock, Logger } from '@omh/core';
import type { Delayed } from '../features/delayed.ts';
import type { BrokerLimits } from '../limits.ts';
import type { Retained } from '../retained.ts';
import type { SessionStore } from '../session-store.ts';
import type { BrokerLog } from './broker-log.ts';
import { DurableStore } from './durable-store.ts';
import { recover } from './recovery.ts';
import type { Found } from './recovery.ts';

interface Rooms {
  readonly sessions: SessionStore;
  readonly retained: Retained;
  readonly delayed: Delayed;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: BrokerLimits;
}

const sliceMs = 5;

/** Opens the log, brings back what it holds, and logs from then on; `found` is a sentence about it. Throws what opening and reading throw. */
export async function openStore(durable: () => Promise<BrokerLog>, rooms: Rooms): Promise<{ store: DurableStore; found: string }> {
  const { sessions, retained, delayed, clock, log, limits } = rooms;
  const opened = await durable();
  try {
    const found = await recover(opened, retained, clock);
    const store = new DurableStore(
      opened,
      { retained, sessions: () => sessions.all(), delayed: () => delayed.entries() },
      { messages: found.messageNumber, sessions: found.sessionNumber },
      clock,
      log,
      limits,
    );
    await dropExpired(retained, clock);
    retained.store = sessions.store = store;
    for (const p of found.messages) store.countLive(p);
    sessions.restore(found);
    delayed.store = store.delayed;
    for (const entry of found.delayed) {
      store.countLive(entry.message);
      delayed.restore(entry);
    }
    const sentence = foundSentence(found, retained.size, opened);
    if (sentence !== '') log.info(sentence.trim());
    return { store, found: sentence };
  } catch (thrown) {
    retained.clear();
    await opened.close();
    throw thrown;
  }
}

async function dropExpired(retained: Retained, clock: Clock): Promise<void> {
  const now = clock.monotonicMs();
  let pausedAt = performance.now();
  for (const { topic, message } of retained.all()) {
    if (message?.left(now) === 0) retained.delete(topic);
    if (performance.now() - pausedAt < sliceMs) continue;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    pausedAt = performance.now();
  }
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

function foundSentence(found: Found, retained: number, opened: BrokerLog): string {
  const { sessions, unreadable } = found;
  const messages = sessions.reduce((sum, s) => sum + s.deliveries.size, 0);
  const parts: string[] = [];
  if (sessions.length + retained > 0) {
    const what = [counted(sessions.length, 'session'), counted(messages, 'message') + ' for them', counted(retained, 'retained message')];
    parts.push(`Took up ${what[0]}, ${what[1]} and ${what[2]}.`);
  }
  if (found.delayed.length > 0) parts.push(`Took up ${counted(found.delayed.length, 'delayed message')}.`);
  const { truncatedBytes, damaged, missing } = opened.report;
  if (truncatedBytes > 0) parts.push(`Cut ${counted(truncatedBytes, 'byte')} of an unfinished record off the end of the log.`);
  if (damaged.length > 0) parts.push(`Put ${counted(damaged.length, 'damaged log segment')} aside.`);
  if (missing.length > 0 || unreadable > 0) parts.push('Some of what was kept is lost with it.');
  return parts.map((part) => ` ${part}`).join('');
}
