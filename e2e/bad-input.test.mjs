// What is wrong before anything runs: the hub file, the ports, the data directory.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { anyPorts, dataWith, demoFile, folder, omh, request, silentPeer, watchPlant } from '../test/support/bad-peers.mjs';
import { readyLine, startDemo } from '../test/support/demo.mjs';
import { at } from '../scripts/workspace.mjs';

/** `line` and `column` of the nth character where `needle` begins in `text`. */
function placeOf(text, needle) {
  const before = text.slice(0, text.indexOf(needle)).split('\n');
  return { line: before.length, column: before.at(-1).length + 1 };
}

const wrongFiles = [
  {
    what: 'YAML with a bracket that is not closed',
    change: [/^devices:/m, 'devices: ['],
    at: '[\n  demo:',
    says: /not valid YAML: this \[ is not closed/,
  },
  { what: 'YAML with a tab as indentation', change: ['  plant: {', '\tplant: {'], at: '\tplant', says: /not valid YAML: .*tab/i },
  {
    what: 'an unknown key',
    change: ['retention: 90d', 'retentoin: 90d'],
    at: 'retentoin',
    says: /retentoin is not a known key of historian.*Did you mean "retention"\?/,
  },
  {
    what: 'an unknown key of a tag',
    change: ['address: 1!40002', 'adress: 1!40002'],
    at: 'adress',
    says: /adress is not a known key.*Did you mean "address"\?/,
  },
  {
    what: 'an address that no device has',
    change: ['1!40002', '9!x'],
    at: '9!x',
    says: /The address 9!x is not valid for modbus-tcp: .*For example 9!40001\./,
  },
  {
    what: 'a rule that does not parse',
    change: ['AS temperature, payload', 'AS , payload'],
    at: ', payload.values.humidity',
    says: /The SQL of this rule is not valid at its line 1, column \d+: .*AS/,
  },
  {
    what: 'an unknown driver',
    change: ['driver: modbus-tcp', 'driver: modbus-tpc'],
    at: 'modbus-tpc',
    says: /no driver "modbus-tpc".*Did you mean "modbus-tcp"\?/,
  },
  {
    what: 'an app that reads a device which is not there',
    change: ['device: demo,', 'device: demmo,'],
    at: 'demmo,',
    says: /no device "demmo".*Did you mean "demo"\?/,
  },
];

describe('a wrong hub file is told with its place', { concurrency: 2 }, () => {
  for (const { what, change, at: needle, says } of wrongFiles) {
    test(what, { timeout: 30_000 }, async (t) => {
      const dir = dataWith(t, change);
      const text = readFileSync(join(dir, 'hub.yaml'), 'utf8');
      const validate = await omh(['validate', 'hub.yaml'], { cwd: dir });
      const up = await omh(['up', '-c', 'hub.yaml', '--data', join(dir, 'data'), ...anyPorts], { cwd: dir });
      for (const [command, { code, said }] of [
        ['validate', { code: validate.code, said: validate.stdout }],
        ['up', { code: up.code, said: up.stderr }],
      ]) {
        assert.equal(code, 2, `${command}: ${said}`);
        const place = placeOf(text, needle);
        const found = said.split('\n').find((l) => says.test(l));
        assert.ok(found, `${command}: ${said}`);
        assert.match(found, new RegExp(`hub\\.yaml:${place.line}:${place.column} `), command);
        // One mistake is one fault (a misspelt key may also be a missing one), not a page of echoes.
        assert.ok(said.split('\n').filter((l) => /hub\.yaml:\d+:\d+ /.test(l)).length <= 2, said);
        assert.doesNotMatch(said, /\n {4}at |undefined|\[object/, command);
      }
      assert.match(up.stderr, /\[HUB_FILE_INVALID\]/);
      assert.equal(up.stdout, '', 'it is never ready');
    });
  }

  test('a file that is not there', { timeout: 20_000 }, async (t) => {
    const { code, stderr } = await omh(['up', '-c', 'nothing.yaml', '--data', 'data'], { cwd: folder(t) });
    assert.equal(code, 1);
    assert.match(stderr, /nothing\.yaml cannot be read: there is no such file\. .*omh init.*\[HUB_FILE_UNREADABLE\]/);
  });
});

describe('what another program holds', () => {
  for (const [flag, index] of [
    ['--http-port', 1],
    ['--mqtt-port', 3],
    ['--ws-port', 5],
    ['--modbus-port', 7],
  ]) {
    test(`a taken port is named with ${flag}`, { timeout: 20_000 }, async (t) => {
      const taken = await silentPeer();
      t.after(() => taken.close());
      const ports = anyPorts.with(index, String(taken.port));
      const { code, stderr, stdout } = await omh(['demo', '--json', '--data', folder(t), ...ports]);
      assert.equal(code, 1, stderr);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
      assert.match(
        stderr,
        new RegExp(`Port ${taken.port} on 127\\.0\\.0\\.1 is taken by another program\\. .*${flag}\\. \\[\\w+_PORT_TAKEN\\]`),
      );
      assert.equal(stdout, '');
    });
  }

  test('the data directory of a running hub is refused with its process id, and that hub goes on', { timeout: 40_000 }, async (t) => {
    const demo = await startDemo();
    t.after(() => demo.stop());
    const plant = await watchPlant(demo);
    t.after(() => plant.close());
    const { code, stderr, stdout } = await omh(['demo', '--json', '--data', demo.dataDir, ...anyPorts]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`in use by process ${demo.pid}\\. .*--data\\. \\[STORAGE_LOCKED\\]`));
    assert.equal(stdout, '');
    await plant.goesOn();
    const status = await omh(['status', '--data', demo.dataDir]);
    assert.equal(status.code, 0, 'the refused hub leaves the endpoint of the running one alone');
  });
});

const newRule = { sql: 'SELECT payload FROM "t"', actions: [{ console: true }] };

describe('the hub file under a running hub', () => {
  test('changed by hand: a change over REST is refused and the hand edit stays', { timeout: 40_000 }, async (t) => {
    const demo = await startDemo();
    t.after(() => demo.stop());
    const plant = await watchPlant(demo);
    t.after(() => plant.close());
    const file = join(demo.dataDir, 'hub.yaml');
    appendFileSync(file, '# by hand\n');
    const { status, body } = await request(demo, 'PUT', '/api/v1/rules/more', newRule);
    assert.equal(status, 409, JSON.stringify(body));
    assert.equal(body.code, 'HUB_FILE_CHANGED');
    assert.match(body.detail ?? body.title, /hub\.yaml was changed on disk/);
    assert.match(body.next, /Plan and apply what stands on disk/);
    assert.equal(readFileSync(file, 'utf8'), `${demoFile}# by hand\n`);
    assert.deepEqual(
      (await demo.get('/api/v1/rules')).rules.map((r) => r.name),
      ['ingest'],
    );
    await plant.goesOn();
    writeFileSync(file, demoFile);
    assert.equal((await request(demo, 'PUT', '/api/v1/rules/more', newRule)).status, 200);
  });

  test('read-only: a change over REST is refused with that reason', { timeout: 40_000 }, async (t) => {
    // Root writes everything, so under root the hub runs as nobody.
    const uid = process.getuid() === 0 ? 65534 : undefined;
    const dir = dataWith(t);
    const file = join(dir, 'hub.yaml');
    chmodSync(file, 0o444);
    if (uid !== undefined) chownSync(dir, uid, uid);
    const token = `omh_test_${'r'.repeat(32)}`;
    const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), 'demo', '--json', '--data', dir, ...anyPorts], {
      cwd: dir,
      env: { ...process.env, OMH_ADMIN_TOKEN: token },
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    t.after(async () => {
      child.kill('SIGTERM');
      await exited;
    });
    const ready = await readyLine(child, exited, 20_000);
    const demo = { ready, token, get: async (path) => (await request(demo, 'GET', path)).body };
    const plant = await watchPlant(demo);
    const { status, body } = await request(demo, 'PUT', '/api/v1/rules/more', newRule);
    assert.equal(status, 409, JSON.stringify(body));
    assert.equal(body.code, 'HUB_FILE_READ_ONLY');
    assert.match(body.detail ?? body.title, /hub\.yaml cannot be written: the user that runs omh has no permission/);
    assert.match(body.next, /writable/);
    assert.equal(readFileSync(file, 'utf8'), demoFile);
    assert.deepEqual(
      (await demo.get('/api/v1/rules')).rules.map((r) => r.name),
      ['ingest'],
    );
    await plant.goesOn();
    await plant.close();
  });
});
