import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectMqtt } from './mqtt-client.ts';
import { folder, start } from './testing/omh-process.ts';

const admin = 'canary-automation-token-0001';
const fromEnv = 'canary-from-the-environment-0002';
const fromFile = 'canary-from-a-file-0003';
const handedOut = 'canary handed out 0004';
const chosen = 'canary chosen 0005';
const wrong = 'canary wrong 0006';
const wrongDevice = 'canary-wrong-device-0007';

const hubFile = `version: 1
hub: { name: canary, site: acme }
http: { port: 0 }
broker: { listeners: { tcp: { host: 127.0.0.1, port: 0 } } }
simulators:
  plant: { protocol: modbus-tcp, port: 5020, preset: blueprint }
devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 5020 }
    groups:
      g:
        interval: 100ms
        tags:
          temperature: { address: 1!40001, type: int16, access: read }
          output: { address: 1!00001, type: bit, access: readwrite }
          absent: { address: 1!00099, type: bit, access: readwrite }
apps:
  north:
    type: mqtt
    settings: { url: "mqtt://127.0.0.1:1", username: !env OMH_TEST_CANARY, password: !file secret.txt }
    subscriptions: [{ device: press, group: g }]
`;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string;
}
interface Audited {
  readonly who: string;
  readonly verb: string;
  readonly what: string;
  readonly result: string;
}

