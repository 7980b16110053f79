import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { readyLine } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');
const hubFile = `version: 1
hub: { name: shop, site: acme/dallas }
broker:
  listeners: { tcp: { port: 1883 } }
`;

/** A hub that nobody may sign in to yet. */
async function startUp() {
  const folder = mkdtempSync(join(tmpdir(), 'omh-access-'));
  writeFileSync(join(folder, 'hub.yaml'), hubFile);
  const args = ['up', '-c', join(folder, 'hub.yaml'), '--json', '--http-port', '0', '--mqtt-port', '0', '--data', join(folder, 'data')];
  const { OMH_ADMIN_TOKEN: _, ...env } = process.env;
  const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output = (output + text).slice(-64 * 1024);
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));
  const ready = await readyLine(child, exited, 30_000, () => output);
  return {
    ready,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

describe('people, keys and the audit log in a browser', { concurrency: false, skip: findBrowser() === undefined && browserMissing }, () => {
  const annsPassword = 'five small ducks';
  const eriksPassword = 'nine green kites';
  let hub;
  let browser;
  let ann;
  let erik;
  let handedOut;
  let eriksToken;
  let complaints = [];

  /** A browser of its own, for one person. */
  const somebody = async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      // A refusal that the page tells in its own words is logged by the browser too.
      const refusal = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text());
      if (message.type() === 'error' && !refusal) complaints.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(hub.ready.http).host)
        complaints.push(`left the host: ${request.url()}`);
    });
    return page;
  };
  const says = (page, text) =>
    page.waitForFunction((wanted) => document.querySelector('[data-testid=screen-sentence]')?.textContent?.includes(wanted), text);
  const withToken = (token, path, init = {}) =>
    fetch(`${hub.ready.http}/api/v1${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  const type = async (page, ...keys) => {
    for (const key of keys) await (key === 'Tab' || key === 'Enter' ? page.keyboard.press(key) : page.keyboard.type(key));
  };

  before(async () => {
    hub = await startUp();
    browser = await launchBrowser();
    ann = await somebody();
  });
  after(async () => {
    await browser?.close();
    await hub?.stop();
  });
  afterEach(async (t) => {
    if (complaints.length > 0) {
      mkdirSync(pictures, { recursive: true });
      await ann.screenshot({ path: join(pictures, `${t.name.replaceAll(/\W+/g, '-')}.png`) });
    }
    const found = complaints;
    complaints = [];
    assert.deepEqual(found, []);
  });

  test('the one-time link makes the first administrator, by keyboard alone, and is gone from address and history', async () => {
    assert.match(hub.ready.signIn, /#first-admin=/);
    await ann.goto(hub.ready.signIn);
    await says(ann, 'Make the first administrator.');
    assert.ok(!ann.url().includes('first-admin'), ann.url());
    await ann.goto(`${hub.ready.http}/access`);
    await says(ann, 'Make the first administrator.');
    await type(ann, 'Ann', 'Tab', 'Ann Miller', 'Tab', 'password123', 'Tab', 'Tab', 'password123', 'Enter');
    await ann.getByText('it is among the first that are guessed').waitFor();
    await ann.keyboard.press('ControlOrMeta+A');
    await type(ann, annsPassword, 'Tab', 'Tab');
    await ann.keyboard.press('ControlOrMeta+A');
    await type(ann, 'something else', 'Enter');
    await ann.getByText('The two are not the same.').waitFor();
    await type(ann, 'Tab', 'Tab');
    await ann.keyboard.press('ControlOrMeta+A');
    await type(ann, annsPassword, 'Enter');
    await ann.getByTestId('signed-in-name').waitFor();
    assert.equal(await ann.getByTestId('signed-in-name').innerText(), 'ann');
    await says(ann, '1 person may sign in.');
    await ann.goBack();
    assert.ok(!ann.url().includes('first-admin'), ann.url());
    await ann.goForward();
  });

  test('the link works once', async () => {
    const other = await somebody();
    await other.goto(hub.ready.signIn);
    await says(other, 'This link for the first administrator was used already or is too old.');
    await other.getByText('prints a new link').waitFor();
    await other.context().close();
  });

  test('a new person gets a password that is shown once', async () => {
    await ann.getByTestId('nav-access').click();
    await ann.getByTestId('person-new').click();
    await ann.getByTestId('field-name').fill('ann');
    await ann.getByText('There is already somebody called ann.').waitFor();
    await ann.getByTestId('field-name').fill('Erik');
    await ann.getByTestId('role-engineer').check();
    await ann.getByTestId('person-add').click();
    handedOut = await ann.getByTestId('secret').innerText();
    assert.ok(handedOut.length >= 12, handedOut);
    await ann.getByText('It will not be shown again').waitFor();
    await ann.getByTestId('secret-done').click();
    assert.equal(await ann.getByText(handedOut).count(), 0);
    await ann.reload();
    await ann.getByTestId('person-state').waitFor();
    assert.match(await ann.getByTestId('person-state').innerText(), /password that was handed out/);
    assert.ok(!(await ann.content()).includes(handedOut));
  });

  test('a handed-out password opens nothing but its own change', async () => {
    erik = await somebody();
    await erik.goto(`${hub.ready.http}/`);
    await says(erik, 'Sign in to');
    await type(erik, 'erik', 'Tab', 'not this one', 'Enter');
    await erik.getByText('The name or the password is wrong.').waitFor();
    await type(erik, handedOut, 'Enter');
    await says(erik, 'Choose a password of your own, erik.');
    await erik.goto(`${hub.ready.http}/live`);
    await says(erik, 'Choose a password of your own, erik.');
    assert.equal(await erik.evaluate(async () => (await fetch('/api/v1/status')).status), 403);
    await type(erik, handedOut, 'Tab', 'Tab', eriksPassword, 'Tab', 'Tab', eriksPassword, 'Enter');
    await erik.getByTestId('signed-in-name').waitFor();
    assert.equal(await erik.getByTestId('signed-in-name').innerText(), 'erik');
  });

  test('an engineer sees neither people nor the audit log', async () => {
    await erik.getByTestId('nav-overview').waitFor();
    assert.equal(await erik.getByTestId('nav-access').count(), 0);
    assert.equal(await erik.getByTestId('nav-audit').count(), 0);
    await erik.goto(`${hub.ready.http}/audit`);
    await says(erik, 'Audit is not open to the role engineer.');
    await erik.goto(`${hub.ready.http}/access/people/ann`);
    await says(erik, 'Access is not open to the role engineer.');
  });

  test('a token is made, works as far as it may, and is refused once it is revoked', async () => {
    await erik.getByTestId('account-menu').click();
    await erik.getByTestId('account-tokens').click();
    await erik.getByTestId('token-new').click();
    assert.equal(await erik.getByTestId('role-admin').count(), 0, 'an engineer hands on what an engineer has');
    await erik.getByTestId('field-name').fill('grafana');
    await erik.getByTestId('role-viewer').check();
    await erik.getByTestId('token-life').selectOption('7');
    await erik.getByTestId('token-add').click();
    const first = await erik.getByTestId('secret').innerText();
    await erik.getByTestId('secret-done').click();
    assert.equal((await withToken(first, '/status')).status, 200);
    const change = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"role":"viewer"}' };
    assert.equal((await withToken(first, '/users/mallory', change)).status, 403);
    await erik.getByTestId('revoke-grafana').click();
    await erik.getByTestId('confirm').click();
    await erik.getByText('You have no API token').waitFor();
    assert.equal((await withToken(first, '/status')).status, 401);

    await erik.getByTestId('token-new').click();
    await erik.getByTestId('field-name').fill('script');
    await erik.getByTestId('token-add').click();
    eriksToken = await erik.getByTestId('secret').innerText();
    assert.equal((await withToken(eriksToken, '/status')).status, 200);
  });

  test('a device connects over MQTT with the credential made for it, and not without', async () => {
    await ann.goto(`${hub.ready.http}/access/devices`);
    await ann.getByTestId('device-new').click();
    await ann.getByTestId('field-name').fill('press-7');
    await ann.getByTestId('publish-0').fill('acme/press-7/#/x');
    await ann.getByTestId('device-save').click();
    await ann.getByText('is no topic filter').waitFor();
    await ann.getByTestId('publish-0').fill('acme/press-7/#');
    await ann.getByTestId('device-save').click();
    const password = await ann.getByTestId('secret').innerText();
    const options = { username: 'press-7', reconnectPeriod: 0, connectTimeout: 5_000, protocolVersion: 5 };
    await assert.rejects(mqtt.connectAsync(hub.ready.mqtt, { ...options, password: `${password}x` }), /not authorized|bad user name/i);
    const client = await mqtt.connectAsync(hub.ready.mqtt, { ...options, password });
    await client.publishAsync('acme/press-7/count', '1', { qos: 1 });
    await client.endAsync();
    await ann.getByTestId('device-disable').click();
    await ann.getByTestId('confirm').click();
    await ann.getByText('Disabled: it cannot connect.').waitFor();
    await assert.rejects(mqtt.connectAsync(hub.ready.mqtt, { ...options, password }), /not authorized|bad user name/i);
  });

  test('the last administrator cannot be made anything less', async () => {
    await ann.goto(`${hub.ready.http}/access/people/ann`);
    await ann.getByTestId('role-engineer').check();
    await ann.getByTestId('person-save').click();
    await ann.getByText('ann is the last person who may do everything.').waitFor();
  });

  test('whoever is disabled is at the sign-in with the next click, and so are the tokens', async () => {
    await ann.goto(`${hub.ready.http}/access/people/erik`);
    await ann.getByTestId('person-disable').click();
    await ann.getByTestId('confirm').click();
    await ann.getByText('erik is disabled; all sessions ended.').waitFor();
    await erik
      .getByTestId('nav-overview')
      .click({ timeout: 2_000 })
      .catch(() => undefined);
    await says(erik, 'This session has ended.');
    assert.equal((await withToken(eriksToken, '/status')).status, 401);
    await erik.getByTestId('field-username').fill('erik');
    await erik.getByTestId('field-password').fill(eriksPassword);
    await erik.getByTestId('sign-in').click();
    await erik.getByText('The name or the password is wrong.').waitFor();
  });

  test('after too many wrong attempts the page counts down', async () => {
    const other = await somebody();
    await other.goto(`${hub.ready.http}/`);
    await other.getByTestId('field-username').fill('nobody');
    for (let i = 0; i < 6; i++) {
      const answer = other.waitForResponse((response) => response.url().endsWith('/login'));
      await other.getByTestId('field-password').fill(`wrong number ${i}`);
      await other.getByTestId('sign-in').click();
      if ((await answer).status() === 429) break;
    }
    const left = async () => Number.parseInt(await other.getByTestId('locked-for').innerText(), 10);
    const first = await left();
    assert.ok(first > 0 && first <= 20, String(first));
    await until('fewer seconds', async () => (await left()) < first, 5_000);
    await other.context().close();
  });

  test("one's other sessions end at a press", async () => {
    const elsewhere = await somebody();
    await elsewhere.goto(`${hub.ready.http}/account`);
    await says(elsewhere, 'Sign in to');
    await type(elsewhere, 'ann', 'Tab', annsPassword, 'Enter');
    await elsewhere.getByText('You are signed in here and in 1 other place.').waitFor();
    await ann.goto(`${hub.ready.http}/account`);
    await ann.getByTestId('end-others').click();
    await ann.getByTestId('confirm').click();
    await ann.getByText('You are signed in here only.').waitFor();
    await says(elsewhere, 'This session has ended.');
    await elsewhere.context().close();
  });

  test('the audit log has all of it, filtered, in detail, whole and as a file', async () => {
    await ann.getByTestId('nav-audit').click();
    await ann.getByTestId('audit-record').first().waitFor();
    await ann.getByTestId('audit-what').fill('users/erik');
    await until('the filter in the address', async () => ann.url().includes('what=users'), 5_000);
    await until('only records about erik', async () => {
      const rows = await ann.getByTestId('audit-record').allInnerTexts();
      return rows.length > 1 && rows.every((row) => row.includes('users/erik') && row.includes('users.write'));
    });
    await ann.goto(`${hub.ready.http}/audit?who=erik&result=refused`);
    await ann.locator('[data-testid=audit-record][data-verb="users.write"]').first().click();
    assert.match(await ann.getByTestId('audit-detail').innerText(), /erik\/grafana[\s\S]*Refused[\s\S]*API_NOT_ALLOWED/);
    const shared = ann.url();
    await ann.goto('about:blank');
    await ann.goto(shared);
    assert.match(await ann.getByTestId('audit-detail').innerText(), /erik\/grafana/);
    await ann.getByTestId('audit-clear').click();
    for (const verb of ['first-admin', 'login', 'password', 'tokens.write', 'access.write', 'sessions.end'])
      await ann.locator(`[data-testid=audit-record][data-verb="${verb}"]`).first().waitFor();
    await ann.getByTestId('audit-verify').click();
    await ann.getByTestId('audit-verdict').waitFor();
    assert.match(await ann.getByTestId('audit-verdict').innerText(), /The chain is whole: \d+ records/);
    const file = ann.waitForEvent('download');
    await ann.getByTestId('audit-csv').click();
    const lines = readFileSync(await (await file).path(), 'utf8').split('\r\n');
    assert.equal(lines[0], 'number,time,who,kind,from,verb,what,result,detail');
    assert.ok(lines.some((line) => /,ann,person,127\.0\.0\.1,users\.write,users\/erik,ok,/.test(line)));
    assert.ok(!lines.join().includes(handedOut));
  });

  test('who signs out is out, and comes back with name and password', async () => {
    await ann.getByTestId('account-menu').click();
    await ann.getByTestId('sign-out').click();
    await says(ann, 'Sign in to');
    await type(ann, 'ann', 'Tab', annsPassword, 'Enter');
    await ann.getByTestId('signed-in-name').waitFor();
  });
});
