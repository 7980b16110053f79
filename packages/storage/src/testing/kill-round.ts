import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppendLog } from '../append-log/append-log.ts';

/** What a killed writer acknowledged, and what the log it left behind holds, in order. */
export interface KilledWriter {
  readonly acknowledged: readonly string[];
  readonly entries: readonly string[];
}

/**
 * A real process writes entries of random length in bursts and says which are acknowledged; it is killed with SIGKILL at a random moment
 * and started again over the same folder for every further life. Segments are small, so that kills also hit the change to a new one.
 */
export async function killRound(mode: 'os' | 'strict', random: () => number, lives = 1): Promise<KilledWriter> {
  const folder = mkdtempSync(join(tmpdir(), 'omh-kill-'));
  const acknowledged: string[] = [];
  try {
    for (let life = 0; life < lives; life++) acknowledged.push(...(await liveAndDie(folder, mode, life, random)));
    const log = await AppendLog.open(folder, { mode, segmentBytes: 20_000 });
    const entries: string[] = [];
    for await (const { record } of log.read()) {
      const text = Buffer.from(record).toString('latin1');
      entries.push(text.slice(0, text.indexOf(' ')));
    }
    await log.close();
    return { acknowledged, entries };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function liveAndDie(folder: string, mode: string, life: number, random: () => number): Promise<string[]> {
  const writer = new URL('./kill-writer.js', import.meta.url);
  const seed = String(Math.floor(random() * 2 ** 31));
  const child = spawn(process.execPath, [writer.pathname, folder, mode, String(life), seed], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let text = '';
  const delayMs = random() * 60;
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    // Counted from its first word: starting Node takes longer than all the rest.
    if (text === '') setTimeout(() => child.kill('SIGKILL'), delayMs);
    text += chunk;
  });
  const [code] = (await exit) as [number | null];
  if (code !== null) throw new Error(`the writer ended by itself with ${code}`);
  if (!child.stdout.readableEnded) await once(child.stdout, 'close');
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => line !== 'open' && line !== '');
}
