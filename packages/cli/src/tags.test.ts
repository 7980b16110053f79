import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { start } from './testing/omh-process.ts';

function folder(t: TestContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-tags-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}
const omh = (t: TestContext, cwd: string, ...args: string[]) => start(t, ['tags', ...args], { cwd }).ended;
const hubFile = `version: 1
hub: { name: demo }
http: { port: 0 }
broker: { listeners: { tcp: { port: 0 } } }
devices:
  press: # the press
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 1 }
    groups:
      fast:
        interval: 1s
        tags:
          old: { address: 1!40001, type: int16 }
`;
const table = 'group,name,address,type\nfast,new,1!40002,float\nslow,x,nowhere,int16\n';

test('tags are imported into a hub file: dry run, refusal, partial, and exported again', { timeout: 60_000 }, async (t) => {
  const dir = folder(t, { 'hub.yaml': hubFile, 't.csv': table });
  const hub = () => readFileSync(join(dir, 'hub.yaml'), 'utf8');
  const dry = await omh(t, dir, 'import', 't.csv', '--device', 'press', '--dry-run', '--partial', '-c', 'hub.yaml');
  assert.equal(dry.code, 0, dry.err);
  assert.match(
    dry.out,
    /^t\.csv \(csv\): 1 new, 0 changed, 0 as they are, 1 refused\.\nWrong:\n {2}line 3, column 8: press\/slow\/x: The address nowhere is not valid/,
  );
  assert.match(dry.out, /Nothing is changed yet: hub\.yaml would be\.\n$/);
  const refused = await omh(t, dir, 'import', 't.csv', '--device', 'press', '-c', 'hub.yaml');
  assert.equal(refused.code, 2);
  assert.match(refused.err, /^Nothing is changed\./);
  assert.equal(hub(), hubFile);
  const done = await omh(t, dir, 'import', 't.csv', '--device', 'press', '--partial', '-c', 'hub.yaml');
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /Wrote hub\.yaml\.\n$/);
  assert.equal(hub(), `${hubFile}          new: { address: 1!40002, type: float }\n`);
  const out = await omh(t, dir, 'export', '-c', 'hub.yaml');
  assert.equal(
    out.out,
    'device,group,interval,name,address,type,access\r\npress,fast,1s,old,1!40001,int16,read\r\npress,fast,1s,new,1!40002,float,read\r\n',
  );
  assert.equal((await omh(t, dir, 'export', '-c', 'hub.yaml', '-o', 'all.xlsx', '--device', 'press')).code, 0);
  const again = await omh(t, dir, 'import', 'all.xlsx', '-c', 'hub.yaml');
  assert.match(again.out, /^all\.xlsx \(xlsx\): 0 new, 0 changed, 2 as they are, 0 refused\.\nThere is nothing to change\.\n$/);
});

test('tags are imported into a running hub by plan and apply', { timeout: 60_000 }, async (t) => {
  const many = `group,name,address,type\n${Array.from({ length: 400 }, (_, i) => `bulk,t${i},1!4${String(i + 1).padStart(4, '0')},int16`).join('\n')}\n`;
  const dir = folder(t, { 'hub.yaml': hubFile, 'many.csv': many });
  const data = join(dir, 'data');
  const hub = start(t, ['up', '-c', 'hub.yaml', '--data', data, '--http-port', '0', '--mqtt-port', '0', '--json'], { cwd: dir });
  await hub.line();
  const dry = await omh(t, dir, 'import', 'many.csv', '--device', 'press', '--dry-run', '--data', data);
  assert.equal(dry.code, 0, dry.err);
  assert.match(dry.out, /New groups: press\/bulk\.\n {2}group press\/bulk added: 400 tags every 1 s\n/);
  const done = await omh(t, dir, 'import', 'many.csv', '--device', 'press', '--data', data, '--json');
  assert.equal(done.code, 0, done.err);
  const answer = JSON.parse(done.out) as { added: number; files: string[]; done: string };
  assert.deepEqual([answer.added, answer.files, answer.done], [400, ['tags/press-bulk.csv', 'hub.yaml'], 'Applied as revision 2.']);
  assert.match(
    readFileSync(join(dir, 'hub.yaml'), 'utf8'),
    /bulk: \{ interval: 1s, tags: \{ file: tags\/press-bulk\.csv \} \}|file: tags\/press-bulk\.csv/,
  );
  const out = await omh(t, dir, 'export', '--data', data);
  assert.equal(out.out.split('\r\n').length, 403);
  await hub.end('SIGTERM');
});
