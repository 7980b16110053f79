import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editHubFiles } from './edit-files.ts';
import { parse, parsed, registry } from './testing/plc-hub.ts';
import { formatIssue } from './issue.ts';
import { planHub } from './plan.ts';

const head = 'version: 1\nhub: { name: demo, site: acme }\n';
const template = `templates:
  press:
    description: hydraulic press
    variables:
      host: { description: IP address }
      unit: { default: 1 }
      factor: { default: 0.1 }
    driver: plc
    settings: { host: '{host}' }
    groups:
      fast:
        interval: 1s
        tags:
          temp: { address: '{unit}!40001', type: int16, decimal: '{factor}' } # oil
          speed: { address: '{unit}!40002', type: float, description: 'in {{rpm}} of {unit}' }
`;
const devices = `devices:
  p1: { template: press, variables: { host: 10.0.0.1 } }
  p2:
    template: press
    variables: { host: 10.0.0.2, unit: 7 }
    groups:
      fast:
        tags:
          speed: null # has none
          temp: { decimal: 1 }
          level: { address: 7!40009, type: int16 }
`;
const issues = (texts: Record<string, string>): string[] => {
  const result = parse(texts);
  return result.ok ? [] : result.error.map(formatIssue);
};

test('devices are made from a template: variables filled in, typed, and what they say themselves wins', () => {
  const { config } = parsed({ 'hub.yaml': head + template + devices });
  const { p1, p2 } = config.devices;
  assert.equal(p1!.template, 'press');
  assert.equal(p1!.path, 'acme/p1');
  assert.deepEqual(p1!.settings, { host: '10.0.0.1' });
  assert.deepEqual(p1!.groups.fast!.tags, {
    temp: { address: '1!40001', type: 'int16', decimal: 0.1, access: 'read' },
    speed: { address: '1!40002', type: 'float', description: 'in {rpm} of 1', access: 'read' },
  });
  assert.deepEqual(p2!.groups.fast!.tags, {
    temp: { address: '7!40001', type: 'int16', decimal: 1, access: 'read' },
    level: { address: '7!40009', type: 'int16', access: 'read' },
  });
});

test('a template may stand in an included file and its tags in a table with variables', () => {
  const included = template.replace(/tags:\n[^]*$/, 'tags: { file: tags/press.csv }\n');
  const table = 'name,address,type,decimal\ntemp,{unit}!40001,int16,{factor}\nspeed,{unit}!40002,float,\n';
  const texts = { 'hub.yaml': `${head}include: '*.yaml'\n${devices}`, 't.yaml': included, 'tags/press.csv': table };
  const { config, files } = parsed(texts);
  assert.deepEqual(config.devices.p2!.groups.fast!.tags.temp, { address: '7!40001', type: 'int16', decimal: 1, access: 'read' });
  assert.equal(config.devices.p1!.groups.fast!.tags.temp!.decimal, 0.1);
  assert.equal(files.owners.get('templates/press'), 't.yaml');
  assert.equal(files.owners.get('templates/press/groups/fast/tags'), 'tags/press.csv');
  assert.deepEqual(issues({ ...texts, 'tags/press.csv': table.replace('{unit}!40002', '{nuit}!40002').replace('int16', 'int61') }), [
    'tags/press.csv:2:19 devices/p1/groups/fast/tags/temp/type type must be one of bool, bit, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float, double, string, bytes, not "int61". This is template press, as read for device p1. Did you mean "int16"?',
    'tags/press.csv:3:7 templates/press/groups/fast/tags/speed/address Template press has no variable nuit. Did you mean "unit"?',
  ]);
});

