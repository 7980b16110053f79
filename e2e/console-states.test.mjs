import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { readyLine, startDemo } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const token = 'omh_test_console_states_0123456789';
const screens = ['/', '/live', '/messages', '/rules', '/data', '/dashboards', '/simulators', '/system'];

/** Runs `omh up` with a hub file on free loopback ports: `{ http, stop }`. */
async function startHub(text) {
  const folder = mkdtempSync(join(tmpdir(), 'omh-states-'));
  writeFileSync(join(folder, 'hub.yaml'), text);
  const ports = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0'];
  const child = spawn(
    process.execPath,
    [at('packages/cli/dist/main.js'), 'up', '-c', join(folder, 'hub.yaml'), '--data', join(folder, 'data'), '--json', ...ports],
    { cwd: folder, env: { ...process.env, OMH_ADMIN_TOKEN: token }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));
  const { http } = await readyLine(child, exited, 30_000);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return { http, token, stop };
}

describe('the console when there is nothing, when it may not, and when the hub is away', {
  concurrency: false,
  skip: findBrowser() === undefined && browserMissing,
}, () => {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  /** A page signed in with a role, and every error that it threw. */
  async function enter(http, bearer, role = 'admin') {
    const answer = await fetch(`${http}/api/v1/sign-in-codes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ role }),
    });
    const { code } = await answer.json();
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${http}/#sign-in=${code}`);
    await page.getByTestId('signed-in-name').first().waitFor();
    return { page, faults, get: (id) => page.getByTestId(id), close: () => context.close() };
  }
  const sentence = (page) => page.getByTestId('screen-sentence').first().innerText();

  test('a hub with nothing in its file says on every screen what is missing', { timeout: 30_000 }, async (t) => {
    const hub = await startHub('version: 1\nhub: { name: bare }\n');
    t.after(() => hub.stop());
    const { page, faults, get, close } = await enter(hub.http, hub.token);
    t.after(close);
    await page.getByText('Nothing is read yet.').waitFor();
    assert.equal(await get('nav-simulator').count(), 0);
    const expected = {
      '/live': /No tag is configured yet/,
      '/messages': /No message arrives/,
      '/rules': /No rule acts/,
      '/data': /no rows/,
      '/dashboards': /no dashboard yet/,
      '/simulators': /No simulator is configured/,
    };
    for (const [path, said] of Object.entries(expected)) {
      await page.goto(hub.http + path);
      await until(`${path} says ${said}`, async () => said.test(await sentence(page)), 8000);
      const top = await get('screen-sentence')
        .first()
        .evaluate((h) => h.getBoundingClientRect().top);
      assert.ok(top < 120, `the sentence of ${path} begins ${top} px from the top`);
    }
    assert.ok(!(await page.locator('body').innerText()).includes('undefined'));
    assert.deepEqual(faults, []);
  });

  test('a setpoint is written: refused beyond its range, confirmed within it', { timeout: 30_000 }, async (t) => {
    const hub = await startHub(`version: 1
hub: { name: rig }
simulators: { rig: { protocol: modbus-tcp, port: 5020 } }
devices:
  press2:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 5020 }
    groups:
      io:
        interval: 200ms
        tags:
          output: { address: 1!00001, type: bit, access: readwrite }
          setpoint: { address: 1!40010, type: uint16, access: readwrite, unit: bar }
`);
    t.after(() => hub.stop());
    const { page, faults, get, close } = await enter(hub.http, hub.token);
    t.after(close);
    await get('nav-live').click();
    await page.getByLabel('Write press2/io/setpoint').click();
    await get('write-value').fill('99999');
    await get('write-confirm').click();
    await page.getByText('0 to 65535').waitFor();
    await get('write-value').fill('186');
    await page.keyboard.press('Control+Enter');
    await get('write-done').waitFor();
    assert.match(await get('write-done').innerText(), /press2 confirmed 186 bar after \d+ ms/);
    await until('186 in its row', async () => /186/.test(await get('row-press2/io/setpoint').innerText()), 5000);
    await page.keyboard.press('Escape');
    await get('write-confirm').waitFor({ state: 'detached' });
    await page.getByLabel('Write press2/io/output').click();
    await page.getByRole('button', { name: 'on', exact: true }).click();
    await get('write-confirm').click();
    await until('on in its row', async () => /on/.test(await page.locator('[data-testid="row-press2/io/output"] .val').innerText()), 5000);
    assert.deepEqual(faults, []);
  });

  test('a viewer sees every screen and nothing that it may not do', { timeout: 40_000 }, async (t) => {
    const demo = await startDemo();
    t.after(() => demo.stop());
    const { page, faults, get, close } = await enter(demo.ready.http, demo.token, 'viewer');
    t.after(close);
    for (const path of screens) {
      await page.goto(demo.ready.http + path);
      await get('screen-sentence').first().waitFor();
    }
    await page.goto(`${demo.ready.http}/simulators`);
    await page.getByText('Engineers can stop and start this.').waitFor();
    await page.goto(`${demo.ready.http}/rules`);
    await page.getByText('Engineers can change rules.').waitFor();
    for (const id of ['simulator-stop', 'rule-new', 'rule-save', 'save-panel', 'rule-test']) assert.equal(await get(id).count(), 0, id);
    await page.goto(`${demo.ready.http}/data`);
    await get('sql-result').waitFor();
    assert.equal(await get('save-panel').count(), 0);
    assert.deepEqual(faults, []);
  });

  test('why a tag is bad stands under its row; while the hub is away every sentence is dated; a new hub asks to sign in again', {
    timeout: 60_000,
  }, async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'omh-states-'));
    t.after(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    let demo = await startDemo({ dataDir });
    t.after(() => demo.stop());
    const { http } = demo.ready;
    const { page, faults, get, close } = await enter(http, demo.token);
    t.after(close);
    await fetch(`${http}/api/v1/simulators/plant/stop`, { method: 'POST', headers: { authorization: `Bearer ${demo.token}` } });
    await get('nav-live').click();
    await until('both bad', async () => (await sentence(page)) === 'Both values are bad.', 10_000);
    const why = get('why-demo/demo_group/temperature');
    await why.focus();
    await page.keyboard.press('Enter');
    const reason = get('reason-demo/demo_group/temperature');
    await reason.waitFor();
    await until('the whole reason', async () => /refuses the connection.*Last good \d+ at/s.test(await reason.innerText()), 8000);
    assert.match(await reason.innerText(), /1!40001 of demo/);

    await get('nav-overview').click();
    await until('the device in the sentence', async () => /^demo is lost: .* refuses the connection\./.test(await sentence(page)), 5000);
    await demo.stop();
    await get('link-lost').waitFor();
    assert.match(await sentence(page), /^At \d\d:\d\d:\d\d: demo is lost/);
    // A screen without any request of its own learns it too.
    await get('nav-live').click();
    assert.match(await sentence(page), /^At \d\d:\d\d:\d\d: Both values are bad/);
    demo = await startDemo({ dataDir, args: ['--http-port', new URL(http).port] });
    await get('sign-in').waitFor({ timeout: 20_000 });
    assert.equal(await sentence(page), 'This session has ended.');
    await page.goto(demo.ready.signIn.replace('/#', '/live#'));
    await get('row-demo/demo_group/temperature').waitFor();
    assert.deepEqual(faults, []);
  });
});