test('a running hub', { timeout: 90_000 }, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile);
  writeFileSync(join(dir, 'secret.txt'), `${fromFile}\n`);
  const hub = start(t, ['up', '--json', '--modbus-port', '0', '--log-level', 'debug', '--log-format', 'json'], {
    cwd: dir,
    env: { OMH_ADMIN_TOKEN: admin, OMH_TEST_CANARY: fromEnv },
  });
  const ready = JSON.parse(await hub.line()) as { http: string; mqtt: string; signIn: string };
  const data = join(dir, 'omh-data');
  const endpoint = join(data, 'run', 'endpoint.json');
  const endpointToken = (JSON.parse(readFileSync(endpoint, 'utf8')) as { token: string }).token;
  const canaries = [admin, fromEnv, fromFile, handedOut, chosen, wrong, wrongDevice, endpointToken, ready.signIn.split('=')[1]!];

  const seen: string[] = [];
  const raw = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await fetch(`${ready.http}${path}`, {
      method,
      headers: {
        ...(headers['cookie'] === undefined ? { authorization: `Bearer ${endpointToken}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    return { status: answer.status, text: Buffer.from(await answer.arrayBuffer()).toString('latin1'), cookie };
  };
  const ask: typeof raw = async (...request) => {
    const answer = await raw(...request);
    seen.push(`${request[0]} ${request[1]} ${answer.status} ${answer.text}`);
    return answer;
  };
  /** What an answer tells once is meant for its caller. */
  const once = async (method: string, path: string, body: unknown, key: string): Promise<string> => {
    const answer = await raw(method, path, body);
    assert.equal(answer.status, 200, answer.text);
    const secret = (JSON.parse(answer.text) as Record<string, string>)[key]!;
    canaries.push(secret);
    return secret;
  };
  const audited = async (): Promise<Audited[]> =>
    (JSON.parse((await ask('GET', '/api/v1/audit?limit=1000')).text) as { records: Audited[] }).records;

  const viewer = await once('POST', '/api/v1/tokens', { name: 'viewer', role: 'viewer' }, 'secret');
  await t.test('records accepted, refused and failed writes, changes by SQL and refusals over MQTT', async () => {
    const write = (tag: string, token: string): Promise<Answer> =>
      ask('POST', '/api/v1/write', { device: 'press', group: 'g', tag, value: true }, { authorization: `Bearer ${token}` });
    assert.equal((await write('output', endpointToken)).status, 200);
    assert.equal((await write('output', viewer)).status, 403);
    assert.ok((await write('absent', endpointToken)).status >= 500);
    assert.equal((await ask('POST', '/api/v1/sql', { sql: 'CREATE TABLE canary (a INTEGER)' })).status, 200);
    assert.equal((await ask('POST', '/api/v1/sql', { sql: 'DROP TABLE canary' }, { authorization: `Bearer ${viewer}` })).status, 403);
    const mqtt = { host: '127.0.0.1', port: new URL(ready.mqtt).port, mqttVersion: '5', keepalive: '60', username: 'press-1' };
    const pw = await once('PUT', '/api/v1/device-credentials/press-1', { publish: ['acme/#'] }, 'secret');
    for (let i = 0; i < 5; i++) await assert.rejects(connectMqtt({ ...mqtt, pw: wrongDevice }));
    await assert.rejects(connectMqtt({ ...mqtt, username: wrongDevice, pw: 'x' }));
    const client = await connectMqtt({ ...mqtt, pw });
    await assert.rejects(client.publishAsync('other/topic', 'x', { qos: 1 }));
    await client.endAsync(true);
    const records = (await audited()).map(({ who, verb, what, result }) => `${who} ${verb} ${what} ${result}`);
    for (const line of [
      'admin-token tag.write acme/press/output ok',
      'hub/viewer tag.write write refused',
      'admin-token tag.write acme/press/absent failed',
      'admin-token sql.write CREATE ok',
      'press-1 mqtt.connect mqtt/tcp refused',
      'press-1 mqtt.publish other/topic refused',
    ])
      assert.equal(records.filter((record) => record === line).length, 1, `${line} in\n${records.join('\n')}`);
  });

  await t.test('tells no secret in answers, logs, revisions, audit, metrics or files', async () => {
    await ask('PUT', '/api/v1/users/root', { role: 'admin', password: chosen });
    await ask('PUT', '/api/v1/users/carol', { role: 'engineer', password: handedOut });
    const signed = await raw('POST', '/api/v1/login', { name: 'carol', password: handedOut }, { authorization: '' });
    canaries.push(signed.cookie.split('=')[1]!);
    const own = { cookie: signed.cookie };
    await ask('POST', '/api/v1/password', { password: wrong, newPassword: chosen }, own);
    const changed = await raw('POST', '/api/v1/password', { password: handedOut, newPassword: chosen }, own);
    assert.equal(changed.status, 200, changed.text);
    canaries.push(changed.cookie.split('=')[1]!);
    await once('PUT', '/api/v1/users/dave', { role: 'viewer' }, 'password');
    await once('POST', '/api/v1/sign-in-codes', {}, 'code');
    for (const name of ['carol', wrong]) await ask('POST', '/api/v1/login', { name, password: wrong }, { authorization: '' });
    await ask('GET', '/api/v1/status', undefined, { authorization: `Bearer omh_${wrong.replaceAll(' ', '')}` });
    canaries.push(`omh_${wrong.replaceAll(' ', '')}`);

    // Secrets where they do not belong: what is wrong is said without the value.
    const base = (): Promise<number> =>
      raw('GET', '/api/v1/config').then(({ text }) => (JSON.parse(text) as { revision: number }).revision);
    const plan = async (text: string): Promise<Answer> => ask('POST', '/api/v1/config/plan', { base: await base(), text });
    for (const [from, to] of [
      ['driver: modbus-tcp', 'driver: !env OMH_TEST_CANARY'],
      ['interval: 100ms', 'interval: !env OMH_TEST_CANARY'],
      ['type: int16', 'type: !file secret.txt'],
      ['address: 1!40001', 'address: !env OMH_TEST_CANARY'],
      ['version: 1', 'version: !env OMH_TEST_CANARY'],
      ['device: press, group: g', 'device: !env OMH_TEST_CANARY, group: !file secret.txt'],
      ['preset: blueprint', 'preset: !file secret.txt'],
      ['"mqtt://127.0.0.1:1"', '!env OMH_TEST_CANARY'],
      ['port: 0 }\n', 'port: !env OMH_TEST_CANARY }\n'],
    ] as const) {
      assert.ok(hubFile.includes(from));
      const { status, text } = await plan(hubFile.replace(from, to));
      assert.ok(status === 400 || status === 200, `${to} ${status} ${text}`);
    }
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => {
      taken.once('listening', resolve);
    });
    const { port } = taken.address() as AddressInfo;
    const apply = async (text: string): Promise<Answer> => {
      const planned = await plan(text);
      assert.equal(planned.status, 200, planned.text);
      return ask('POST', '/api/v1/config/apply', { planId: (JSON.parse(planned.text) as { planId: string }).planId, comment: 'canary' });
    };
    const second = `  other: { protocol: modbus-tcp, port: ${port}, preset: blueprint }\ndevices:`;
    const failed = await apply(hubFile.replace('devices:', second).replace('group: g }]', 'group: g, topic: x }]'));
    assert.ok(failed.status === 409 || failed.status === 200, failed.text);
    taken.close();
    assert.equal(
      (await apply(hubFile.replace('interval: 100ms', 'interval: 200ms').replace('group: g }]', 'group: g, topic: y }]'))).status,
      200,
    );
    await ask('PUT', '/api/v1/apps/broken', { type: 'mqtt', settings: { password: 5, username: fromEnv.length } });

    const openapi = JSON.parse((await ask('GET', '/api/v1/openapi.json')).text) as { paths: Record<string, Record<string, unknown>> };
    let routes = 0;
    for (const [path, methods] of Object.entries(openapi.paths)) {
      for (const method of Object.keys(methods).map((word) => word.toUpperCase())) {
        for (const name of path.includes('{') && method === 'GET' ? ['carol', 'press-1', 'press', '2', 'north'] : ['nobody-knows']) {
          const at = path.replace(/\{\w+\}/g, name);
          await ask(method, at, method === 'GET' || method === 'DELETE' ? undefined : {});
          routes++;
        }
      }
    }
    assert.ok(routes > 60, String(routes));
    assert.match((await ask('GET', '/metrics')).text, /omh_part_up/);

    const files = (): [string, string][] =>
      readdirSync(data, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path, readFileSync(path, 'latin1')]);
    const present = files().filter(([path]) => path !== endpoint);
    assert.equal(statSync(endpoint).mode & 0o777, 0o600);
    const { code, out, err } = await hub.end('SIGTERM');
    assert.equal(code, 0, err);
    const places: [string, string][] = [
      ...seen.map((text): [string, string] => ['an answer', text]),
      ['the log', err],
      ['stdout', out.replace(ready.signIn, '')],
      ...present,
      ...files(),
    ];
    assert.ok(err.split('\n').length > 10, 'the log is at debug level');
    for (const folderName of ['revisions', 'audit', 'state'])
      assert.ok(
        present.some(([path]) => path.includes(join(data, folderName))),
        folderName,
      );
    for (const [place, text] of places)
      for (const canary of canaries) {
        const at = text.indexOf(canary);
        assert.equal(at, -1, `${place} holds ${canary}: ${text.slice(Math.max(0, at - 200), at + 60)}`);
      }
    assert.equal(new Set(canaries).size, canaries.length);
    assert.ok(canaries.every((canary) => canary.length >= 10));
  });
});