test('what is wrong with variables and templates is told where it is corrected, once for all devices', () => {
  const wrong = issues({
    'hub.yaml':
      head +
      template
        .replace('factor: { default: 0.1 }', 'factor: { default: 0.1 }\n      spare: { default: 1 }')
        .replace('type: float', 'type: flaot') +
      `devices:
  a: { template: pres }
  b: { template: press }
  c: { template: press, variables: { host: h, untt: 3 } }
  d: { template: press, variables: { host: h, unit: x } }
  e: { template: press, variables: { host: h }, groups: { fast: { tags: { temp: { decimal: 0 } } } } }
`,
  });
  const expected = [
    /^hub\.yaml:10:7 templates\/press\/variables\/spare Nothing in template press uses the variable spare\. Use it/,
    /^hub\.yaml:17:\d+ devices\/d\/groups\/fast\/tags\/temp\/address The address x!40001 is not valid.* This is template press, as read for device d\.$/,
    /^hub\.yaml:18:\d+ devices\/d\/groups\/fast\/tags\/speed\/address The address x!40002/,
    /^hub\.yaml:18:\d+ devices\/c\/groups\/fast\/tags\/speed\/type type must be one of .*for device c\. Did you mean "float"\?$/,
    /^hub\.yaml:20:18 devices\/a\/template There is no template pres\. Did you mean "press"\?$/,
    /^hub\.yaml:21:\d+ devices\/b\/variables\/host Device b does not say what host of template press is\. Add it/,
    /^hub\.yaml:22:\d+ devices\/c\/variables\/untt Template press has no variable untt\. Did you mean "unit"\?$/,
    /^hub\.yaml:24:\d+ devices\/e\/groups\/fast\/tags\/temp\/decimal decimal must be a number other than 0, not 0\.$/,
  ];
  assert.equal(wrong.length, expected.length, wrong.join('\n'));
  for (const [i, line] of wrong.entries()) assert.match(line, expected[i]!);
});

test('a secret stays one on its way through a template and a variable', () => {
  const secret = template
    .replace("settings: { host: '{host}' }", "settings: { host: '{host}', password: '{pw}' }")
    .replace('      unit:', '      pw: { default: x }\n      unit:');
  const own = 'devices:\n  p1: { template: press, variables: { host: h, pw: !env SECRET } }\n';
  const { secrets } = parsed({ 'hub.yaml': head + secret + own });
  assert.equal(secrets.get('devices/p1/settings/password'), '!env SECRET');
  const fixed = template.replace("settings: { host: '{host}' }", "settings: { host: '{host}', password: !env SECRET }");
  assert.equal(parsed({ 'hub.yaml': head + fixed + devices }).secrets.get('devices/p2/settings/password'), '!env SECRET');
  assert.match(issues({ 'hub.yaml': head + secret + own.replace('!env SECRET', 'plain') })[0]!, /password is a secret/);
});

