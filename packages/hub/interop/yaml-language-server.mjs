import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { hubJsonSchema } from '@omh/config';
import { registry } from '@omh/hub';

// What an editor with YAML support makes of the schema: yaml-language-server, as in VS Code, Neovim and others.

const onPath = spawnSync('which', ['yaml-language-server'], { encoding: 'utf8' }).stdout.trim();
const program = process.env.OMH_YAML_LANGUAGE_SERVER ?? onPath;
const absent = existsSync(program)
  ? false
  : 'yaml-language-server not found: npm install --prefix DIR yaml-language-server, then OMH_YAML_LANGUAGE_SERVER=DIR/node_modules/.bin/yaml-language-server';

/** What docs and editors set: the two tags of the hub file are known, nothing is fetched from the network. */
const settings = {
  validate: true,
  hover: true,
  completion: true,
  schemaStore: { enable: false },
  customTags: ['!env scalar', '!file scalar'],
};

/** A few messages of the Language Server Protocol over standard input and output. */
class Editor {
  #server = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
  #buffer = Buffer.alloc(0);
  #next = 1;
  #answers = new Map();
  #diagnostics = new Map();

  constructor() {
    this.#server.stdout.on('data', (data) => this.#take(data));
  }
  async open(folder) {
    await this.ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(folder).href,
      capabilities: { workspace: { configuration: true, didChangeConfiguration: {} }, textDocument: { completion: {}, hover: {} } },
    });
    this.#send({ method: 'initialized', params: {} });
    this.#send({ method: 'workspace/didChangeConfiguration', params: { settings: { yaml: settings } } });
  }
  close() {
    this.#server.kill();
  }
  /** Shows a text; `|?` in it marks where the cursor is and goes. */
  show(path, marked) {
    const at = marked.indexOf('|?');
    const text = marked.replace('|?', '');
    const before = marked.slice(0, Math.max(0, at)).split('\n');
    const uri = pathToFileURL(path).href;
    const told = new Promise((resolve) => this.#diagnostics.set(uri, resolve));
    this.#send({ method: 'textDocument/didOpen', params: { textDocument: { uri, languageId: 'yaml', version: 1, text } } });
    return { uri, told, textDocument: { uri }, position: { line: before.length - 1, character: before.at(-1).length } };
  }
  ask(method, params) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#send({ id, method, params });
    });
  }
  #send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.#server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.#server.stdin.write(body);
  }
  #take(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const head = this.#buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.toString('latin1', 0, head))[1]);
      if (this.#buffer.length < head + 4 + length) return;
      const message = JSON.parse(this.#buffer.toString('utf8', head + 4, head + 4 + length));
      this.#buffer = this.#buffer.subarray(head + 4 + length);
      if (message.method === 'textDocument/publishDiagnostics') this.#diagnostics.get(message.params.uri)?.(message.params.diagnostics);
      else if (message.method === 'workspace/configuration')
        this.#send({ id: message.id, result: message.params.items.map(({ section }) => (section === 'yaml' ? settings : null)) });
      else if (message.method !== undefined && message.id !== undefined) this.#send({ id: message.id, result: null });
      else if (message.id !== undefined) {
        const { resolve, reject } = this.#answers.get(message.id) ?? {};
        this.#answers.delete(message.id);
        if (message.error) reject?.(new Error(message.error.message));
        else resolve?.(message.result);
      }
    }
  }
}

