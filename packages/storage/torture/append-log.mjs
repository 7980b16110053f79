import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLogSuite, VirtualClock } from '@omh/core/testing';
import { AppendLog } from '../dist/index.js';
import { killRound, SimulatedFiles } from '../dist/testing/index.js';

// OMH_SEED repeats a run; OMH_ROUNDS is how many processes are killed per mode.
const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);
const rounds = Number(process.env.OMH_ROUNDS ?? 150);
console.log(`append log torture: OMH_SEED=${seed} OMH_ROUNDS=${rounds}`);

const generator = (from) => {
  let a = from;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
};
const user = async (folder, options) => {
  const log = await AppendLog.open(folder, options);
  return {
    add: async (entry) => log.durable(log.append(Buffer.from(entry))),
    entries: async () => {
      const all = [];
      for await (const { record } of log.read()) all.push(Buffer.from(record).toString());
      return all;
    },
    close: () => log.close(),
  };
};

for (const segmentBytes of [100, 500, 5000]) {
  appendLogSuite(`segments of ${segmentBytes} bytes`, {
    disk: () => new SimulatedFiles(),
    open: (files, folder, clock) => user(folder, { mode: 'strict', segmentBytes, files, clock }),
    outlives: 'power',
  });
}

for (const mode of ['os', 'strict']) {
  void test(`${rounds} killed writers in mode ${mode} leave all they acknowledged`, async () => {
    let kills = 0;
    for (let round = 0; kills < rounds; round++) {
      const own = seed + round;
      const lives = Math.min(3, rounds - kills);
      const { acknowledged, entries } = await killRound(mode, generator(own), lives);
      kills += lives;
      const asked = new Set(acknowledged);
      assert.equal(new Set(entries).size, entries.length, `seed ${own}: nothing twice`);
      assert.deepEqual(
        entries.filter((text) => asked.has(text)),
        acknowledged,
        `seed ${own}: what was acknowledged, in order`,
      );
    }
    console.log(`mode ${mode}: ${kills} kills, seeds from ${seed}`);
  });
}

void test('thousands of power cuts over a disk that fails at random leave all that was acknowledged', async () => {
  for (let round = 0; round < 3000; round++) {
    const own = seed + round;
    const random = generator(own);
    const files = new SimulatedFiles();
    if (random() < 0.8) files.pause = () => new Promise((resolve) => setImmediate(resolve));
    const clock = new VirtualClock();
    const segmentBytes = 60 + Math.floor(random() * 2000);
    const safe = new Map();
    for (let life = 0; life < 3; life++) {
      const log = await AppendLog.open('/log', { mode: 'strict', segmentBytes, files, clock });
      const found = new Map();
      for await (const { position, record } of log.read()) found.set(position, Buffer.from(record).toString());
      for (const [position, text] of safe) assert.equal(found.get(position), text, `seed ${own}, life ${life}, position ${position}`);
      const rate = random() * 0.2;
      files.fault = (operation) => {
        if (random() > rate) return undefined;
        if (operation === 'write' && random() < 0.5) return { takes: 1 + Math.floor(random() * 20) };
        return { code: random() < 0.5 ? 'EIO' : 'ENOSPC', takes: Math.floor(random() * 50) };
      };
      for (let i = Math.floor(random() * 40); i > 0; i--) {
        const text = `${life}:${i} ${'x'.repeat(Math.floor(random() * 100))}`;
        const position = log.append(Buffer.from(text));
        log.durable(position).then(
          () => safe.set(position, text),
          () => {},
        );
        while (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        if (random() < 0.2) await clock.advance(random() * 3000);
      }
      const acknowledged = new Map(safe);
      files.crash(random);
      // A process that ended reaches no disk any more.
      files.fault = () => ({ code: 'EIO' });
      await log.close();
      files.fault = () => undefined;
      safe.clear();
      for (const [position, text] of acknowledged) safe.set(position, text);
    }
  }
  console.log(`3000 logs, 9000 power cuts, seeds from ${seed}`);
});
