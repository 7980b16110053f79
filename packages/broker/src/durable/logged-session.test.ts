import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedFiles } from '@omh/storage/testing';
import { AppendLog } from '@omh/storage';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import type { Client } from '../client.ts';
import { Sent } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { defaultLimits } from '../limits.ts';
import { Publish } from '../publish.ts';
import { Retained } from '../retained.ts';
import { Session } from '../session.ts';
import { zeroStats } from '../stats.ts';
import { DurableStore } from './durable-store.ts';
import { recover } from './recovery.ts';

function message(text: string): Publish {
  const p = new Publish();
  p.topic = 'a';
  p.topicBytes = Buffer.from('a');
  p.qos = 1;
  p.payload = Buffer.from(text);
  p.payloadEnd = p.payload.length;
  p.owned = true;
  return p;
}

test('an identifier that stays unacknowledged is skipped when its turn comes again, and the log knows the other one', async (t) => {
  const clock = new VirtualClock();
  const log = await AppendLog.open('/broker', { mode: 'os', files: new SimulatedFiles(), clock });
  t.after(() => log.close());
  const sessions: Session[] = [];
  const contents = { retained: new Retained(), sessions: () => sessions };
  const store = new DurableStore(log, contents, { messages: 0, sessions: 0 }, clock, silentLogger, defaultLimits);
  const session = new Session(
    's',
    { kind: 'device', name: 's', permissions: [] },
    {
      limits: defaultLimits,
      stats: zeroStats(),
      store,
      monotonicMs: () => clock.monotonicMs(),
      watch: null,
      redispatch: () => {},
      due: () => {},
    },
  );
  sessions.push(session);
  const sent: number[] = [];
  const conn = {
    open: true,
    hasRoom: true,
    version: 4,
    sendPublish: (_p: Publish, _q: number, _r: boolean, _d: boolean, id: number) => {
      sent.push(id);
      return Sent.yes;
    },
  } as unknown as Connection;
  store.session(session);
  session.attach({} as Client, conn, 100);
  for (let i = 0; i < 65_540; i++) {
    store.begin();
    session.deliver(message(String(i)), 1, false, null, null, 0);
    if (i !== 2) session.puback(sent.at(-1)!);
  }
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  store.flush();
  await new Promise(setImmediate);
  session.pump();
  assert.deepEqual(sent.slice(0, 5), [1, 2, 3, 4, 5]);
  const after = sent.slice(65_535);
  assert.deepEqual(after.slice(0, 2), [1, 2]);
  assert.ok(!after.includes(3), 'identifier 3 is still in use');
  assert.equal(new Set(session.kept().map((d) => d.seq)).size, session.kept().length);
  store.flush();
  await log.durable(log.next - 1);
  const found = await recover(log, new Retained(), clock);
  const kept = [...found.sessions[0]!.deliveries.values()];
  assert.equal(kept[0]!.seq, 2);
  assert.deepEqual(
    kept.map((d) => d.seq),
    session.kept().map((d) => d.seq),
  );
});
