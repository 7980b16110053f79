import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turn } from './turn.ts';

test('writes go before reads that came earlier, each kind in its own order', async () => {
  const turn = new Turn();
  const order: string[] = [];
  let release!: () => void;
  const first = turn.run(
    'read',
    () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  );
  const rest = (['read a', 'read b', 'write a', 'write b'] as const).map((name) =>
    turn.run(name.split(' ')[0] as 'read' | 'write', async () => {
      order.push(name);
    }),
  );
  assert.equal(turn.waitingWrites, 2);
  release();
  await Promise.all([first, ...rest]);
  assert.deepEqual(order, ['write a', 'write b', 'read a', 'read b']);
});

test('work that fails gives the turn on', async () => {
  const turn = new Turn();
  await assert.rejects(
    turn.run('write', async () => {
      throw new Error('no');
    }),
    /no/,
  );
  assert.equal(await turn.run('read', async () => 7), 7);
});
