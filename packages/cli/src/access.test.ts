import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectMqtt } from './mqtt-client.ts';
import { folder, many, omh, start, type Ended } from './testing/omh-process.ts';

const admin = 'an-admin-token-of-enough-length';
const hubFile = (more = 'http: { port: 0 }'): string =>
  `version: 1\nhub: { name: x, site: acme }\n${more}\nbroker: { listeners: { tcp: { host: 127.0.0.1, port: 0 } } }\n`;
const limit = { timeout: 60_000 };
interface Ready {
  readonly http: string;
  readonly mqtt: string;
  readonly signIn?: string;
}
const post = async (url: string, body: object, cookie?: string): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(cookie === undefined ? {} : { cookie }) },
    body: JSON.stringify(body),
  });
const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')!.split(';')[0]!;

test('a hub without people listens on this machine only and gives one link, which makes the first administrator', limit, async (t) => {
  const dir = folder(t);
  // An address of documentation, which no machine has: it is tried from the start on that finds somebody.
  writeFileSync(join(dir, 'hub.yaml'), hubFile('http: { host: 192.0.2.1, port: 0 }').replace('host: 127.0.0.1', 'host: 192.0.2.1'));
  const hub = start(t, ['up', '--json'], { cwd: dir });
  const ready = JSON.parse(await hub.line()) as Ready;
  assert.equal(new URL(ready.http).hostname, '127.0.0.1');
  assert.equal(new URL(ready.mqtt).hostname, '127.0.0.1');
  const code = /^http:\/\/127\.0\.0\.1:\d+\/#first-admin=(\S{32})$/.exec(ready.signIn!)![1]!;

  const mqtt = { host: '127.0.0.1', port: new URL(ready.mqtt).port, mqttVersion: '4', keepalive: '60' };
  await assert.rejects(connectMqtt(mqtt), /Not authorized/, 'anonymous is off unless the file says so');

  const opened = await post(`${ready.http}/api/v1/login`, { code });
  assert.equal(opened.status, 200);
  assert.equal(((await opened.json()) as { principal: { only: string } }).principal.only, 'create-first-admin');
  const cookie = cookieOf(opened);
  assert.equal((await fetch(`${ready.http}/api/v1/status`, { headers: { cookie } })).status, 403, 'it opens nothing else');
  const made = await post(`${ready.http}/api/v1/first-admin`, { name: 'alice', password: 'correct horse battery' }, cookie);
  assert.equal(made.status, 200);
  assert.equal((await fetch(`${ready.http}/api/v1/status`, { headers: { cookie: cookieOf(made) } })).status, 200);
  assert.equal((await post(`${ready.http}/api/v1/login`, { code })).status, 401, 'it works once');
  assert.equal((await hub.end('SIGTERM')).code, 0);

  const next = await omh(t, ['up', '--json'], { cwd: dir });
  assert.equal(next.code, 1);
  assert.match(next.err, /192\.0\.2\.1/, 'the configured host counts now');

  writeFileSync(join(dir, 'hub.yaml'), hubFile());
  const again = start(t, ['up', '--json'], { cwd: dir });
  const second = JSON.parse(await again.line()) as Ready;
  assert.equal(second.signIn, undefined, 'with people there they sign in by name');
  assert.equal((await post(`${second.http}/api/v1/login`, { name: 'alice', password: 'correct horse battery' })).status, 200);
  const link = await omh(t, ['sign-in'], { cwd: dir });
  assert.match(link.out, /#sign-in=\S{32}\n$/, 'whoever has the data directory still comes in');
});

test('the ready table says how to come in, and that the hub listens here only', limit, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile('http: { host: 192.0.2.1, port: 0 }'));
  const shown = async (): Promise<string> => {
    const hub = start(t, ['up'], { cwd: dir });
    for (let i = 0; i < 600 && !hub.out().includes('Ctrl-C stops'); i++)
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    if (hub.out().includes('#first-admin')) assert.equal((await omh(t, ['user', 'add', 'alice', '--role', 'admin'], { cwd: dir })).code, 0);
    return (await hub.end('SIGTERM')).out;
  };
  const first = await shown();
  assert.match(first, /nobody who may sign in yet, so the hub listens on this machine only/);
  assert.match(first, /Then start the hub again/);
  assert.match(first, /Console http:\S+\/#first-admin=\S+\n.*makes the first administrator/);
  writeFileSync(join(dir, 'hub.yaml'), hubFile());
  const second = await shown();
  assert.match(second, /Console http:\/\/127\.0\.0\.1:\d+\n +Sign in with name and password/);
  assert.doesNotMatch(second, /Warning|sign-in=/);
});

