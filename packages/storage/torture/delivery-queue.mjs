import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertKilledQueue, deliveryQueueSuite, suiteFolder, VirtualClock } from '@omh/core/testing';
import { openDeliveryQueue } from '../dist/index.js';
import { queueRound, SimulatedFiles } from '../dist/testing/index.js';

// OMH_SEED repeats a run; OMH_ROUNDS is how many processes are killed per mode.
const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);
const rounds = Number(process.env.OMH_ROUNDS ?? 150);
console.log(`delivery queue torture: OMH_SEED=${seed} OMH_ROUNDS=${rounds}`);

const generator = (from) => {
  let a = from;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
};
const away = { retry: { code: 'AWAY', params: {}, text: 'The target is away.' } };
const never = { refused: { code: 'NEVER', params: {}, text: 'The target never takes it.' } };
const turn = () => new Promise((resolve) => setImmediate(resolve));

deliveryQueueSuite('small files', {
  disk: () => new SimulatedFiles(),
  open: (files, clock, options) =>
    openDeliveryQueue(suiteFolder, { name: 'suite', mode: 'strict', files, clock, maxBytes: 70_000, ...options }),
  outlives: 'power',
});

for (const mode of ['os', 'strict']) {
  void test(`${rounds} killed processes in mode ${mode} leave a target that has everything durable, in order per key`, async () => {
    let kills = 0;
    let durable = 0;
    let received = 0;
    let twice = 0;
    for (let round = 0; kills < rounds; round++) {
      const own = seed + round;
      const lives = Math.min(3, rounds - kills);
      const killed = await queueRound(mode, generator(own), lives);
      kills += lives;
      durable += killed.durable.length;
      received += killed.received.length;
      twice += killed.received.length - new Set(killed.received).size;
      assertKilledQueue(killed, `seed ${own}`);
    }
    console.log(`mode ${mode}: ${kills} kills, ${durable} durable, ${received} received, ${twice} of them again, seeds from ${seed}`);
  });
}

void test('thousands of power cuts over a disk and a target that fail at random leave all that was durable', async () => {
  let all = 0;
  for (let round = 0; round < 1000; round++) {
    const own = seed + round;
    const random = generator(own);
    const files = new SimulatedFiles();
    if (random() < 0.7) files.pause = turn;
    const clock = new VirtualClock();
    const order = ['total', 'key', 'none'][Math.floor(random() * 3)];
    const options = {
      name: 'q',
      mode: 'strict',
      files,
      clock,
      order,
      batchCount: 1 + Math.floor(random() * 5),
      window: 1 + Math.floor(random() * 4),
      liveFirst: random() < 0.3,
      retry: { firstMs: 100, maxMs: 1000, random },
    };
    const target = new Set();
    const durable = new Set();
    let n = 0;
    for (let life = 0; life < 3; life++) {
      const queue = await openDeliveryQueue('/queue', options);
      const rate = random() * 0.15;
      files.fault = (operation) => {
        if (random() > rate) return undefined;
        if (operation === 'write' && random() < 0.5) return { takes: 1 + Math.floor(random() * 20) };
        return { code: random() < 0.5 ? 'EIO' : 'ENOSPC', takes: Math.floor(random() * 50) };
      };
      let alive = true;
      queue.start(async (batch) => {
        if (random() < 0.3) await turn();
        if (!alive || random() < 0.2) return away;
        return batch.map(({ record }) => {
          if (random() < 0.1) return away;
          if (random() < 0.1) return never;
          target.add(Buffer.from(record).toString());
          return 'done';
        });
      });
      for (let i = Math.floor(random() * 40); i > 0; i--) {
        const key = `k${n % 3}`;
        const text = `${key} ${n++}`;
        const position = queue.offer(Buffer.from(text), { time: clock.now(), key });
        if (typeof position !== 'number') continue;
        queue.durable(position).then(
          () => alive && durable.add(text),
          () => {},
        );
        while (random() < 0.5) await turn();
        if (random() < 0.2) await clock.advance(random() * 3000);
      }
      files.crash(random);
      alive = false;
      // A process that ended reaches no disk any more.
      files.fault = () => ({ code: 'EIO' });
      let closed = false;
      void queue.close().then(() => {
        closed = true;
      });
      for (let i = 0; !closed; i++) {
        await turn();
        await clock.advance(500);
        assert.ok(i < 1000, `seed ${own}: it closes`);
      }
      files.fault = () => undefined;
    }
    const queue = await openDeliveryQueue('/queue', options);
    const letters = new Set((await queue.deadLetters({ limit: 1000 })).map(({ record }) => Buffer.from(record).toString()));
    queue.start(async (batch) => {
      for (const { record } of batch) target.add(Buffer.from(record).toString());
      return 'done';
    });
    let drained = false;
    void queue.drained().then(() => {
      drained = true;
    });
    for (let i = 0; !drained; i++) {
      await turn();
      await clock.advance(200);
      assert.ok(i < 2000, `seed ${own}: it drains`);
    }
    await queue.close();
    for (const text of durable) assert.ok(target.has(text) || letters.has(text), `seed ${own}: ${text} arrives or is a dead letter`);
    all += durable.size;
  }
  assert.ok(all > 1000);
  console.log(`1000 queues, 3000 power cuts, ${all} durable entries, seeds from ${seed}`);
});
