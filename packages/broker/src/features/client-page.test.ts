import assert from 'node:assert/strict';
import { test } from 'node:test';
import { house } from './test-house.ts';

test('clients are listed by id in pages, found by id, user name and address, with only the first of many subscriptions', async (t) => {
  const { client, broker } = await house(t);
  for (const id of ['c', 'a', 'b']) await client(id, 5, { username: `user-${id}` });
  const kept = await client('Kept', 5, { clean: false, props: [[17, 60]] });
  for (let i = 0; i < 25; i++) await kept.sub(`t/${i}`, 1);
  await kept.bye();
  const first = await broker.clientPage({ limit: 3 });
  const second = await broker.clientPage({ limit: 3, cursor: first.next });
  assert.deepEqual(
    [...first.items, ...second.items].map(({ clientId }) => clientId),
    ['Kept', 'a', 'b', 'c'],
  );
  assert.deepEqual([first.total, first.connected, second.next], [4, 3, undefined]);
  assert.deepEqual([first.items[0]!.subscriptions.length, first.items[0]!.subscriptionCount], [20, 25]);
  assert.equal(broker.clients().find(({ clientId }) => clientId === 'Kept')!.subscriptions.length, 25);
  const ids = async (query: { find?: string; connected?: boolean }): Promise<string> =>
    (await broker.clientPage({ limit: 10, ...query })).items.map(({ clientId }) => clientId).join();
  assert.equal(await ids({ find: 'kEPT' }), 'Kept');
  assert.equal(await ids({ find: 'USER-b' }), 'b');
  assert.equal(await ids({ find: '127.0.0.1' }), 'Kept,a,b,c');
  assert.equal(await ids({ find: 'nobody' }), '');
  assert.equal(await ids({ connected: false }), 'Kept');
  assert.equal(await ids({ connected: true }), 'a,b,c');
});