test('an edit of a device made from a template is written to the device, and only what differs', () => {
  const before = parsed({ 'hub.yaml': head + template + devices });
  const edit = (...ops: Parameters<typeof editHubFiles>[1]): string => editHubFiles(before.files, ops).texts.get('hub.yaml')!;
  const tag = 'devices/p1/groups/fast/tags';
  const changed = edit({ op: 'replace', path: `${tag}/temp/decimal`, value: 2 }, { op: 'remove', path: `${tag}/speed` });
  assert.ok(changed.startsWith(head + template), 'the template keeps its text');
  const again = parsed({ 'hub.yaml': changed });
  assert.deepEqual(Object.keys(again.config.devices.p1!.groups.fast!.tags), ['temp']);
  assert.equal(again.config.devices.p1!.groups.fast!.tags.temp!.decimal, 2);
  assert.deepEqual(again.config.devices.p2, before.config.devices.p2);
  // Back to what the template says: nothing is left of it but what the device said before.
  const back = editHubFiles(again.files, [
    { op: 'add', path: `${tag}/speed`, value: before.config.devices.p1!.groups.fast!.tags.speed },
    { op: 'replace', path: 'devices/p2/variables/unit', value: 8 },
  ]).texts.get('hub.yaml')!;
  const last = parsed({ 'hub.yaml': back }).config.devices;
  assert.deepEqual(last.p1!.groups.fast!.tags.speed, before.config.devices.p1!.groups.fast!.tags.speed);
  assert.equal(last.p2!.groups.fast!.tags.temp!.address, '8!40001');
  assert.match(back, /speed: null # has none/);
});

test('a device that is written back whole keeps its template, one without takes leave of it', () => {
  const before = parsed({ 'hub.yaml': head + template + devices });
  const whole = structuredClone(before.config.devices.p2!) as Record<string, any>;
  const write = (value: unknown): string =>
    editHubFiles(before.files, [{ op: 'replace', path: 'devices/p2', value }]).texts.get('hub.yaml')!;
  assert.deepEqual(parsed({ 'hub.yaml': write(whole) }).config.devices.p2, before.config.devices.p2);
  whole.groups.fast.interval = '5s';
  const slower = parsed({ 'hub.yaml': write(whole) });
  assert.equal(slower.config.devices.p2!.groups.fast!.interval, '5s');
  assert.equal(slower.config.devices.p2!.template, 'press');
  delete whole.template;
  delete whole.variables;
  assert.deepEqual(parsed({ 'hub.yaml': write(whole) }).config.devices.p2!.groups.fast!.interval, '5s');
  const fresh = editHubFiles(before.files, [{ op: 'add', path: 'devices/p3', value: { template: 'press', variables: { host: 'h3' } } }]);
  assert.equal(parsed({ 'hub.yaml': fresh.texts.get('hub.yaml')! }).config.devices.p3!.settings['host'], 'h3');
});

test('a device with a template may have a group of its own in a table, and all devices may be written at once', () => {
  const own = devices.replace(
    'variables: { host: 10.0.0.1 } }',
    'variables: { host: 10.0.0.1 }, groups: { own: { interval: 1s, tags: { file: t.csv } } } }',
  );
  const before = parsed({ 'hub.yaml': head + template + own, 't.csv': 'name,address,type\na,1!40100,int16\n' });
  const write = (...ops: Parameters<typeof editHubFiles>[1]) => editHubFiles(before.files, ops).texts;
  const after = write(
    { op: 'replace', path: 'devices/p1/groups/own/tags/a/type', value: 'float' },
    { op: 'replace', path: 'devices/p1/groups/fast/interval', value: '3s' },
  );
  assert.equal(after.get('t.csv'), 'name,address,type\na,1!40100,float\n');
  const { p1 } = parsed(Object.fromEntries(after)).config.devices;
  assert.deepEqual(
    [p1!.groups.fast!.interval, p1!.groups.own!.tags.a!.type, Object.keys(p1!.groups.fast!.tags)],
    ['3s', 'float', ['temp', 'speed']],
  );
  const all = structuredClone(before.config.devices) as Record<string, any>;
  all.p1.groups.own.tags.a.type = 'uint16';
  all.p2.groups.fast.tags.temp.decimal = 5;
  const whole = write({ op: 'replace', path: 'devices', value: all });
  assert.equal(whole.get('t.csv'), 'name,address,type\na,1!40100,uint16\n');
  assert.ok(whole.get('hub.yaml')!.startsWith(head + template));
  const next = parsed(Object.fromEntries(whole));
  assert.deepEqual(next.config.devices, { p1: { ...all.p1 }, p2: { ...all.p2 } });
  assert.doesNotMatch(whole.get('hub.yaml')!.slice((head + template).length), /driver/);
});

test('a plan tells a change of a template once, with the number of devices it reaches', () => {
  const before = parsed({ 'hub.yaml': head + template + devices });
  const slower = parsed({
    'hub.yaml': head + template.replace('interval: 1s', 'interval: 2s') + devices.replace('host: 10.0.0.1', 'host: 10.0.0.9'),
  });
  const plan = planHub(before, slower, registry);
  assert.deepEqual(
    plan.changes.map((c) => [c.path, c.effect, c.sentence]),
    [
      ['templates/press/groups/fast/interval', 'live', 'template press: 2 devices change: group fast: interval 1 s → 2 s'],
      ['devices/p1/variables/host', 'live', 'device p1: variable host 10.0.0.1 → 10.0.0.9'],
      ['devices/p1/settings/host', 'reconnect', 'device p1: settings host 10.0.0.1 → 10.0.0.9; device p1 reconnects'],
    ],
  );
  assert.deepEqual(plan.parts, [
    { section: 'devices', name: 'p1', how: 'replace' },
    { section: 'devices', name: 'p2', how: 'adjust' },
  ]);
});

test('1,000 devices of one template with 30 tags are made in well under a second', (t) => {
  const tags = Array.from(
    { length: 30 },
    (_, i) => `          t${i}: { address: '{unit}!4${String(i + 1).padStart(4, '0')}', type: int16 }`,
  ).join('\n');
  const many = Array.from({ length: 1000 }, (_, i) => `  d${i}: { template: press, variables: { host: h${i}, unit: ${i % 200} } }`).join(
    '\n',
  );
  const text = `${head}${template.replace(/tags:\n[^]*$/, `tags:\n${tags}\n          f: { address: '{unit}!40001', type: int16, decimal: '{factor}' }\n`)}devices:\n${many}\n`;
  const from = performance.now();
  const { config } = parsed({ 'hub.yaml': text });
  const took = performance.now() - from;
  assert.equal(Object.keys(config.devices).length, 1000);
  assert.equal(config.devices.d999!.groups.fast!.tags.t29!.address, '199!40030');
  t.diagnostic(`31,000 tags: ${Math.round(took)} ms, all checks and reading the file included`);
  assert.ok(took < 3000);
});