let dir;
let editor;
let n = 0;
before(async () => {
  if (absent) return;
  dir = mkdtempSync(join(tmpdir(), 'omh-editor-'));
  mkdirSync(join(dir, 'devices'));
  writeFileSync(join(dir, 'hub.schema.json'), JSON.stringify(hubJsonSchema(registry)));
  writeFileSync(join(dir, 'hub-included.schema.json'), JSON.stringify(hubJsonSchema(registry, 'included')));
  editor = new Editor();
  await editor.open(dir);
});
after(() => {
  editor?.close();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

const hub = (body) => `# yaml-language-server: $schema=./hub.schema.json\nversion: 1\nhub: { name: a }\n${body}`;
const device = (body) => hub(`devices:\n  press:\n    ${body}`);
const show = (text) => editor.show(join(dir, `hub${n++}.yaml`), text);
async function completed(text) {
  const { told, ...at } = show(text);
  await told;
  const answer = await editor.ask('textDocument/completion', at);
  return (answer.items ?? answer).map((item) => item.label);
}
async function hovered(text) {
  const { told, ...at } = show(text);
  await told;
  const answer = await editor.ask('textDocument/hover', at);
  const contents = answer?.contents;
  return typeof contents === 'string' ? contents : (contents?.value ?? JSON.stringify(contents ?? ''));
}
const diagnosed = async (text) => (await show(text).told).map(({ message, range }) => `${range.start.line + 1}: ${message}`);
const has = (found, ...wanted) => {
  for (const one of wanted) assert.ok(found.includes(one), `${one} is not among ${found.join(', ')}`);
};
const check = (name, run) => void test(name, { skip: absent }, run);

check('the demo has no fault', async () => {
  const demo = readFileSync(new URL('../../../examples/demo/hub.yaml', import.meta.url), 'utf8');
  assert.deepEqual(await diagnosed(demo), []);
});
check('the sections of the file are offered', async () => {
  has(await completed(hub('|?')), 'devices', 'apps', 'rules', 'dashboards', 'simulators', 'historian', 'broker', 'http', 'include');
});
check('drivers are offered', async () => {
  has(await completed(device('driver: |?\n')), 'modbus-tcp');
});
check('the settings of the chosen driver are offered', async () => {
  has(
    await completed(device('driver: modbus-tcp\n    settings:\n      host: h\n      |?')),
    'port',
    'timeout',
    'byteOrder',
    'maxRegisters',
  );
});
check('data types and access of a tag are offered', async () => {
  const tag = (rest) =>
    device(
      `driver: modbus-tcp\n    settings: { host: h }\n    groups:\n      g:\n        interval: 1s\n        tags:\n          t:\n            address: 1!40001\n            ${rest}`,
    );
  has(await completed(tag('type: |?')), 'int16', 'float', 'string');
  has(await completed(tag('type: int16\n            access: |?')), 'read', 'readwrite');
});
check('the settings of an app and the limits of the broker are offered', async () => {
  has(await completed(hub('apps:\n  app:\n    type: mqtt\n    settings:\n      |?')), 'url', 'clientId', 'qos');
  has(await completed(hub('broker:\n  limits:\n    |?')), 'maxConnections', 'maxPacketSize');
});
check('the protocol of a simulator and the types of panels are offered', async () => {
  has(await completed(hub('simulators:\n  s:\n    protocol: |?')), 'modbus-tcp');
  has(await completed(hub('dashboards:\n  d:\n    title: D\n    panels:\n      - type: |?')), 'timeseries', 'stat', 'table');
});
check('a key under the pointer says what it is', async () => {
  assert.match(
    await hovered(device('driver: modbus-tcp\n    settings: { host: h }\n    groups:\n      g: { inter|?val: 1s, tags: {} }\n')),
    /Time between two readings/,
  );
  assert.match(
    await hovered(device('driver: modbus-tcp\n    settings:\n      host: h\n      max|?Gap: 1\n')),
    /read along to join two requests/,
  );
  assert.match(await hovered(hub('historian: { reten|?tion: 90d }\n')), /How long samples are kept/);
});
check('an unknown key and a wrong value are underlined in their lines', async () => {
  const found = await diagnosed(
    device(
      'driver: modbus-tcp\n    settings:\n      host: h\n      prot: 502\n      port: 70000\n    groups:\n      g: { interval: 5, tags: {} }\n',
    ),
  );
  assert.ok(
    found.some((line) => /^9: .*prot/.test(line)),
    found.join('\n'),
  );
  assert.ok(
    found.some((line) => /^10: .*65535/.test(line)),
    found.join('\n'),
  );
  assert.ok(
    found.some((line) => line.startsWith('12: ')),
    found.join('\n'),
  );
});
check('a driver that does not exist is underlined', async () => {
  assert.match((await diagnosed(device('driver: modbus\n    settings: {}\n'))).join(), /6: .*modbus-tcp/);
});
check('!env, !file and tags in a table are accepted', async () => {
  assert.deepEqual(
    await diagnosed(
      hub('apps:\n  a:\n    type: mqtt\n    settings: { url: mqtt://h, username: !env USER_NAME, password: !file secret }\n'),
    ),
    [],
  );
  assert.deepEqual(
    await diagnosed(
      device('driver: modbus-tcp\n    settings: { host: h }\n    groups: { g: { interval: 1s, tags: { file: tags/a.csv } } }\n'),
    ),
    [],
  );
});
check('an included file has its own schema', async () => {
  const text = (body) => `# yaml-language-server: $schema=../hub-included.schema.json\n${body}`;
  const open = (body) => editor.show(join(dir, 'devices', `d${n++}.yaml`), text(body));
  assert.deepEqual(await open('devices:\n  press:\n    driver: modbus-tcp\n    settings: { host: h }\n').told, []);
  const [fault] = await open('http: { port: 7070 }\n').told;
  assert.match(fault.message, /http/);
});
