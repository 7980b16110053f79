import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileDiffs } from './file-diff.ts';
import { code, file, hub, me } from './testing/running-hub.ts';

const main = `${file(5020).split('devices:')[0]!}include: devices/*.yaml\n`;
const device = (name: string, tags: string): string =>
  `# ${name}\ndevices:\n  ${name}:\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1, port: 5020 }\n    groups: { g: { interval: 1s, tags: ${tags} } }\n`;
const table = 'name,address,type\na,1!40001,int16\n';
const files = { 'devices/a.yaml': device('a', '{ file: tags/a.csv }'), 'tags/a.csv': table };

test('texts of several files make one plan, which tells its diff and is written when it is applied', async (t) => {
  const { hub: h, dir } = await hub(t, { text: main, files });
  const next = {
    'devices/a.yaml': `${files['devices/a.yaml']}# read twice a shift\n`,
    'tags/a.csv': `${table}b,1!40002,int16\n`,
    'devices/b.yaml': device('b', '{ c: { address: 1!40003, type: int16 } }'),
  };
  const plan = await h.plan({ base: 1, files: next });
  assert.deepEqual([...plan.files].sort(), ['devices/a.yaml', 'devices/b.yaml', 'tags/a.csv']);
  assert.deepEqual(
    h.planDiff(plan.planId).map(({ file: name, kind }) => [name, kind]),
    [
      ['devices/a.yaml', 'changed'],
      ['tags/a.csv', 'changed'],
      ['devices/b.yaml', 'added'],
    ],
  );
  assert.equal(readFileSync(join(dir, 'tags/a.csv'), 'utf8'), table, 'a plan changes nothing');
  await h.apply(plan.planId, '', me);
  for (const [name, text] of Object.entries(next)) assert.equal(readFileSync(join(dir, name), 'utf8'), text);
  assert.equal(h.drift(), undefined);
  assert.throws(() => h.planDiff(plan.planId), { code: 'HUB_NO_SUCH_PLAN' });
});

test('a text for a file that nothing reads is refused, wherever it would lie', async (t) => {
  const { hub: h } = await hub(t, { text: main, files, start: false });
  for (const name of ['devices/c.txt', '../outside.yaml', '/etc/passwd', 'devices/../../x.yaml', '__proto__'])
    assert.equal(await code(h.plan({ base: 1, files: { [name]: 'devices: {}\n' } })), 'HUB_FILE_NOT_READ', name);
});

test('a change of comments alone names its file, and becomes a revision', async (t) => {
  const { hub: h, path } = await hub(t, { text: main, files, start: false });
  writeFileSync(path, main.replace('# the plant', '# the plant of building 4'));
  const plan = await h.plan({ base: 1, disk: true });
  assert.deepEqual([plan.changes, plan.files], [[], ['hub.yaml']]);
  assert.deepEqual(await h.apply(plan.planId, '', me), { revision: 2 });
  assert.equal(h.drift(), undefined);
});

test('what is longer than anybody reads is told from its beginning, whole lines only', () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `tag${i},1!40001,int16\n`).join('');
  const [diff] = fileDiffs(new Map(), new Map([['tags/a.csv', text]]));
  assert.equal(diff!.truncated, true);
  assert.ok(diff!.diff.length <= 200_000 && diff!.diff.endsWith('int16\n'));
  assert.deepEqual(fileDiffs(new Map([['a', 'x']]), new Map([['a', 'x']])), []);
});