test('plain HTTP beyond this machine is a standing warning, in the ready table and in status', limit, async (t) => {
  // Loopback in a spelling that is not known as such, so that nothing is open to other machines here.
  const host = '0:0:0:0:0:0:0:1';
  const there = await new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen({ host, port: 0 }, () => probe.close(() => resolve(true)));
  });
  if (!there) return t.skip('IPv6 loopback not found: sysctl net.ipv6.conf.lo.disable_ipv6=0');
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile(`http: { host: "${host}", port: 0 }`));
  const first = start(t, ['up', '--json'], { cwd: dir });
  assert.match((JSON.parse(await first.line()) as Ready).http, /^http:\/\/127\.0\.0\.1:/);
  assert.equal((await omh(t, ['user', 'add', 'alice', '--role', 'admin'], { cwd: dir })).code, 0);
  await first.end('SIGTERM');
  const hub = start(t, ['up'], { cwd: dir });
  for (let i = 0; i < 600 && !hub.out().includes('Ctrl-C stops'); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  assert.match(hub.out(), /\nWarning: the console is served in plain HTTP/);
  const status = await omh(t, ['status'], { cwd: dir });
  assert.match(status.out, /api +running .*plain HTTP to other machines/);
});

test('people, tokens and device credentials are kept at the command line; a secret is told once, alone on stdout', limit, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile());
  const hub = start(t, ['up', '--json'], { cwd: dir });
  const { http, mqtt } = JSON.parse(await hub.line()) as Ready;
  const driver = many(t, dir);
  const run = (...args: string[]): Promise<Ended> => driver(args, {});
  const secret = ({ code, out, err }: Ended): string => {
    assert.equal(code, 0, err);
    assert.match(out, /^\S{12,}\n$/);
    return out.trim();
  };

  const handed = secret(await run('user', 'add', 'alice', '--role', 'admin', '--display-name', 'Alice A.'));
  const login = await post(`${http}/api/v1/login`, { name: 'alice', password: handed });
  assert.equal(((await login.json()) as { mustChange: boolean }).mustChange, true);
  const piped = start(t, ['user', 'add', 'bob', '--permission', 'values.read', 'tag.write acme/line1/#', '--password-stdin'], { cwd: dir });
  piped.write('a word of bob\n');
  assert.deepEqual(await piped.ended.then(({ code, out }) => [code, out]), [0, '']);
  assert.equal((await post(`${http}/api/v1/login`, { name: 'bob', password: 'a word of bob' })).status, 200);
  const twice = await run('user', 'add', 'bob', '--role', 'viewer');
  assert.equal(twice.code, 1);
  assert.match(twice.err, /already a user "bob"/);
  assert.equal((await run('user', 'set', 'bob', '--role', 'viewer', '--disable')).out, 'bob: viewer, disabled.\n');
  assert.equal((await post(`${http}/api/v1/login`, { name: 'bob', password: 'a word of bob' })).status, 401);
  assert.match((await run('user', 'set', 'bobb', '--enable')).err, /no user "bobb".*Is it "bob"/);
  const renewed = JSON.parse((await run('user', 'password', 'alice', '--json')).out) as { password: string; user: object };
  assert.equal((await post(`${http}/api/v1/login`, { name: 'alice', password: handed })).status, 401);
  assert.equal((await post(`${http}/api/v1/login`, { name: 'alice', password: renewed.password })).status, 200);
  assert.equal((await run('user', 'remove', 'bob')).code, 0);
  const listed = await run('user', 'list');
  assert.match(listed.out, /alice +Alice A\. +admin +password to be changed/);
  assert.ok(![handed, renewed.password, 'bob'].some((word) => listed.out.includes(word)));
  const last = await run('user', 'set', 'alice', '--role', 'viewer');
  assert.match(last.err, /last person who may do everything/);

  const token = secret(await run('token', 'create', 'graf', '--role', 'viewer', '--expires', '30d'));
  const asToken = { cwd: dir, env: { OMH_URL: http, OMH_TOKEN: token } };
  assert.equal((await omh(t, ['status'], asToken)).code, 0);
  const tokens = JSON.parse((await run('token', 'list', '--json')).out) as { tokens: { name: string; expires: string }[] };
  const days = (Date.parse(tokens.tokens[0]!.expires) - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days <= 30, String(days));
  assert.equal((await run('token', 'revoke', 'graf')).out, 'Token hub/graf is revoked.\n');
  assert.equal((await omh(t, ['status'], asToken)).code, 1);
  assert.match((await run('token', 'revoke', 'graf')).err, /no token "graf"/);

  const pw = secret(await run('device-credential', 'put', 'press-1', '--publish', 'acme/#', '--subscribe', 'acme/set/#'));
  const device = { host: '127.0.0.1', port: new URL(mqtt).port, username: 'press-1', pw, mqttVersion: '5', keepalive: '60' };
  const client = await connectMqtt(device);
  const closed = new Promise((resolve) => {
    client.once('disconnect', ({ reasonCode }) => resolve(reasonCode));
  });
  assert.match((await run('device-credential', 'list')).out, /press-1 +acme\/# +acme\/set\/# +enabled/);
  assert.match((await run('device-credential', 'put', 'press-1', '--disable')).err, /press-1 \(disabled\) publishes acme\/#/);
  assert.equal(await closed, 0x87);
  await client.endAsync(true);
  await assert.rejects(connectMqtt(device), /Not authorized/);
  assert.equal((await run('device-credential', 'remove', 'press-1')).code, 0);
  assert.match((await run('device-credential', 'remove', 'press-1')).err, /no device credential "press-1"/);

  for (const wrong of [
    ['user'],
    ['user', 'dance'],
    ['user', 'add', 'x'],
    ['user', 'add', 'x', '--role', 'king'],
    ['user', 'add', 'x', '--role', 'admin', '--permission', '*'],
    ['user', 'add', 'x', '--role', 'admin', '--password', 'secret'],
    ['user', 'set', 'x'],
    ['token', 'create', 'x'],
    ['token', 'create', 'x', '--role', 'viewer', '--expires', 'soon'],
    ['device-credential', 'put', 'x', '--enable', '--disable'],
  ])
    assert.equal((await run(...wrong)).code, 2, wrong.join(' '));
  const empty = start(t, ['user', 'add', 'x', '--role', 'viewer', '--password-stdin'], { cwd: dir });
  empty.write('');
  assert.equal((await empty.ended).code, 2);
});

