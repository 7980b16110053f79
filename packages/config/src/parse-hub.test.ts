import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { JsonSchema } from '@omh/core';
import { fail, ok } from '@omh/core';
import type { Registry } from './checks.ts';
import { folderOf } from './hub-files.ts';
import { formatIssue } from './issue.ts';
import { hubJsonSchema } from './json-schema.ts';
import { checkAgainst } from './schema.ts';
import { HubSchema } from './hub-schema.ts';
import { parseHub, withoutSecrets } from './parse-hub.ts';

const block = (properties: object, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const text = { type: 'string' };
const registry: Registry = {
  drivers: new Map([
    [
      'modbus-tcp',
      {
        title: 'Modbus TCP',
        settings: block(
          {
            host: { ...text, minLength: 1 },
            port: { type: 'integer', minimum: 0, maximum: 65535, default: 502 },
            wordOrder: { ...text, enum: ['big', 'little'] },
            password: text,
          },
          ['host'],
        ),
        parseAddress(address: string) {
          if (address === 'throw') throw new Error('bug');
          const match = /^(\d+)!([134])\d{4}$/.exec(address);
          return match
            ? ok({ canonical: address, writable: match[2] === '4' })
            : fail([{ path: '', code: 'MODBUS_ADDRESS', message: 'it has no unit', fix: 'Write 1!40001.' }]);
        },
      },
    ],
  ]),
  simulators: new Map([
    [
      'modbus-tcp',
      block({ host: text, port: { type: 'integer', minimum: 0, maximum: 65535 }, preset: { ...text, enum: ['blueprint'] } }, ['port']),
    ],
  ]),
  apps: new Map([
    ['mqtt', block({ format: { ...text, enum: ['values', 'tags', 'ecp'], default: 'values' }, qos: { type: 'integer', enum: [0, 1, 2] } })],
  ]),
  dashboard: block(
    {
      title: text,
      time: { type: 'object' },
      refresh: text,
      panels: {
        type: 'array',
        items: {
          type: 'object',
          properties: { targets: { type: 'array', items: { type: 'object', oneOf: [{ required: ['tag'] }, { required: ['rawSql'] }] } } },
        },
      },
    },
    ['title'],
  ),
  checkRuleSql(sql) {
    const at = sql.search(/\bFORM\b/);
    if (at < 0) return undefined;
    const lines = sql.slice(0, at).split('\n');
    return { line: lines.length, column: lines.at(-1)!.length + 1, message: 'FROM is missing.' };
  },
};
const env: Record<string, string> = { SECRET: 'hunter22', HOST: '10.0.0.9' };
const read = (file: string) =>
  parseHub('hub.yaml', {
    folder: folderOf(new Map([['hub.yaml', file]])),
    registry,
    env: (name) => env[name],
    readFile: (path) => {
      if (path === '/run/secret') return 'from-file\n';
      throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    },
  });
const issuesOf = (file: string): string[] => {
  const result = read(file);
  return result.ok ? [] : result.error.map(formatIssue);
};
const configOf = (file: string) => {
  const result = read(file);
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
};

const head = 'version: 1\nhub: { name: demo, site: acme }\n';
const device = (settings = '{ host: h }', tags = '{}', more = ''): string =>
  `${head}devices:\n  d:\n    driver: modbus-tcp\n    settings: ${settings}\n    groups:\n      g:\n        interval: 1s\n        tags: ${tags}\n${more}`;
const tag = (fields: string): string => device('{ host: h }', `{ t: { ${fields} } }`);
const rule = (sql: string): string => `${head}rules:\n  r:\n    sql: ${sql}\n`;

const wrong: [title: string, file: string, expected: string[]][] = [
  ['empty', '', ['hub.yaml:1:1 The file is empty.']],
  ['only comments', '# nothing\n', ['hub.yaml:1:1 The file is empty.']],
  ['a list', '- 1\n', ['hub.yaml:1:1 the file must be a block of keys, not a list of 1.']],
  ['a word', 'hello\n', ['hub.yaml:1:1 the file must be a block of keys, not "hello".']],
  ['no version', 'hub: { name: a }\n', ['hub.yaml:1:1 the file needs the key version.']],
  ['no hub', 'version: 1\n', ['hub.yaml:1:1 the file needs the key hub.']],
  ['another version', 'version: 2\nhub: { name: a }\n', ['hub.yaml:1:10 version The file says version 2; this program reads version 1.']],
  ['version as text', 'version: "1"\nhub: { name: a }\n', ['hub.yaml:1:10 version version must be 1, not "1".']],
  ['no name', 'version: 1\nhub: {}\n', ['hub.yaml:2:1 hub hub needs the key name.']],
  [
    'a hub name with a slash',
    'version: 1\nhub: { name: a/b }\n',
    ['hub.yaml:2:14 hub/name name must be a name without / + #, at most 128 characters, not "a/b".'],
  ],
  [
    'a site with a wildcard',
    'version: 1\nhub: { name: a, site: acme/# }\n',
    ['hub.yaml:2:23 hub/site site must be a path like acme/dallas without + and # and without empty levels, not "acme/#".'],
  ],
  ['an unknown section', `${head}device: {}\n`, ['hub.yaml:3:1 device device is not a known key of the file. Did you mean "devices"?']],
  [
    'an unknown key far from any',
    `${head}http: { zzz: 1 }\n`,
    ['hub.yaml:3:9 http/zzz zzz is not a known key of http. Known here: host, port.'],
  ],
  [
    'a key that stands twice',
    `${head}hub: { name: b }\n`,
    ['hub.yaml:3:1 hub hub stands here for the second time; the first is in line 2.'],
  ],
  ['a tab', `${head}http:\n\tport: 1\n`, ['hub.yaml:4:1 This is not valid YAML: tabs cannot indent, spaces do.']],
  ['a bracket left open', `${head}http: { port: 1\n`, ['hub.yaml:3:7 This is not valid YAML: this { is not closed.']],
  [
    'a bracket left open before a block',
    `${head}devices: [\n  d:\n    driver: modbus-tcp\nhttp: { port: 1 }\n`,
    ['hub.yaml:3:10 This is not valid YAML: this [ is not closed.'],
  ],
  [
    'a wrong indent',
    `${head}http:\n    port: 1\n  host: a\n`,
    ['hub.yaml:5:1 This is not valid YAML: the line is indented to a place where nothing begins.'],
  ],
  ['two documents', `${head}---\na: 1\n`, ['hub.yaml:3:1 This is not valid YAML: a second document begins with ---, a hub file has one.']],
  ['an unknown alias', `${head}http: *x\n`, ['hub.yaml:3:7 http The alias *x names no block above it.']],
  [
    'an alias inside its own block',
    `${head}http: &x { port: *x }\n`,
    ['hub.yaml:3:18 http/port The alias *x stands inside the block it names.'],
  ],
  [
    'rules of the access list that make no sense',
    `${head}broker:
  acl:
    - { topics: [a/#] }
    - { allow: all, deny: all }
    - { deny: publishing }
    - { deny: all, topics: ['a/#/b', 'eq #', 'own/\${clientid}/#'], qos: [3] }
    - { deny: all, who: { address: press } }
`,
    [
      'hub.yaml:5:7 broker/acl/0 acl[0] must hold exactly one of allow, deny.',
      'hub.yaml:6:7 broker/acl/1 acl[1] must hold exactly one of allow, deny.',
      'hub.yaml:7:15 broker/acl/2/deny deny must be one of publish, subscribe, all, not "publishing". Did you mean "publish"?',
      'hub.yaml:8:29 broker/acl/3/topics/0 The topic filter "a/#/b" is wrong: # stands alone as the last level.',
      'hub.yaml:8:74 broker/acl/3/qos/0 qos[0] must be one of 0, 1, 2, not 3.',
      'hub.yaml:9:36 broker/acl/4/who/address address must be an IP address or a block of them like 192.168.10.0/24, not "press".',
    ],
  ],
  ['an unknown tag', `${head}http: { host: !evn HOST }\n`, ['hub.yaml:3:15 !evn is no known tag. Did you mean "!env"?']],
  [
    'a variable that is not set',
    device('{ host: !env NOPE }'),
    ['hub.yaml:6:28 devices/d/settings/host The environment variable NOPE is not set.'],
  ],
  [
    'no name of a variable',
    device('{ host: !env "A B" }'),
    ['hub.yaml:6:28 devices/d/settings/host A B is no name of an environment variable.'],
  ],
  [
    'a file that does not exist',
    device('{ host: !file /nope }'),
    ['hub.yaml:6:29 devices/d/settings/host The file /nope cannot be read: it does not exist.'],
  ],
  [
    'a secret of the wrong kind stays secret',
    device('{ host: h, port: !env SECRET }'),
    ['hub.yaml:6:37 devices/d/settings/port port must be a whole number from 0 to 65535, not the value of !env SECRET.'],
  ],
  [
    'a port out of range',
    `${head}http: { port: 70000 }\n`,
    ['hub.yaml:3:15 http/port port must be a port number from 0 to 65535, not 70000.'],
  ],
  [
    'a port that is text',
    `${head}http: { port: "70" }\n`,
    ['hub.yaml:3:15 http/port port must be a port number from 0 to 65535, not "70".'],
  ],
  [
    'a port that is missing',
    `${head}broker: { listeners: { tcp: { anonymous: true } } }\n`,
    ['hub.yaml:3:24 broker/listeners/tcp tcp needs the key port.'],
  ],
  [
    'anonymous as yes',
    `${head}broker: { listeners: { tcp: { port: 1, anonymous: yes } } }\n`,
    ['hub.yaml:3:51 broker/listeners/tcp/anonymous anonymous must be true or false, not "yes".'],
  ],
  [
    'an unknown listener',
    `${head}broker: { listeners: { tpc: { port: 1 } } }\n`,
    ['hub.yaml:3:24 broker/listeners/tpc tpc is not a known key of listeners. Did you mean "tcp"?'],
  ],
  [
    'a further listener without a type',
    `${head}broker: { listeners: { plant: { port: 1 } } }\n`,
    ['hub.yaml:3:24 broker/listeners/plant plant needs the key type.'],
  ],
  [
    'a listener that encrypts without a certificate',
    `${head}broker: { listeners: { tls: { port: 1, key: k.pem } } }\n`,
    ['hub.yaml:3:24 broker/listeners/tls tls needs the key cert.'],
  ],
  [
    'a further listener that encrypts without a certificate',
    `${head}broker: { listeners: { plant: { type: wss, port: 1 } } }\n`,
    ['hub.yaml:3:24 broker/listeners/plant plant needs the key cert.', 'hub.yaml:3:24 broker/listeners/plant plant needs the key key.'],
  ],
  [
    'client certificates that nobody signs',
    `${head}broker: { listeners: { tls: { port: 1, cert: c, key: k, clientCertificate: require } } }\n`,
    ['hub.yaml:3:24 broker/listeners/tls tls needs the key ca.'],
  ],
  [
    'a certificate where nothing is encrypted',
    `${head}broker: { listeners: { plant: { type: tcp, port: 1, cert: c } } }\n`,
    ['hub.yaml:3:53 broker/listeners/plant/cert cert is not a known key of plant.'],
  ],
  [
    'a proxy from nowhere',
    `${head}broker: { listeners: { tcp: { port: 1, proxyProtocol: { trusted: [here] } } } }\n`,
    [
      'hub.yaml:3:67 broker/listeners/tcp/proxyProtocol/trusted/0 trusted[0] must be an IP address or a block of them like 192.168.10.0/24, not "here".',
    ],
  ],
  [
    'a websocket path',
    `${head}broker: { listeners: { ws: { port: 1, path: mqtt } } }\n`,
    ['hub.yaml:3:45 broker/listeners/ws/path path must be a path that begins with /, not "mqtt".'],
  ],
  [
    'one port twice',
    `${head}http: { port: 1883 }\nbroker: { listeners: { tcp: { port: 1883 } } }\n`,
    ['hub.yaml:4:37 broker/listeners/tcp/port Port 1883 is already used by http. Choose another port; 0 means any free one.'],
  ],
  [
    'a simulator on the port of the console',
    `${head}simulators: { s: { protocol: modbus-tcp, port: 7070 } }\n`,
    ['hub.yaml:3:48 simulators/s/port Port 7070 is already used by http. Choose another port; 0 means any free one.'],
  ],
  [
    'an unknown protocol',
    `${head}simulators: { s: { protocol: modbus, port: 1 } }\n`,
    ['hub.yaml:3:30 simulators/s/protocol There is no simulator for "modbus". Did you mean "modbus-tcp"?'],
  ],
  [
    'a simulator without its port',
    `${head}simulators:\n  s: { protocol: modbus-tcp }\n`,
    ['hub.yaml:4:3 simulators/s s needs the key port.'],
  ],
  [
    'an unknown preset',
    `${head}simulators: { s: { protocol: modbus-tcp, port: 1, preset: bluprint } }\n`,
    ['hub.yaml:3:59 simulators/s/preset preset must be "blueprint", not "bluprint". Did you mean "blueprint"?'],
  ],
  [
    'a retention without a unit',
    `${head}historian: { retention: 90 }\n`,
    ['hub.yaml:3:25 historian/retention retention must be a duration like 90d or 26w, not 90.'],
  ],
  ['a setup that is text', `${head}historian: { setup: CREATE }\n`, ['hub.yaml:3:21 historian/setup setup must be a list, not "CREATE".']],
  [
    'an empty setup line',
    `${head}historian:\n  setup:\n    -\n`,
    ['hub.yaml:5:6 historian/setup/0 setup[0] must be a text that is not empty, not empty.'],
  ],
  ['no driver', `${head}devices:\n  d: {}\n`, ['hub.yaml:4:3 devices/d d needs the key driver.']],
  ['an empty device', `${head}devices:\n  d:\n`, ['hub.yaml:4:3 devices/d d must be a block of keys, not empty.']],
  [
    'an unknown driver',
    `${head}devices:\n  d: { driver: modbus_tcp }\n`,
    ['hub.yaml:4:16 devices/d/driver There is no driver "modbus_tcp". Did you mean "modbus-tcp"?'],
  ],
  ['settings without the host', device('{ port: 1 }'), ['hub.yaml:6:5 devices/d/settings settings needs the key host.']],
  [
    'an unknown setting',
    device('{ host: h, hots: 1 }'),
    ['hub.yaml:6:26 devices/d/settings/hots hots is not a known key of settings. Did you mean "host"?'],
  ],
  [
    'a setting of few',
    device('{ host: h, wordOrder: litle }'),
    ['hub.yaml:6:37 devices/d/settings/wordOrder wordOrder must be one of big, little, not "litle". Did you mean "little"?'],
  ],
  [
    'a path with an empty level',
    `${head}devices:\n  d: { driver: modbus-tcp, settings: { host: h }, path: a//b }\n`,
    ['hub.yaml:4:57 devices/d/path path must be a path like acme/dallas/press without + and # and without empty levels, not "a//b".'],
  ],
  [
    'an interval without a unit',
    device().replace('1s', '1'),
    ['hub.yaml:9:19 devices/d/groups/g/interval interval must be a duration like 1s or 250ms, not 1.'],
  ],
  [
    'an interval that is a word',
    device().replace('1s', 'fast'),
    ['hub.yaml:9:19 devices/d/groups/g/interval interval must be a duration like 1s or 250ms, not "fast".'],
  ],
  [
    'an interval that is too short',
    device().replace('1s', '9ms'),
    ['hub.yaml:9:19 devices/d/groups/g/interval interval must be from 10ms to 24h, not 9ms.'],
  ],
  [
    'an interval that is too long',
    device().replace('1s', '2d'),
    ['hub.yaml:9:19 devices/d/groups/g/interval interval must be from 10ms to 24h, not 2d.'],
  ],
  [
    'a misspelt interval',
    device().replace('interval', 'intervall'),
    [
      'hub.yaml:8:7 devices/d/groups/g g needs the key interval.',
      'hub.yaml:9:9 devices/d/groups/g/intervall intervall is not a known key of g. Did you mean "interval"?',
    ],
  ],
  [
    'an address that is a number',
    tag('address: 40001, type: int16'),
    ['hub.yaml:10:31 devices/d/groups/g/tags/t/address address must be a text that is not empty, not 40001. Write it in quotes: "40001".'],
  ],
  [
    'an address of another driver',
    tag('address: DB1.DBW0, type: int16'),
    ['hub.yaml:10:31 devices/d/groups/g/tags/t/address The address DB1.DBW0 is not valid for modbus-tcp: it has no unit. Write 1!40001.'],
  ],
  [
    'a driver that fails on an address',
    tag('address: throw, type: int16'),
    ['hub.yaml:10:31 devices/d/groups/g/tags/t/address The address throw is not valid for modbus-tcp: its driver cannot read it.'],
  ],
  [
    'a write to what can only be read',
    tag('address: 1!30001, type: int16, access: readwrite'),
    [
      'hub.yaml:10:61 devices/d/groups/g/tags/t/access The address 1!30001 can only be read. Write access: read, or use an address that can be written.',
    ],
  ],
  [
    'an unknown type',
    tag('address: 1!40001, type: int'),
    [
      'hub.yaml:10:46 devices/d/groups/g/tags/t/type type must be one of bool, bit, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float, double, string, bytes, not "int". Did you mean "int8"?',
    ],
  ],
  [
    'a factor of zero',
    tag('address: 1!40001, type: int16, decimal: 0'),
    ['hub.yaml:10:62 devices/d/groups/g/tags/t/decimal decimal must be a number other than 0, not 0.'],
  ],
  [
    'a factor that is no number',
    tag('address: 1!40001, type: int16, decimal: .nan'),
    ['hub.yaml:10:62 devices/d/groups/g/tags/t/decimal decimal must be a number other than 0, not NaN.'],
  ],
  ['a tag without type', tag('address: 1!40001'), ['hub.yaml:10:17 devices/d/groups/g/tags/t t needs the key type.']],
  [
    'a device named with a slash',
    `${head}devices:\n  a/b: { driver: modbus-tcp, settings: { host: h } }\n`,
    [
      'hub.yaml:4:3 devices/a/b "a/b" cannot be a name: it holds /, which separates or matches topic levels. Use letters, digits, spaces and _ - . : ( ) %, at most 128 characters.',
    ],
  ],
  [
    'a tag named with a wildcard',
    device('{ host: h }', '{ t+: { address: 1!40001, type: int16 } }'),
    [
      'hub.yaml:10:17 devices/d/groups/g/tags/t+ "t+" cannot be a name: it holds +, which separates or matches topic levels. Use letters, digits, spaces and _ - . : ( ) %, at most 128 characters.',
    ],
  ],
  [
    'a name that is too long',
    `${head}rules:\n  ${'x'.repeat(129)}: { sql: a }\n`,
    [
      `hub.yaml:4:3 rules/${'x'.repeat(129)} "${'x'.repeat(60)}…" cannot be a name: it has 129 characters. Use letters, digits, spaces and _ - . : ( ) %, at most 128 characters.`,
    ],
  ],
  [
    'a key that breaks objects',
    `${head}rules:\n  __proto__: { sql: a }\n`,
    ['hub.yaml:4:3 rules/__proto__ __proto__ cannot be used as a key.'],
  ],
  [
    'one namespace path twice',
    device(
      '{ host: h }',
      '{ t: { address: 1!40001, type: int16 } }',
      '      h:\n        interval: 1s\n        tags: { t: { address: 1!40002, type: int16 } }\n',
    ),
    [
      'hub.yaml:13:17 devices/d/groups/h/tags/t The namespace path acme/d/t already belongs to d/g/t. Give the tag another name, or its device another path.',
    ],
  ],
  [
    'an app of an unknown type',
    `${head}apps: { a: { type: mqt } }\n`,
    ['hub.yaml:3:20 apps/a/type There is no app of type "mqt". Did you mean "mqtt"?'],
  ],
  [
    'an app setting of few',
    `${head}apps: { a: { type: mqtt, settings: { qos: 3 } } }\n`,
    ['hub.yaml:3:43 apps/a/settings/qos qos must be one of 0, 1, 2, not 3.'],
  ],
  [
    'a subscription to an unknown device',
    device('{ host: h }', '{}', 'apps: { a: { type: mqtt, subscriptions: [{ device: dd, group: g }] } }\n'),
    ['hub.yaml:11:52 apps/a/subscriptions/0/device There is no device "dd" in this file. Did you mean "d"?'],
  ],
  [
    'a subscription to an unknown group',
    device('{ host: h }', '{}', 'apps: { a: { type: mqtt, subscriptions: [{ device: d, group: gg }] } }\n'),
    ['hub.yaml:11:62 apps/a/subscriptions/0/group The device d has no group "gg". Did you mean "g"?'],
  ],
  [
    "a device named like an object's own method",
    device('{ host: h }', '{}', 'apps: { a: { type: mqtt, subscriptions: [{ device: constructor, group: g }] } }\n'),
    ['hub.yaml:11:52 apps/a/subscriptions/0/device There is no device "constructor" in this file. Known here: d.'],
  ],
  [
    'a topic with a wildcard',
    device('{ host: h }', '{}', 'apps: { a: { type: mqtt, subscriptions: [{ device: d, group: g, topic: a/# }] } }\n'),
    ['hub.yaml:11:72 apps/a/subscriptions/0/topic The topic "a/#" cannot be published to: a topic to publish to holds no + and no #.'],
  ],
  [
    'rule SQL in one line',
    rule('SELECT a FORM "t"'),
    ['hub.yaml:5:19 rules/r/sql The SQL of this rule is not valid at its line 1, column 10: FROM is missing.'],
  ],
  [
    'rule SQL in single quotes',
    rule("'SELECT ''x'' FORM t'"),
    ['hub.yaml:5:24 rules/r/sql The SQL of this rule is not valid at its line 1, column 12: FROM is missing.'],
  ],
  [
    'rule SQL as a block text',
    rule('|\n      SELECT a,\n        b\n      FORM "t"'),
    ['hub.yaml:8:7 rules/r/sql The SQL of this rule is not valid at its line 3, column 1: FROM is missing.'],
  ],
  [
    'rule SQL folded',
    rule('>-\n      SELECT a,\n      b FORM "t"'),
    ['hub.yaml:7:9 rules/r/sql The SQL of this rule is not valid at its line 1, column 13: FROM is missing.'],
  ],
  [
    'rule SQL over two plain lines',
    rule('SELECT a\n      FORM t'),
    ['hub.yaml:6:7 rules/r/sql The SQL of this rule is not valid at its line 1, column 10: FROM is missing.'],
  ],
  [
    'rule SQL with escapes',
    rule('"SELECT \\"a\\" FORM t"'),
    ['hub.yaml:5:10 rules/r/sql The SQL of this rule is not valid at its line 1, column 12: FROM is missing.'],
  ],
  [
    'an action that does nothing',
    `${head}rules:\n  r: { sql: a, actions: [{}] }\n`,
    ['hub.yaml:4:26 rules/r/actions/0 actions[0] must hold exactly one of historian, republish, console.'],
  ],
  [
    'an action that does two things',
    `${head}rules:\n  r: { sql: a, actions: [{ console: true, historian: x }] }\n`,
    ['hub.yaml:4:26 rules/r/actions/0 actions[0] must hold exactly one of historian, republish, console.'],
  ],
  [
    'an unknown action',
    `${head}rules:\n  r: { sql: a, actions: [{ historain: x }] }\n`,
    [
      'hub.yaml:4:26 rules/r/actions/0 actions[0] must hold exactly one of historian, republish, console.',
      'hub.yaml:4:28 rules/r/actions/0/historain historain is not a known key of actions[0]. Did you mean "historian"?',
    ],
  ],
  [
    'a republish to a wildcard',
    `${head}rules:\n  r: { sql: a, actions: [{ republish: { topic: a/+ } }] }\n`,
    ['hub.yaml:4:48 rules/r/actions/0/republish/topic The topic "a/+" cannot be published to: a topic to publish to holds no + and no #.'],
  ],
  [
    'a qos of 3',
    `${head}rules:\n  r: { sql: a, actions: [{ republish: { topic: a, qos: 3 } }] }\n`,
    ['hub.yaml:4:56 rules/r/actions/0/republish/qos qos must be one of 0, 1, 2, not 3.'],
  ],
  ['a dashboard without a title', `${head}dashboards: { a: {} }\n`, ['hub.yaml:3:15 dashboards/a a needs the key title.']],
  [
    'a panel with nothing to show',
    `${head}dashboards: { a: { title: x, panels: [{ targets: [{}] }] } }\n`,
    ['hub.yaml:3:51 dashboards/a/panels/0/targets/0 targets[0] must hold exactly one of tag, rawSql.'],
  ],
  [
    'faults everywhere, in the order of the file',
    `version: 1\nhub: { nam: demo }\nhttp: { port: x }\nrules:\n  r: { sql: a FORM b }\ndevices:\n  d: { driver: s7 }\n`,
    [
      'hub.yaml:2:1 hub hub needs the key name.',
      'hub.yaml:2:8 hub/nam nam is not a known key of hub. Did you mean "name"?',
      'hub.yaml:3:15 http/port port must be a port number from 0 to 65535, not "x".',
      'hub.yaml:5:15 rules/r/sql The SQL of this rule is not valid at its line 1, column 3: FROM is missing.',
      'hub.yaml:7:16 devices/d/driver There is no driver "s7". Known here: modbus-tcp.',
    ],
  ],
];
for (const [title, file, expected] of wrong) {
  test(`a wrong file is told where and why: ${title}`, () => {
    assert.deepEqual(issuesOf(file), expected);
    if (file.includes('\n') && !file.includes('\t'))
      assert.deepEqual(
        issuesOf(file.replaceAll('\n', '\r\n')).map((line) => line.split(' ')[0]),
        expected.map((line) => line.split(' ')[0]),
      );
  });
}

test('the demo file is right and its defaults are filled in', () => {
  const config = configOf(readFileSync(new URL('../../../examples/demo/hub.yaml', import.meta.url), 'utf8'));
  assert.deepEqual(config.hub, { name: 'demo', site: 'acme/dallas' });
  assert.deepEqual(config.http, { host: '127.0.0.1', port: 7070 });
  assert.deepEqual(config.broker.listeners.tcp, { host: '127.0.0.1', port: 1883, anonymous: true });
  assert.deepEqual(config.broker.listeners.ws, { host: '127.0.0.1', port: 8083, anonymous: true, path: '/mqtt' });
  assert.equal(config.historian.setup.length, 2);
  assert.deepEqual(config.devices.demo!.groups.demo_group!.tags.temperature, { address: '1!40001', type: 'int16', access: 'read' });
  assert.deepEqual(config.apps.demo_app!.subscriptions, [
    { device: 'demo', group: 'demo_group', topic: '/neuron/demo_app/demo/demo_group' },
  ]);
  assert.deepEqual(config.apps.demo_app!.settings, { format: 'values' });
  assert.equal(config.rules.ingest!.enabled, true);
  assert.deepEqual(Object.keys(config.dashboards), ['conditions']);
});

test('the smallest file gives a whole configuration that listens on this machine only', () => {
  assert.deepEqual(configOf('version: 1\nhub: { name: a }\ndevices:\n'), {
    version: 1,
    hub: { name: 'a' },
    http: { host: '127.0.0.1', port: 7070 },
    broker: {
      listeners: {
        tcp: { host: '127.0.0.1', port: 1883, anonymous: false },
        ws: { host: '127.0.0.1', port: 8083, anonymous: false, path: '/mqtt' },
      },
      durability: 'os',
      authentication: [{ type: 'device-credentials' }, { type: 'tokens' }, { type: 'people' }],
      acl: [],
    },
    templates: {},
    simulators: {},
    historian: { retention: '90d', setup: [] },
    devices: {},
    apps: {},
    rules: {},
    dashboards: {},
  });
});

test('a written listener that asks for credentials serves every network, an anonymous one this machine', () => {
  const { listeners } = configOf(`${head}broker: { listeners: { tcp: { port: 0 }, ws: { port: 0, anonymous: true } } }\n`).broker;
  assert.equal(listeners.tcp!.host, '0.0.0.0');
  assert.equal(listeners.ws!.host, '127.0.0.1');
});

test('listeners have what they speak, rates and proxies; flapping has its defaults', () => {
  const { broker } = configOf(`${head}broker:
  flapping: { ban: 1h }
  listeners:
    tls: { port: 8883, cert: certs/a.pem, key: certs/a.key, ca: certs/ca.pem, clientCertificate: request, minVersion: TLSv1.3 }
    wss: { port: 8084, cert: certs/a.pem, key: certs/a.key }
    plant: { type: tcp, port: 1884, maxConnections: 50, connectRate: 20, clientRate: { messages: 100 }, totalRate: { bytes: 1e6 } }
    edge: { type: ws, host: 127.0.0.1, port: 8085, path: /m, proxyProtocol: { trusted: [10.0.0.0/8, "::1"] } }
`);
  assert.deepEqual(broker.flapping, { disconnects: 15, window: '1m', ban: '1h' });
  const { tls, wss, plant, edge } = broker.listeners;
  assert.deepEqual([tls!.host, tls!.clientCertificate, tls!.minVersion, tls!.anonymous], ['0.0.0.0', 'request', 'TLSv1.3', false]);
  assert.deepEqual([wss!.path, wss!.clientCertificate], ['/mqtt', undefined]);
  assert.deepEqual([plant!.type, plant!.clientRate, plant!.totalRate], ['tcp', { messages: 100 }, { bytes: 1e6 }]);
  assert.deepEqual([edge!.path, edge!.proxyProtocol], ['/m', { trusted: ['10.0.0.0/8', '::1'] }]);
});

test('a device without a path stands below the site', () => {
  assert.equal(configOf(device()).devices.d!.path, 'acme/d');
  assert.equal(configOf(device().replace(', site: acme', '')).devices.d!.path, 'd');
});

test('!env and !file bring values that withoutSecrets hides again', () => {
  const result = read(device('{ host: !env HOST, password: !file /run/secret }'));
  assert.ok(result.ok);
  assert.deepEqual(result.value.config.devices.d!.settings, { host: '10.0.0.9', port: 502, password: 'from-file' });
  const shown = withoutSecrets(result.value.config, result.value.secrets);
  assert.deepEqual(shown.devices.d!.settings, { host: '!env HOST', port: 502, password: '!file /run/secret' });
  assert.equal(result.value.config.devices.d!.settings.password, 'from-file');
});

test('${…} is never expanded', () => {
  assert.equal(configOf(`${head}rules: { r: { sql: "\${HOST}" } }\n`).rules.r!.sql, '${HOST}');
});

test('names of other scripts, numbers and spaces are names', () => {
  const config = configOf(`${head}rules:\n  温度 1: { sql: a }\n  7: { sql: a }\n  Ofen (süd): { sql: a }\n`);
  assert.deepEqual(Object.keys(config.rules).sort(), ['7', 'Ofen (süd)', '温度 1']);
});

test('aliases share a block without sharing its object', () => {
  const config = configOf(`${head}devices:\n  a: &d { driver: modbus-tcp, settings: { host: h } }\n  b: *d\n`);
  assert.equal(config.devices.a!.path, 'acme/a');
  assert.equal(config.devices.b!.path, 'acme/b');
});

test('hostile files end in a sentence: depth, alias bombs, size, garbage', () => {
  assert.match(issuesOf(`a: ${'['.repeat(200_000)}`).join('\n'), /not valid YAML/);
  assert.match(issuesOf(`x: ${'['.repeat(100)}${']'.repeat(100)}\n`).join('\n'), /too deeply/);
  const bomb = [
    'a0: &a0 [1,1,1,1,1,1,1,1,1,1]',
    ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(',')}]`),
  ].join('\n');
  assert.match(issuesOf(bomb).join('\n'), /aliases stand for too much/);
  assert.match(issuesOf(' '.repeat(20_000_001)).join('\n'), /The file has 21 MB; at most 20 MB are read\./);
  assert.ok(issuesOf('\u0000\u0001: \ufffd{{{').length > 0);
});

test('a thousand faults are shown and the rest is counted', () => {
  const rows = Array.from({ length: 1500 }, (_, i) => `          t${i}: { address: nope, type: int16 }`).join('\n');
  const issues = issuesOf(device('{ host: h }', `\n${rows}`));
  assert.equal(issues.length, 1001);
  assert.match(issues.at(-1)!, /There are more faults than can be shown\./);
});

test('ten thousand tags are read in order of their number', () => {
  const rows = Array.from(
    { length: 10_000 },
    (_, i) => `          t${i}: { address: 1!4${String(i % 10_000).padStart(4, '0')}, type: int16 }`,
  ).join('\n');
  assert.equal(Object.keys(configOf(device('{ host: h }', `\n${rows}`)).devices.d!.groups.g!.tags).length, 10_000);
});

test('every property of the schema has a title, a description and an effect', () => {
  const bare: string[] = [];
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties, additionalProperties, items } = node as Record<string, any>;
    for (const [key, property] of Object.entries<any>(properties ?? {})) {
      if (!property.title || !property.description || !['live', 'reconnect', 'restart'].includes(property.effect))
        bare.push(`${at}/${key}`);
      visit(property, `${at}/${key}`);
    }
    visit(additionalProperties, `${at}/*`);
    visit(items, `${at}/-`);
  };
  visit(HubSchema, '');
  assert.deepEqual(bare, []);
});

test('the printed schema knows the drivers, asks for no key that has a default and is plain JSON', () => {
  const schema = hubJsonSchema(registry) as any;
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(schema.required, ['version', 'hub']);
  const deviceSchema = schema.properties.devices.additionalProperties;
  assert.deepEqual(deviceSchema.required, ['driver']);
  assert.deepEqual(deviceSchema.properties.driver.enum, ['modbus-tcp']);
  assert.equal(deviceSchema.allOf[0].then.properties.settings.properties.port.default, 502);
  assert.equal(schema.properties.simulators.additionalProperties.allOf[0].then.properties.protocol, true);
});

test('the schema for editors lets a device with a template leave out what that says, and asks the others', () => {
  const schema = hubJsonSchema(registry, 'hub', 'editor');
  const faults = (device: unknown): string[] =>
    checkAgainst(schema, { version: 1, hub: { name: 'a' }, devices: { d: device } }).map(
      (f) => `${f.path.slice(2).join('/')} ${f.keyword}`,
    );
  const tags = { t: { decimal: 2 }, gone: null };
  assert.deepEqual(faults({ template: 'x', variables: { unit: 1 }, groups: { g: { tags }, h: null } }), []);
  assert.deepEqual(faults({ driver: 'modbus-tcp', groups: { g: { tags } } }), [
    'groups/g required',
    'groups/g/tags/t required',
    'groups/g/tags/gone type',
  ]);
  assert.deepEqual(faults({}), [' required']);
});
