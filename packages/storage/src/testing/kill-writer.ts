import { writeSync } from 'node:fs';
import { AppendLog } from '../append-log/append-log.ts';

// The process that gets killed: `folder mode life seed`. Prints `open`, then each acknowledged entry on a line of its own.
const [folder, mode, life, seed] = process.argv.slice(2) as [string, 'os' | 'strict', string, string];
let state = Number(seed) >>> 0 || 1;
const random = (): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const log = await AppendLog.open(folder, { mode, segmentBytes: 20_000 });
writeSync(1, 'open\n');
for (let n = 0; ; ) {
  const waiting: Promise<void>[] = [];
  for (let i = Math.ceil(random() * 20); i > 0; i--) {
    const name = `${life}:${n++}`;
    const record = Buffer.from(`${name} ${'x'.repeat(Math.floor(random() * 300))}`, 'latin1');
    waiting.push(
      log.durable(log.append(record)).then(() => {
        writeSync(1, `${name}\n`);
      }),
    );
  }
  await (random() < 0.5 ? Promise.all(waiting) : waiting[0]);
}
