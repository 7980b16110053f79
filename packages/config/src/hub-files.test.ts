import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editHubFiles } from './edit-files.ts';
import { formatIssue } from './issue.ts';
import { parse, parsed } from './testing/plc-hub.ts';

const issues = (texts: Record<string, string>): string[] => {
  const result = parse(texts);
  return result.ok ? [] : result.error.map(formatIssue);
};

const head = 'version: 1\nhub: { name: demo, site: acme }\n';
const press = `# the press
devices:
  press:
    driver: plc
    settings: { host: 10.0.0.1 } # hall 2
    groups:
      fast:
        interval: 1s
        tags: { file: tags/press.csv }
`;
const table =
  '\ufeffname,address,type,unit,description\r\nt1,1!40001,int16,Cel,"inlet, ""north"""\r\n\r\nt2, 1!40002 ,int16\r\n"t3",1!40003,float,,"two\r\nlines"\r\n';
const plant = { 'hub.yaml': `${head}include: devices/*.yaml\n`, 'devices/press.yaml': press, 'tags/press.csv': table };

test('a hub is read from its main file, included files and tag tables', () => {
  const { config, files } = parsed({ ...plant, 'devices/.hidden.yaml': 'x: [', 'devices/note.txt': '?', 'other/x.yaml': 'x: [' });
  const { tags, interval } = config.devices['press']!.groups['fast']!;
  assert.equal(interval, '1s');
  assert.deepEqual(tags, {
    t1: { address: '1!40001', type: 'int16', unit: 'Cel', description: 'inlet, "north"', access: 'read' },
    t2: { address: '1!40002', type: 'int16', access: 'read' },
    t3: { address: '1!40003', type: 'float', description: 'two\r\nlines', access: 'read' },
  });
  assert.equal(config.devices['press']!.path, 'acme/press');
  assert.deepEqual([...files.texts.keys()], ['hub.yaml', 'devices/press.yaml', 'tags/press.csv']);
  assert.deepEqual(Object.fromEntries(files.owners), {
    'devices/press': 'devices/press.yaml',
    'devices/press/groups/fast/tags': 'tags/press.csv',
  });
});

test('included files come in the order of their names, may be empty, and the main file is never its own', () => {
  const { files } = parsed({
    'hub.yaml': `${head}include: ["*.yaml", b/?.yml]\n`,
    'z.yaml': '',
    'a.yaml': '# nothing\n',
    'b/1.yml': 'rules:\n',
    'b/12.yml': 'x: [',
  });
  assert.deepEqual([...files.texts.keys()], ['hub.yaml', 'a.yaml', 'z.yaml', 'b/1.yml']);
});

