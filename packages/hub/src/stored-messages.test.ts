import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hub } from './hub.ts';
import { code, file, freePort, hub, me, until } from './testing/running-hub.ts';

const app = (url: string): string => `{ type: mqtt, settings: { url: "${url}" }, subscriptions: [{ device: press, group: g }] }`;
const waiting = (h: Hub, name: string): number => h.queues.list().find((queue) => queue.name === name)?.counters.queuing ?? 0;

test('a removed app leaves what waits: the plan says so, it is listed, handed over and then gone', async (t) => {
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const { hub: h } = await hub(t, { text: file(5020).replace('rules:\n', `  north: ${app(nobody)}\n  other: ${app(nobody)}\nrules:\n`) });
  await until('messages wait', () => waiting(h, 'app/north') > 3);
  const { warnings, planId } = await h.plan({ base: h.revision, ops: [{ op: 'remove', path: 'apps/north' }] });
  const [stays] = warnings.filter(({ code }) => code === 'QUEUE_STAYS');
  assert.match(
    stays!.text,
    /^\d+ messages of the last hour of app north stay on the disk, until somebody hands the queue app\/north to another/,
  );
  await h.apply(planId, '', me);
  await until('the orphan', () => h.queues.list().some(({ name, orphan }) => name === 'app/north' && orphan));
  const kept = waiting(h, 'app/north');
  assert.ok(kept > 3);

  assert.equal(await code(h.queues.discard('app/other', me)), 'HUB_QUEUE_HAS_APP');
  assert.throws(() => h.queues.handOver('app/north', 'app/nobody', me), { code: 'HUB_NO_SUCH_QUEUE' });
  const before = h.queues.status('app/other').counters.received;
  h.queues.handOver('app/north', 'app/other', me);
  await until('the orphan is gone', () => !h.queues.list().some(({ name }) => name === 'app/north'));
  assert.ok(h.queues.status('app/other').counters.received >= before + kept, 'nothing is lost on the way');
});

test('an app that comes back has its queue again, and one that stores nothing any more leaves it', async (t) => {
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const { hub: h } = await hub(t, { text: file(5020).replace('rules:\n', `  north: ${app(nobody)}\nrules:\n`) });
  await until('messages wait', () => waiting(h, 'app/north') > 3);
  const kept = waiting(h, 'app/north');
  const off = { op: 'add', path: 'apps/north/settings/storeAndForward', value: { enabled: false } } as const;
  const { warnings } = await h.plan({ base: h.revision, ops: [off] });
  assert.deepEqual(
    warnings.map((w) => w.code),
    ['QUEUE_STAYS'],
  );
  await h.edit([off], me);
  await until('the orphan', () => h.queues.list().some(({ name, orphan }) => name === 'app/north' && orphan));
  await h.edit([{ op: 'remove', path: 'apps/north/settings/storeAndForward' }], me);
  assert.deepEqual(
    h.queues.list().map(({ name, orphan }) => `${name} ${orphan}`),
    ['app/north false'],
  );
  assert.ok(waiting(h, 'app/north') >= kept);
  await h.edit([{ op: 'remove', path: 'apps/north' }], me);
  await until('the orphan', () => h.queues.list().some(({ orphan }) => orphan));
  await h.queues.discard('app/north', me);
  assert.deepEqual(h.queues.list(), []);
});

test('an app that is changed takes over without missing a cycle', async (t) => {
  const nobody = `mqtt://127.0.0.1:${await freePort()}`;
  const { hub: h } = await hub(t, { text: file(5020).replace('rules:\n', `  north: ${app(nobody)}\nrules:\n`) });
  await until('messages wait', () => waiting(h, 'app/north') > 3);
  // The app to this hub's own broker hears the same cycles and is not touched.
  const other = (): number => h.apps().find(({ name }) => name === 'app')!.messages;
  const behind = other() - waiting(h, 'app/north');
  for (let i = 0; i < 5; i++) await h.edit([{ op: 'add', path: 'apps/north/settings/qos', value: i % 2 }], me);
  assert.equal(other() - waiting(h, 'app/north'), behind);
});
