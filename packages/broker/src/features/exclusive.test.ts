import assert from 'node:assert/strict';
import { test } from 'node:test';
import { house } from './test-house.ts';

test('an exclusive subscription is refused with 0x8F while it is off', async (t) => {
  const { client } = await house(t);
  const a = await client('a');
  await a.sub('$exclusive/t', 0, undefined, 0x8f);
});

test('one subscriber has it; others hear 0x97 until it lets go, and a plain subscription stays free', async (t) => {
  const { client } = await house(t, { exclusive: { enabled: true } });
  const a = await client('a');
  const b = await client('b');
  const p = await client('p');
  await a.sub('$exclusive/t', 1);
  await a.sub('$exclusive/t', 1);
  await b.sub('$exclusive/t', 1, undefined, 0x97);
  await b.sub('$exclusive/t/#', 1, undefined, 0x8f);
  await b.sub('t', 0);
  await p.put('t', '1');
  await a.take('t', '1');
  await b.take('t', '1');
  assert.deepEqual((await a.unsub('$exclusive/t')).codes, [0]);
  await b.sub('$exclusive/t', 1);
  await a.sub('$exclusive/t', 1, undefined, 0x97);
});

test('it stays with the session through a takeover and an absence, and goes with its end', async (t) => {
  const { client, clock } = await house(t, { exclusive: { enabled: true } });
  const kept = { clean: false, props: [[17, 60]] } as const;
  const first = await client('a', 5, kept);
  await first.sub('$exclusive/t', 1);
  const second = await client('a', 5, kept);
  const b = await client('b');
  await b.sub('$exclusive/t', 1, undefined, 0x97);
  await second.bye();
  await b.sub('$exclusive/t', 1, undefined, 0x97);
  await clock.advance(62_000);
  await b.sub('$exclusive/t', 1);
});

test('retained messages of the topic come with it', async (t) => {
  const { client } = await house(t, { exclusive: { enabled: true } });
  const p = await client('p');
  await p.put('t', 'kept', { retain: true, qos: 1 });
  const a = await client('a');
  await a.sub('$exclusive/t', 1);
  await a.take('t', 'kept', { retain: true });
});