type Role = 'viewer' | 'operator' | 'engineer' | 'admin';
const roleNames: readonly Role[] = ['viewer', 'operator', 'engineer', 'admin'];
const everybody = roleNames;
const engineers: readonly Role[] = ['engineer', 'admin'];
const admins: readonly Role[] = ['admin'];

/** What asks a running hub, by whom it is answered; ROLE is the role's name, so that each has its own things. */
const matrix: readonly (readonly [command: string, allowed: readonly Role[], verb: string])[] = [
  ['status', everybody, 'status.read'],
  ['sql|SELECT 1', everybody, 'sql.read'],
  ['sql|CREATE TABLE t_ROLE (a INTEGER)', engineers, 'sql.write'],
  ['plan', engineers, 'config.read'],
  ['apply', engineers, 'config.read'],
  ['rollback|1', engineers, 'config.write'],
  ['revisions', engineers, 'config.read'],
  ['sign-in', admins, 'access.write'],
  ['user list', admins, 'users.read'],
  ['user add new-ROLE --role viewer', admins, 'users.read'],
  ['user set all --display-name ROLE', admins, 'users.read'],
  ['user password all', admins, 'users.read'],
  ['user remove old-ROLE', admins, 'users.write'],
  ['token list', engineers, 'tokens.write'],
  ['token create new-ROLE --role viewer', engineers, 'tokens.write'],
  ['token revoke old-ROLE', engineers, 'tokens.write'],
  ['device-credential list', admins, 'users.read'],
  ['device-credential put new-ROLE', admins, 'access.write'],
  ['device-credential remove old-ROLE', admins, 'access.write'],
  ['backup ROLE.backup', admins, 'backup.create'],
  ['verify', admins, 'audit.read'],
  ['tags export', engineers, 'config.read'],
  ['device list', everybody, 'devices.read'],
  ['trace nowhere/g/t', everybody, 'values.read'],
  ['pub -V 5 -q 1 -t a/b -m x', engineers, 'mqtt.publish'],
  ['sub -V 5 -t a/# -W 0.2', everybody, 'mqtt.subscribe'],
];
/** Run a hub, look at files or go to a device themselves; who may do that is a matter of the machine. */
const local = ['demo', 'up', 'init', 'validate', 'schema', 'broker', 'simulate', 'bench', 'restore', 'probe', 'read', 'write', 'browse'];