const wrong: [title: string, texts: Record<string, string>, expected: RegExp[]][] = [
  [
    'a name defined twice names both places',
    { ...plant, 'devices/zoo.yaml': '\ndevices:\n  press: { driver: plc }\n' },
    [/^devices\/zoo\.yaml:3:3 devices\/press devices\/press is already defined in devices\/press\.yaml:3\./],
  ],
  [
    'a key of the main file in an included one',
    { ...plant, 'devices/x.yaml': 'http: { port: 1 }\n' },
    [/^devices\/x\.yaml:1:1 http http stands only in hub\.yaml/],
  ],
  [
    'an unknown key in an included file',
    { ...plant, 'devices/x.yaml': 'device: {}\n' },
    [/^devices\/x\.yaml:1:1 .*Did you mean "devices"\?/],
  ],
  ['broken YAML in an included file', { ...plant, 'devices/x.yaml': 'rules: {\n' }, [/^devices\/x\.yaml:1:8 /]],
  [
    'a pattern that leaves the folder',
    { 'hub.yaml': `${head}include: ../*.yaml\n` },
    [/^hub\.yaml:3:10 include include \.\.\/\*\.yaml cannot be followed: it leaves the folder/],
  ],
  ['an absolute pattern', { 'hub.yaml': `${head}include: /etc/*.yaml\n` }, [/must be relative/]],
  ['a backslash', { 'hub.yaml': `${head}include: 'a\\..\\..\\b.yaml'\n` }, [/separated by \//]],
  ['a pattern for other files', { 'hub.yaml': `${head}include: /etc/passwd\n` }, [/cannot be followed/]],
  ['two stars', { 'hub.yaml': `${head}include: '**/a.yaml'\n` }, [/\*\* is not read/]],
  [
    'an included file that is not there',
    { 'hub.yaml': `${head}include: a.yaml\n` },
    [/^hub\.yaml:3:10 include The file a\.yaml cannot be read: it does not exist\./],
  ],
  ['include as a number', { 'hub.yaml': `${head}include: 5\n` }, [/include must be a pattern like devices/]],
  [
    'a table that is not there',
    { ...plant, 'devices/press.yaml': press.replace('press.csv', 'x.csv') },
    [/^devices\/press\.yaml:9:23 .*tags\/x\.csv cannot be read: it does not exist/],
  ],
  ['a table outside', { ...plant, 'devices/press.yaml': press.replace('tags/press.csv', '../x.csv') }, [/leaves the folder/]],
  [
    'a table with something beside it',
    { ...plant, 'devices/press.yaml': press.replace('press.csv', 'press.csv, t: 1') },
    [/^devices\/press\.yaml:9:39 .*t is not a known key/],
  ],
  ['a missing column', { ...plant, 'tags/press.csv': 'name,type\na,int16\n' }, [/^tags\/press\.csv:1:1 .*address is missing/]],
  [
    'an unknown column',
    { ...plant, 'tags/press.csv': 'name,address,type,acess\n' },
    [/^tags\/press\.csv:1:19 .*acess is no column of a tag table\. Did you mean "access"\?/],
  ],
  [
    'wrong cells, all at once and each at its cell',
    {
      ...plant,
      'tags/press.csv':
        'name,address,type,access,decimal\na/b,1!40001,int16,read,1\nc,nix,int17,reed,x\nd,1!40001,int16,read,0\nd,1!40002,int16\ne,1!40003,int16,read,1,2\n,1!4,int16\nf\n',
    },
    [
      /^tags\/press\.csv:2:1 .*cannot be a name/,
      /^tags\/press\.csv:3:3 .*nix is not valid/,
      /^tags\/press\.csv:3:7 .*type must be one of/,
      /^tags\/press\.csv:3:13 .*access must be one of/,
      /^tags\/press\.csv:3:18 .*decimal must be a number/,
      /^tags\/press\.csv:4:22 .*decimal must be a number other than 0/,
      /^tags\/press\.csv:5:1 .*d stands here for the second time; the first is in line 4/,
      /^tags\/press\.csv:6:1 .*has 6 cells, the first row names 5/,
      /^tags\/press\.csv:7:1 .*An empty name cannot be used/,
      /^tags\/press\.csv:8:1 .*needs the key type/,
      /^tags\/press\.csv:8:1 .*needs the key address/,
    ],
  ],
  [
    'an open quote',
    { ...plant, 'tags/press.csv': 'name,address,type\na,"1!40001,int16\n' },
    [/^tags\/press\.csv:2:3 .*this " is not closed/],
  ],
  [
    'a name that is no name',
    { ...plant, 'tags/press.csv': 'name,address,type\n__proto__,1!40001,int16\n' },
    [/__proto__ cannot be used as a key/],
  ],
  [
    'a path that two files give to two tags',
    {
      ...plant,
      'devices/b.yaml':
        'devices:\n  other: { driver: plc, path: acme/press, groups: { g: { interval: 1s, tags: { t1: { address: 1!40001, type: int16 } } } } }\n',
    },
    [
      /^tags\/press\.csv:2:1 .*acme\/press\/t1 already belongs to other\/g\/t1|^devices\/b\.yaml:2:\d+ .*already belongs to press\/fast\/t1/,
    ],
  ],
];
for (const [title, texts, expected] of wrong) {
  test(`told at its place: ${title}`, () => {
    const found = issues(texts);
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(found[i]!, pattern);
  });
}

test('a semicolon or a tab separates as well, and the case of a column name does not count', () => {
  for (const d of [';', '\t']) {
    const texts = { ...plant, 'tags/press.csv': `Name${d}ADDRESS${d}type\na${d}1!40001${d}int16\n` };
    assert.deepEqual(Object.keys(parsed(texts).config.devices['press']!.groups['fast']!.tags), ['a']);
  }
});

test('an edit touches only the file that owns the place', () => {
  const { files } = parsed(plant);
  const edit = (op: 'add' | 'replace' | 'remove', path: string, value?: unknown) => editHubFiles(files, [{ op, path, value }]);
  const changed = (next: typeof files): string[] => [...next.texts.keys()].filter((name) => next.texts.get(name) !== files.texts.get(name));
  const interval = edit('replace', 'devices/press/groups/fast/interval', '500ms');
  assert.deepEqual(changed(interval), ['devices/press.yaml']);
  assert.equal(interval.texts.get('devices/press.yaml'), press.replace('interval: 1s', 'interval: 500ms'));
  assert.deepEqual(changed(edit('add', 'rules/r', { sql: 'x' })), ['hub.yaml']);
  assert.deepEqual(changed(edit('add', 'devices/new', { driver: 'plc' })), ['hub.yaml']);
  assert.deepEqual(changed(edit('remove', 'devices/press')), ['devices/press.yaml']);
  const unit = edit('replace', 'devices/press/groups/fast/tags/t2/address', '1!40009');
  assert.deepEqual(changed(unit), ['tags/press.csv']);
  assert.equal(unit.texts.get('tags/press.csv'), table.replace(' 1!40002 ', '1!40009'));
});

test('a tag table keeps its other rows byte for byte', () => {
  const { files, config } = parsed(plant);
  const edit = (op: 'add' | 'replace' | 'remove', path: string, value?: unknown): string =>
    editHubFiles(files, [{ op, path: `devices/press/groups/fast/${path}`, value }]).texts.get('tags/press.csv')!;
  assert.equal(edit('remove', 'tags/t2'), table.replace('t2, 1!40002 ,int16\r\n', ''));
  assert.equal(edit('add', 'tags/t4', { address: '1!40004', type: 'int16', unit: 'a,b' }), `${table}t4,1!40004,int16,"a,b"\r\n`);
  assert.equal(edit('replace', 'tags/t1/description', 'plain'), table.replace('"inlet, ""north"""', 'plain'));
  assert.equal(
    edit('add', 'tags/t2/decimal', 0.1),
    table.replace('unit,description', 'unit,description,decimal').replace('t2, 1!40002 ,int16', 't2, 1!40002 ,int16,,,0.1'),
  );
  const same = editHubFiles(files, [{ op: 'replace', path: 'devices/press', value: config.devices['press'] }]);
  assert.equal(same.texts.get('tags/press.csv'), table);
  assert.match(same.texts.get('devices/press.yaml')!, /tags: \{ file: tags\/press\.csv \}/);
  const last = parsed({ ...plant, 'tags/press.csv': 'name,address,type\na,1!40001,int16\nb,1!40002,int16' });
  const without = editHubFiles(last.files, [{ op: 'remove', path: 'devices/press/groups/fast/tags/b' }]);
  assert.equal(without.texts.get('tags/press.csv'), 'name,address,type\na,1!40001,int16');
});

test('a device that is written as a whole keeps its table and its comments', () => {
  const { files, config } = parsed(plant);
  const device = structuredClone(config.devices['press']!);
  device.groups['fast']!.interval = '2s';
  delete device.groups['fast']!.tags['t2'];
  const next = editHubFiles(files, [{ op: 'replace', path: 'devices/press', value: device }]);
  const after = parsed(Object.fromEntries(next.texts));
  assert.deepEqual(after.config.devices['press'], { ...device, path: 'acme/press' });
  assert.match(next.texts.get('devices/press.yaml')!, /# hall 2/);
  assert.equal(next.texts.get('tags/press.csv'), table.replace('t2, 1!40002 ,int16\r\n', ''));
});

test('100,000 rows are read within their budget', { timeout: 20_000 }, (t) => {
  const rows = ['name,address,type,access,decimal,bias,unit,precision,description'];
  for (let i = 0; i < 100_000; i++)
    rows.push(`tag ${i},1!4${String((i % 9999) + 1).padStart(4, '0')},int16,readwrite,0.1,0,Cel,1,Sensor number ${i}`);
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const { config } = parsed({ ...plant, 'tags/press.csv': rows.join('\n') });
  const ms = performance.now() - started;
  assert.equal(Object.keys(config.devices['press']!.groups['fast']!.tags).length, 100_000);
  const grown = (process.memoryUsage().rss - before) / 1e6;
  assert.ok(ms < 10_000 && grown < 500, `${Math.round(ms)} ms, ${Math.round(grown)} MB`);
  t.diagnostic(`100,000 rows: ${Math.round(ms)} ms, ${Math.round(grown)} MB more`);
});
