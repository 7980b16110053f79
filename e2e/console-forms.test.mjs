import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { readyLine } from '../test/support/demo.mjs';
import { topic, until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A plant with nothing but a simulated device in it. */
const emptyPlant = (port) => `# The plant of Dallas.
version: 1
hub: { name: demo, site: acme/dallas }   # its name stands in every topic
broker:
  listeners: { tcp: { port: 1883, anonymous: true } }
simulators:
  plant: { protocol: modbus-tcp, port: ${port}, preset: blueprint }   # the press
`;

/** Sections of the demo's file, which a person wrote, without its comments. */
function written(sections, port) {
  const lines = readFileSync(at('examples/demo/hub.yaml'), 'utf8')
    .replaceAll('5020', String(port))
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, ''));
  const out = [];
  let inside = false;
  for (const line of lines) {
    if (/^\w/.test(line)) inside = sections.some((name) => line.startsWith(`${name}:`));
    if (inside) out.push(line);
  }
  return `${out.join('\n')}\n`;
}

describe('the plant of the blueprint made by clicks and keys', {
  concurrency: false,
  skip: findBrowser() === undefined && browserMissing,
}, () => {
  const token = `omh_test_${randomBytes(24).toString('base64url')}`;
  const folder = mkdtempSync(join(tmpdir(), 'omh-forms-'));
  const file = join(folder, 'hub.yaml');
  const hubText = () => readFileSync(file, 'utf8');
  let port;
  let hub;
  let exited;
  let ready;
  let browser;
  let page;
  let complaints = [];

  const ask = async (method, path, body) => {
    const answer = await fetch(ready.http + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    return answer.json();
  };
  /** A page of a browser that has signed in by a link. */
  async function enter(role) {
    const { code } = await ask('POST', '/api/v1/sign-in-codes', { role });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const opened = await context.newPage();
    opened.setDefaultTimeout(10_000);
    opened.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    opened.on('console', (message) => {
      // The browser logs by itself that a plan was refused and that nobody is signed in yet.
      const { url } = message.location();
      const expected = url.endsWith('/api/v1/me') || url.endsWith('/api/v1/config/plan') || url.endsWith('/api/v1/config/apply');
      if (message.type() === 'error' && !expected) complaints.push(`console: ${message.text()}`);
    });
    opened.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(ready.http).host)
        complaints.push(`left the host: ${request.url()}`);
    });
    await opened.goto(`${ready.http}/#sign-in=${code}`);
    await opened.getByTestId('signed-in-name').first().waitFor();
    return opened;
  }

  before(async () => {
    port = await freePort();
    writeFileSync(file, emptyPlant(port));
    writeFileSync(join(folder, 'secret.txt'), 'never-shown-7\n');
    hub = spawn(
      process.execPath,
      [at('packages/cli/dist/main.js'), 'up', '-c', file, '--data', join(folder, 'data'), '--json', '--http-port', '0', '--mqtt-port', '0'],
      { cwd: folder, env: { ...process.env, OMH_ADMIN_TOKEN: token }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const atExit = () => hub.kill('SIGKILL');
    process.once('exit', atExit);
    exited = new Promise((resolve) => hub.once('exit', (code, signal) => resolve({ code, signal })));
    void exited.then(() => process.removeListener('exit', atExit));
    ready = await readyLine(hub, exited, 30_000);
    browser = await launchBrowser();
    page = await enter('admin');
  });
  after(async () => {
    await browser?.close();
    hub?.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  afterEach(async (t) => {
    const found = complaints;
    complaints = [];
    if (found.length > 0) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${t.name.replaceAll(/\W+/g, '-')}.png`) });
    }
    assert.deepEqual(found, []);
  });

  const get = (id) => page.getByTestId(id);
  const sentence = () => get('screen-sentence').first().innerText();
  const press = (key) => page.keyboard.press(key);
  const type = (text) => page.keyboard.type(text);
  /** Tab until the field has the keyboard: whatever stands between can be passed by keys. */
  const tabTo = async (id) => {
    for (let i = 0; i < 30; i++) {
      if ((await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))) === id) return;
      await press('Tab');
    }
    throw new Error(`${id} is not reached with Tab`);
  };
  const focusOn = (id) =>
    until(`the keyboard at ${id}`, () => page.evaluate((wanted) => document.activeElement?.getAttribute('data-testid') === wanted, id));
  /** The plan's sentences, then its button by Enter: it has the keyboard. */
  const apply = async () => {
    await get('plan-changes').waitFor();
    const told = await get('plan-changes').innerText();
    await focusOn('plan-apply');
    await press('Enter');
    await get('plan-sheet').waitFor({ state: 'detached' });
    return told;
  };
  const faults = () => page.getByTestId('field-fault').allInnerTexts();

  test('a device is added with the keyboard alone, its form made from the driver, and connects', { timeout: 30_000 }, async () => {
    await get('nav-devices').first().focus();
    await press('Enter');
    await until('no device', async () => (await sentence()) === 'No device is read yet.');
    await get('device-new').focus();
    await press('Enter');
    await get('device-name').waitFor();
    await focusOn('device-name');
    // Pressed with faults, the button moves to the first of them.
    await get('device-save').click();
    assert.deepEqual(await faults(), ['The device needs a name.', 'Host is needed.']);
    await focusOn('device-name');
    await type('de/mo');
    assert.match((await faults())[0], /“de\/mo” cannot be a name/);
    await press('ControlOrMeta+A');
    await type('demo');
    await tabTo('device-driver');
    await tabTo('setting-host');
    await type('127.0.0.1');
    await tabTo('setting-port');
    await type('502000');
    assert.deepEqual(await faults(), ['Port must be a whole number from 1 to 65535, not 502000.']);
    await press('ControlOrMeta+A');
    await type(String(port));
    await tabTo('device-path');
    await type('acme/dallas/press/line1');
    await press('Enter');
    assert.match(await apply(), /device demo added: modbus-tcp/);
    await get('device-demo').waitFor();
    await until('a link before there is any tag', async () => (await get('device-state').getAttribute('data-state')) === 'running', 3000);
  });

  test('a group begins with one second; below the least interval it is refused at its field', { timeout: 30_000 }, async () => {
    await get('group-add').focus();
    await press('Enter');
    await get('group-name').waitFor();
    await type('demo_group');
    await tabTo('group-interval');
    assert.equal(await get('group-interval').inputValue(), '1s');
    await press('ControlOrMeta+A');
    await type('1ms');
    await press('Enter');
    await until('the refusal', async () => (await faults()).join() === 'The interval must be from 10ms to 24h, not 1ms.');
    await focusOn('group-interval');
    await press('ControlOrMeta+A');
    await type('1s');
    await press('Enter');
    assert.match(await apply(), /group demo\/demo_group added/);
  });

  test('tags are typed in rows; a bad address is told in its row before anything is saved', { timeout: 40_000 }, async () => {
    await get('tag-0-name').click();
    await type('temperature');
    await press('Tab');
    await type('9!x');
    await get('tag-1-name').click();
    await type('humidity');
    await press('Tab');
    await type('1!40002');
    await press('Tab');
    await get('tag-0-fault').waitFor();
    assert.match(await get('tag-0-fault').innerText(), /The address 9!x is not valid for modbus-tcp/);
    assert.equal(await get('tag-1-fault').count(), 0);
    assert.ok(!hubText().includes('temperature'));
    await get('tag-1-name').fill('temperature');
    await get('tag-0-address').fill('1!40001');
    await get('tags-save').click();
    await until('two of one name', async () => /two tags temperature/.test(await get('tag-1-fault').innerText()));
    await focusOn('tag-0-name');
    await get('tag-1-name').fill('humidity');
    await until('no fault', async () => (await get('tag-0-fault').count()) + (await get('tag-1-fault').count()) === 0);
    await get('tags-save').click();
    assert.match(await apply(), /2 tags added to demo\/demo_group/);
    const row = get('row-demo/demo_group/temperature');
    await until('a good value', async () => (await row.getAttribute('data-quality')) === 'good');
    const value = Number(await row.locator('.val').getAttribute('data-value'));
    assert.ok(value >= 280 && value <= 309, String(value));
    const first = await row.innerText();
    await until('another text', async () => (await row.innerText()) !== first, 5000);
  });

  test('an app is added and subscribed; its messages come on the usual topic', { timeout: 40_000 }, async () => {
    await get('nav-apps').first().click();
    await get('app-new').click();
    await get('app-name').fill('demo_app');
    await press('Enter');
    assert.match(await apply(), /app demo_app added: mqtt/);
    await get('sub-add').click();
    assert.equal(await get('sub-0-topic').getAttribute('placeholder'), topic);
    assert.equal(await get('sub-0-topic').inputValue(), '');
    await get('subs-save').click();
    await apply();
    const client = await mqtt.connectAsync(ready.mqtt);
    try {
      const message = new Promise((resolve) => {
        client.once('message', (name, payload) => resolve({ name, payload: JSON.parse(payload.toString()) }));
      });
      await client.subscribeAsync(topic);
      const { name, payload } = await message;
      assert.equal(name, topic);
      assert.deepEqual(Object.keys(payload.values).sort(), ['humidity', 'temperature']);
    } finally {
      await client.endAsync();
    }
    await until('messages are counted', async () => Number(await get('app-messages').innerText()) > 0, 8000);
  });

  test('the file is, to the letter, what a person would have written', () => {
    assert.equal(hubText(), emptyPlant(port) + written(['devices', 'apps'], port));
  });

  test('a rule is written, planned and run', { timeout: 30_000 }, async () => {
    await get('nav-rules').first().click();
    await get('rule-new').click();
    await get('rule-name').fill('demo');
    await page.locator('[data-testid=rule-editor] .cm-content').click();
    await press('ControlOrMeta+A');
    await type(`SELECT payload.values.temperature AS t FROM "${topic}"`);
    await get('rule-save').click();
    assert.match(await apply(), /rule demo added/);
    await until('a match', async () => Number(await get('rule-demo-matched').innerText()) > 0, 5000);
    assert.ok(
      hubText().endsWith(`rules:
  demo:
    sql: SELECT payload.values.temperature AS t FROM "${topic}"
    actions:
      - console: true
`),
      hubText(),
    );
    await page.getByRole('button', { name: 'Turn off' }).click();
    assert.match(await apply(), /rule demo: enabled true → false/);
    await page.getByRole('button', { name: 'Turn on' }).click();
    await apply();
    assert.ok(!hubText().includes('enabled'), hubText());
    await get('rule-delete').click();
    await get('plan-confirm').fill('demo');
    await press('Enter');
    await get('plan-sheet').waitFor({ state: 'detached' });
    assert.ok(!hubText().includes('console: true'));
  });

  test('a name that is taken is refused; who was overtaken looks again and then applies', { timeout: 40_000 }, async () => {
    await page.goto(`${ready.http}/devices/~new`);
    await get('device-name').fill('demo');
    await press('Tab');
    await until('taken', async () => (await faults())[0] === 'There is a device demo already. Choose another name.');
    await page.goto(`${ready.http}/devices/demo?view=settings`);
    await get('setting-timeout').fill('2s');
    await ask('PUT', '/api/v1/rules/other', { sql: 'SELECT * FROM "a"', enabled: false, actions: [{ console: true }] });
    await get('device-save').click();
    await get('plan-stale').waitFor();
    assert.match(await get('plan-stale').innerText(), /Somebody changed the configuration meanwhile; nothing of yours was applied/);
    assert.ok(!hubText().includes('timeout'));
    await get('plan-again').click();
    await get('plan-changes').waitFor();
    assert.match(await get('plan-effect').innerText(), /The link is opened anew/);
    await get('plan-comment').fill('the gateway is slow');
    await press('Enter');
    await get('plan-sheet').waitFor({ state: 'detached' });
    assert.ok(hubText().includes(`settings: { host: 127.0.0.1, port: ${port}, timeout: 2s }`), hubText());
    assert.ok(hubText().includes('other:'));
    const [newest] = (await ask('GET', '/api/v1/revisions?limit=1')).revisions;
    assert.equal(newest.comment, 'the gateway is slow');
  });

  test('a wrong port shows why the device is lost; cleared settings go out of the file', { timeout: 40_000 }, async () => {
    const closed = await freePort();
    await get('setting-port').fill(String(closed));
    await get('setting-timeout').fill('');
    await get('device-save').click();
    assert.match(await apply(), /device demo: settings port \d+ → \d+; device demo reconnects/);
    await until('lost', async () => (await get('device-state').getAttribute('data-state')) === 'lost', 8000);
    assert.match(await get('device-state').innerText(), new RegExp(`127\\.0\\.0\\.1:${closed} refuses the connection`));
    await get('setting-port').fill(String(port));
    await get('device-save').click();
    await apply();
    await until('running', async () => (await get('device-state').getAttribute('data-state')) === 'running', 8000);
    assert.ok(hubText().includes(`settings: { host: 127.0.0.1, port: ${port} }`), hubText());
  });

  test('rows are pasted from a spreadsheet; a secret is named and never seen', { timeout: 40_000 }, async () => {
    await page.goto(`${ready.http}/devices/demo?group=demo_group&view=edit`);
    await get('tag-2-name').focus();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData('text/plain', 'half\t1!40001\tuint16\tread\t0.5\t\tCel\nwhole\t1!40002\tint16\n');
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
    });
    assert.equal(await get('tag-3-address').inputValue(), '1!40002');
    await get('tags-save').click();
    assert.match(await apply(), /2 tags added to demo\/demo_group: half, whole/);
    assert.ok(hubText().includes('half: { address: 1!40001, type: uint16, access: read, decimal: 0.5, unit: Cel }'), hubText());
    await page.goto(`${ready.http}/devices/demo?group=demo_group&view=edit`);
    for (const row of [3, 2]) await page.getByLabel(new RegExp(`^Remove row ${row + 1},`)).click();
    await get('tags-save').click();
    assert.match(await apply(), /2 tags removed from demo\/demo_group/);

    await page.goto(`${ready.http}/apps/~new`);
    await get('docs-link').click();
    await get('docs-text').waitFor();
    await press('Escape');
    await get('app-name').fill('cloud');
    await get('setting-url').fill('mqtt://127.0.0.1:9');
    await get('setting-password').fill('no name');
    // What appears when the field is left does not carry the button away from under the pointer.
    await get('app-save').click({ delay: 80 });
    assert.match((await faults()).join(), /Password is a secret and does not stand in the file itself/);
    await focusOn('setting-password');
    await get('setting-password').fill('NOT_SET');
    await get('app-save').click();
    await until('what the hub says of it', async () => /NOT_SET is not set/.test((await faults()).join()));
    await get('setting-password-kind').selectOption('file');
    await get('setting-password').fill('secret.txt');
    await get('app-save').click();
    assert.ok(!(await apply()).includes('never-shown-7'));
    await get('app-cloud').waitFor();
    assert.equal(await get('setting-password').inputValue(), 'secret.txt');
    await get('setting-username').fill('omh');
    await get('app-save').click();
    assert.match(await apply(), /app cloud: settings username omh added/);
    assert.ok(hubText().includes('settings: { url: mqtt://127.0.0.1:9, password: !file secret.txt, username: omh }'), hubText());
    assert.ok(!(await page.content()).includes('never-shown-7'));
    await get('app-delete').click();
    await get('plan-confirm').fill('cloud');
    await press('Enter');
    await get('app-cloud').waitFor({ state: 'detached' });
  });

  test('who may not change anything sees everything and no button for it', { timeout: 40_000 }, async (t) => {
    const mine = page;
    t.after(() => {
      page = mine;
    });
    page = await enter('viewer');
    await page.goto(`${ready.http}/devices/demo`);
    await get('row-demo/demo_group/temperature').waitFor();
    await page.getByText('Engineers can change devices.').waitFor();
    for (const id of ['device-new', 'device-delete', 'group-add', 'group-edit', 'tags-edit', 'tab-settings'])
      assert.equal(await get(id).count(), 0, id);
    await page.goto(`${ready.http}/devices/~new`);
    await get('screen-sentence').first().waitFor();
    assert.equal(await get('device-form').count(), 0);
    await page.goto(`${ready.http}/apps/demo_app`);
    await page.getByText(topic).waitFor();
    for (const id of ['app-new', 'app-delete', 'sub-add', 'app-form']) assert.equal(await get(id).count(), 0, id);
    await page.context().close();
  });

  test('a deletion says what goes with it, asks for the name, and leaves the rest of the file as it was', { timeout: 40_000 }, async () => {
    // The trends of its tags are read first: afterwards there is nothing to read them from.
    const trends = ['temperature', 'humidity'].map((tag) =>
      page.waitForResponse((answer) => answer.url().includes('/history?') && answer.url().includes(tag)),
    );
    await page.goto(`${ready.http}/devices/demo`);
    await Promise.all(trends);
    await get('device-delete').click();
    assert.match(await get('delete-sentence').innerText(), /demo with 1 group and 2 tags.*demo_app no longer sends them on/s);
    await get('plan-apply').click();
    await page.getByText('Write demo to go on.').waitFor();
    await get('plan-confirm').fill('demo');
    await press('Enter');
    await until('no device', async () => (await sentence()) === 'No device is read yet.');
    assert.deepEqual((await ask('GET', '/api/v1/devices')).devices, []);
    assert.ok(hubText().startsWith(emptyPlant(port)), hubText());
    assert.ok(!hubText().includes('1!40001'));
  });
});