test('each command that asks a hub is for its roles and refused to everybody else', limit, async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'hub.yaml'), hubFile());
  const hub = start(t, ['up', '--json'], { cwd: dir, env: { OMH_ADMIN_TOKEN: admin } });
  const { http, mqtt } = JSON.parse(await hub.line()) as Ready;
  const put = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${http}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, path);
    return (await answer.json()) as Record<string, unknown>;
  };
  await put('PUT', 'users/root', { role: 'admin' });
  await put('PUT', 'users/all', { role: 'viewer' });
  const tokens: Record<string, string> = { 'a stranger': 'omh_this-is-no-token-of-this-hub-at-all' };
  for (const role of roleNames) {
    tokens[role] = (await put('POST', 'tokens', { name: `as-${role}`, role }))['secret'] as string;
    await put('PUT', `users/old-${role}`, { role: 'viewer' });
    await put('POST', 'tokens', { name: `old-${role}`, role: 'viewer' });
    await put('PUT', `device-credentials/old-${role}`, {});
  }
  const cases = matrix.flatMap(([command, allowed, verb]) => Object.keys(tokens).map((who) => ({ command, allowed, verb, who })));
  const run = many(t, dir);
  for (const { command, allowed, verb, who } of cases) {
    const token = tokens[who]!;
    const words = command.includes('|') ? command.split('|') : command.split(' ');
    const overMqtt = words[0] === 'pub' || words[0] === 'sub';
    const args = [...words, ...(overMqtt ? ['-p', new URL(mqtt).port, '-u', 'x', '-P', token] : [])];
    const env = { OMH_URL: http, OMH_TOKEN: token };
    const { code, err } = await run(
      args.map((word) => word.replace('ROLE', who)),
      env,
    );
    const name = `${command} as ${who}: ${err}`;
    if (allowed.includes(who as Role)) {
      // There is no revision 1 to go back to and no tag to follow; what matters is that the hub was asked.
      if (!['rollback', 'trace'].includes(words[0]!)) assert.equal(code, 0, name);
      assert.doesNotMatch(err, /no permission/, name);
    } else {
      assert.equal(code, 1, name);
      const sentence = overMqtt ? /Not authorized|does not let this client/ : who === 'a stranger' ? /unknown or has ended/ : undefined;
      assert.match(err, sentence ?? new RegExp(`has no permission ${verb.replace('.', '\\.')}|with the permission sql\\.write`), name);
      assert.doesNotMatch(err, /\n {4}at /, name);
    }
  }

  const help = await omh(t, ['--help']);
  for (const [, name] of help.out.matchAll(/^ {2}([a-z][a-z-]*) /gm)) {
    if (name === 'help' || local.includes(name!)) continue;
    const rows = matrix.map(([command]) => command.split(/[ |]/));
    assert.ok(
      rows.some(([first]) => first === name),
      `${name} stands in no row`,
    );
    if (!['user', 'token', 'device-credential'].includes(name!)) continue;
    for (const [, below] of (await omh(t, [name!, '--help'])).out.matchAll(/^ {2}([a-z][a-z-]*) /gm))
      if (below !== 'omh' && below !== 'help')
        assert.ok(
          rows.some(([first, second]) => first === name && second === below),
          `${name} ${below} stands in no row`,
        );
  }
});
