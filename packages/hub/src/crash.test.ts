import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock } from '@omh/core';
import { lockDataDirectory } from '@omh/storage';
import { ConfigFile } from './config-file.ts';
import { Configuration } from './configuration.ts';
import { Revisions } from './revisions.ts';

const child = fileURLToPath(new URL('./testing/apply-child.js', import.meta.url));
const rounds = Number(process.env['OMH_CRASH_ROUNDS'] ?? 20);
/** The steps of one apply that the child's log tells, one more than there are. */
const steps = 9;

const files: Record<string, string> = {
  'hub.yaml': 'version: 1\nhub: { name: 1s } # the name\ninclude: devices/*.yaml\n',
  'devices/press.yaml':
    'devices:\n  press: # hall 2\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1 }\n    groups:\n      fast: { interval: 1s, tags: { file: tags.csv } }\n',
  'tags.csv': 'name,address,type,unit\nt1,1!40001,int16,1s\n',
};

function run(path: string, data: string, killAt: number, killAfterMs?: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, path, data, String(killAt)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    process_.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (killAfterMs !== undefined && out.startsWith('ready')) setTimeout(() => process_.kill('SIGKILL'), killAfterMs);
    });
    process_.on('error', reject);
    process_.on('exit', () => resolve(out));
  });
}

test(`a kill at any moment of an apply leaves the old or the new revision, ${rounds} times`, {
  timeout: 120_000 + rounds * 2000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-crash-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'devices'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const path = join(dir, 'hub.yaml');
  const data = join(dir, 'data');
  const seed = Number(process.env['OMH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const seen = { old: 0, new: 0 };
  let before: { revision: number; word: string } = { revision: 0, word: '1s' };
  for (let round = 0; round < rounds; round++) {
    const told = round < steps ? await run(path, data, round + 1) : await run(path, data, 0, random() * 40);
    const directory = lockDataDirectory(data);
    try {
      const file = new ConfigFile(path);
      const revisions = new Revisions(directory.sub('revisions'), file.folder, silentLogger);
      revisions.recover();
      const loaded = file.load();
      assert.ok(loaded.ok);
      const recorded = revisions.current;
      const configuration = new Configuration(
        { file, revisions, clock: systemClock, log: silentLogger, ports: {}, warnings: () => [], steps: async () => [] },
        1,
      );
      assert.equal(configuration.revision, recorded ?? 1, 'the files are those of the current revision');
      const group = configuration.config.devices['press']!.groups['fast']!;
      const words = [configuration.config.hub.name, group.interval, group.tags['t1']!.unit!];
      assert.equal(new Set(words).size, 1, `half a change after round ${round}, seed ${seed}: ${words.join(' ')}`);
      const isNew = words[0] !== before.word;
      if (told.includes('done')) assert.ok(isNew, `an acknowledged change is gone, round ${round}, seed ${seed}`);
      if (before.revision > 0) assert.equal(configuration.revision, before.revision + (isNew ? 1 : 0));
      const names = readdirSync(directory.sub('revisions')).filter((name) => /^\d+\.json$/.test(name));
      assert.equal(names.length, configuration.revision, 'no revision is missing or left over');
      assert.equal(
        readdirSync(dir)
          .concat(readdirSync(join(dir, 'devices')))
          .filter((name) => name.includes('.tmp-')).length,
        0,
      );
      assert.ok(readFileSync(path, 'utf8').includes('# the name'));
      seen[isNew ? 'new' : 'old']++;
      before = { revision: configuration.revision, word: words[0]! };
    } finally {
      directory.release();
    }
  }
  t.diagnostic(`${rounds} kills, seed ${seed}: ${seen.old} ended in the old revision, ${seen.new} in the new one`);
  assert.ok(seen.old > 0 && seen.new > 0);
});
