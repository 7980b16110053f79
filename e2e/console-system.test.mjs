import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { readyLine } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const token = 'omh_test_console_system_0123456789';
const mainText = `# the plant of building 4
version: 1
hub: { name: plant, site: acme/dallas }
include: devices/*.yaml
simulators:
  plant: { protocol: modbus-tcp, port: 0, preset: blueprint }   # a press that is not there
devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 9 }   # nothing listens here
    groups:
      fast:
        interval: 1s   # asked for by quality
        tags:
          temperature: { address: 1!40001, type: int16, access: read }
`;
const ovenText = `# moved from building 2
devices:
  oven:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 9 }
    groups:
      slow: { interval: 5s, tags: { file: tags/oven.csv } }
`;
const tableText = 'name,address,type,access\nzone1,1!40001,int16,read\nzone2,1!40002,int16,read\n';

const runsAsRoot = process.getuid?.() === 0;

/** A hub of three files on free loopback ports: `{ http, folder, read, write, get, send, stop }`. `readOnly`: it may not write its file. */
async function startHub({ readOnly = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'omh-system-'));
  const data = join(folder, 'data');
  const plant = join(folder, 'plant');
  const write = (name, text) => {
    mkdirSync(dirname(join(plant, name)), { recursive: true });
    writeFileSync(join(plant, name), text);
  };
  const read = (name) => readFileSync(join(plant, name), 'utf8');
  write('hub.yaml', mainText);
  write('devices/oven.yaml', ovenText);
  write('tags/oven.csv', tableText);
  mkdirSync(data);
  const nobody = {};
  if (readOnly) {
    chmodSync(folder, 0o755);
    chmodSync(plant, 0o555);
    chmodSync(join(plant, 'hub.yaml'), 0o444);
    if (runsAsRoot) {
      chownSync(data, 65534, 65534);
      Object.assign(nobody, { uid: 65534, gid: 65534 });
    }
  }
  const ports = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0'];
  const child = spawn(
    process.execPath,
    [at('packages/cli/dist/main.js'), 'up', '-c', join(plant, 'hub.yaml'), '--data', data, '--json', ...ports],
    { cwd: folder, env: { ...process.env, OMH_ADMIN_TOKEN: token }, stdio: ['ignore', 'pipe', 'ignore'], ...nobody },
  );
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  void exited.then(() => process.removeListener('exit', atExit));
  const { http } = await readyLine(child, exited, 30_000);
  const send = async (method, path, body) => {
    const answer = await fetch(`${http}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    chmodSync(plant, 0o755);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return { http, folder, read, write, send, get: (path) => send('GET', path), stop };
}

describe('the configuration in the console', { concurrency: false, skip: findBrowser() === undefined && browserMissing }, () => {
  let hub;
  let browser;
  let page;
  let get;
  let complaints = [];

  /** A page signed in with a role; what it complains about fails the test. */
  async function enter(at, role) {
    const { code } = await at.send('POST', '/sign-in-codes', { role });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const entered = await context.newPage();
    entered.setDefaultTimeout(10_000);
    entered.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    entered.on('console', (message) => {
      // A refusal that the screen shows in words (400, 401, 409) is logged by the browser by itself.
      const told = /status of 40[019]/.test(message.text());
      if (message.type() === 'error' && !told) complaints.push(`console: ${message.text()}`);
    });
    entered.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(at.http).host)
        complaints.push(`left the host: ${request.url()}`);
    });
    await entered.goto(`${at.http}/#sign-in=${code}`);
    await entered.getByTestId('signed-in-name').first().waitFor();
    return { page: entered, get: (id) => entered.getByTestId(id), close: () => context.close() };
  }

  before(async () => {
    hub = await startHub();
    browser = await launchBrowser();
    ({ page, get } = await enter(hub, 'engineer'));
  });
  after(async () => {
    await browser?.close();
    await hub?.stop();
  });
  afterEach(() => {
    const found = complaints;
    complaints = [];
    assert.deepEqual(found, []);
  });

  const says = (what) => until(`the sentence ${what}`, async () => what.test(await get('screen-sentence').first().innerText()));
  const revision = async () => (await hub.get('/config')).revision;
  const editorText = () => page.locator('.cm-content').innerText();
  /** Types at the end of the open file. */
  const typeAtEnd = async (text) => {
    await get('config-editor').click();
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.type(text);
  };
  const apply = async () => {
    await get('plan-apply').click();
    await get('plan-sheet').waitFor({ state: 'detached' });
  };

  test('a tag that is typed into the file is planned in words and text, applied, and stands on disk among the comments', async () => {
    await get('nav-configuration').click();
    await says(/^Revision 1 runs/);
    await typeAtEnd('          pressure: { address: 1!40003, type: int16, access: read }');
    await says(/typed and not applied/);
    await get('config-plan').click();
    assert.match(await get('plan-changes').innerText(), /pressure/);
    await page.locator('[data-testid=plan-text] summary').click();
    await page.locator('[data-testid=plan-text] [data-kind=add]').waitFor();
    assert.match(await page.locator('[data-testid=plan-text] [data-kind=add]').innerText(), /pressure: \{ address: 1!40003/);
    await get('plan-comment').fill('the third register');
    await apply();
    assert.equal(hub.read('hub.yaml'), `${mainText}          pressure: { address: 1!40003, type: int16, access: read }`);
    await says(/^Revision 2 runs/);
    assert.ok((await hub.get('/values?device=press')).values.some((v) => v.tag === 'pressure'));
  });

  test('a fault is marked at its line and told with the place; discarding brings the file back', async () => {
    const lines = hub.read('hub.yaml').split('\n').length;
    await typeAtEnd('\nrulez: 1');
    await get('config-plan').click();
    await get('config-faults').waitFor();
    assert.match(await get('config-faults').innerText(), new RegExp(`line ${lines + 1}, column \\d+: .*rulez`));
    assert.match(await page.locator('.cm-line:has(.cm-lintRange-error)').innerText(), /rulez: 1/);
    await page.locator('.faults a').first().click();
    assert.equal(await revision(), 2);
    await get('config-discard').click();
    assert.equal(await get('config-faults').count(), 0);
    await until('the text as it was', async () => !(await editorText()).includes('rulez'));
    await says(/^Revision 2 runs/);
  });

  test('an included file and a tag table change together in one plan', async () => {
    await get('file-devices/oven.yaml').click();
    await until('its text', async () => (await editorText()).includes('moved from building 2'));
    await typeAtEnd('# the door is new');
    await get('file-tags/oven.csv').click();
    await until('the table', async () => (await editorText()).includes('zone2'));
    await typeAtEnd('zone3,1!40003,int16,read');
    await get('config-plan').click();
    assert.match(await get('plan-changes').innerText(), /zone3/);
    await apply();
    assert.equal(hub.read('devices/oven.yaml'), `${ovenText}# the door is new`);
    assert.equal(hub.read('tags/oven.csv'), `${tableText}zone3,1!40003,int16,read`);
    assert.equal(await revision(), 3);
  });

  test('a hand edit on disk shows here and in the menu with its text, and is planned and applied', { timeout: 30_000 }, async () => {
    await page.goto(`${hub.http}/configuration`);
    await get('tab-files').waitFor();
    hub.write('hub.yaml', hub.read('hub.yaml').replace('interval: 1s ', 'interval: 500ms '));
    await get('drift').waitFor();
    await until('the menu', async () => /drift/.test(await get('nav-configuration').innerText()));
    const added = page.locator('[data-testid=drift] [data-kind=add]');
    assert.match(await added.innerText(), /interval: 500ms {3}# asked for by quality/);
    assert.equal((await hub.get('/devices')).devices.find((d) => d.name === 'press').groups[0].intervalMs, 1000);
    await get('drift-plan').click();
    assert.match(await get('plan-changes').innerText(), /1 s → 500 ms/);
    await apply();
    await get('drift').waitFor({ state: 'detached' });
    assert.equal((await hub.get('/devices')).devices.find((d) => d.name === 'press').groups[0].intervalMs, 500);
    assert.equal(await revision(), 4);
  });

  test('a hand edit with a fault is refused with its place, and goes when the file is put back', { timeout: 30_000 }, async () => {
    const good = hub.read('hub.yaml');
    hub.write('hub.yaml', good.replace('interval: 500ms', 'interval: often'));
    await get('drift-plan').click();
    await page.getByText(/hub\.yaml:13:\d+/).waitFor();
    assert.equal(await page.locator('.cm-lintRange-error').count(), 0, 'the text in the editor has no fault');
    hub.write('hub.yaml', good);
    await get('drift').waitFor({ state: 'detached' });
    assert.equal(await revision(), 4);
  });

  test('a hand edit of a comment is taken over too', { timeout: 30_000 }, async () => {
    hub.write('hub.yaml', hub.read('hub.yaml').replace('# the plant of building 4', '# the plant of building 4, hall 2'));
    await get('drift-plan').click();
    await page.getByText('Only comments and layout change').waitFor();
    await apply();
    await get('drift').waitFor({ state: 'detached' });
    assert.equal(await revision(), 5);
  });

  test('a text on a revision that is not the running one any more is refused in words, and can go on', { timeout: 30_000 }, async () => {
    await typeAtEnd('\n# mine');
    await hub.send('PUT', '/rules/theirs', { sql: 'SELECT * FROM "a"', actions: [{ console: true }] });
    await get('draft-stale').waitFor();
    await get('config-plan').click();
    await get('plan-stale').waitFor();
    assert.match(await get('plan-stale').innerText(), /Somebody changed the configuration meanwhile/);
    await page.keyboard.press('Escape');
    await get('plan-sheet').waitFor({ state: 'detached' });
    await get('draft-move').click();
    await get('config-plan').click();
    assert.match(await get('plan-changes').innerText(), /theirs/);
    await page.keyboard.press('Escape');
    await get('config-discard').click();
    assert.equal(await revision(), 6);
    assert.match(hub.read('hub.yaml'), /theirs:/);
  });

  test('revisions say who, why and what; the first one comes back after its plan was shown', { timeout: 30_000 }, async () => {
    await get('tab-revisions').click();
    assert.match(await get('revision-2').innerText(), /the third register/);
    await get('revision-2').click();
    assert.match(await get('revision-detail').innerText(), /pressure/);
    await page.locator('[data-testid=diff] [data-kind=add]').first().waitFor();
    await get('revision-1').click();
    await get('revision-compare').click();
    await page.locator('[data-testid=diff] [data-kind=del]', { hasText: 'theirs' }).first().waitFor();
    await get('revision-back').click();
    await get('plan-changes').waitFor();
    assert.match(await get('plan-changes').innerText(), /500 ms → 1 s/);
    assert.equal(await revision(), 6, 'showing the plan changes nothing');
    await apply();
    assert.equal(await revision(), 7);
    assert.equal(hub.read('hub.yaml'), mainText);
    assert.equal(hub.read('devices/oven.yaml'), ovenText);
    assert.equal(hub.read('tags/oven.csv'), tableText);
  });

  test('what takes effect at the next start stands on the screen until then', async () => {
    const { planId } = await hub.send('POST', '/config/plan', {
      base: await revision(),
      ops: [{ op: 'add', path: 'http', value: { port: 7071 } }],
    });
    await hub.send('POST', '/config/apply', { planId });
    await get('config-pending').waitFor();
    assert.match(await get('config-pending').innerText(), /1 applied change takes effect when the hub starts again[^]*7071/);
  });

  test('many revisions come in pages', { timeout: 60_000 }, async () => {
    for (let i = 0; i < 55; i++)
      await hub.send('PUT', '/rules/many', { sql: `SELECT * FROM "many/${i}"`, enabled: false, actions: [{ console: true }] });
    await page.goto(`${hub.http}/configuration?view=revisions`);
    await get('revisions').waitFor();
    assert.equal(await page.locator('[data-testid=revisions] > li').count(), 50);
    await get('revisions-more').click();
    await get('revision-1').waitFor();
  });

  test('who may not change it is told so, and who may not read it does not see it', { timeout: 30_000 }, async (t) => {
    const viewer = await enter(hub, 'viewer');
    t.after(viewer.close);
    assert.equal(await viewer.get('nav-configuration').count(), 0);
    await viewer.page.goto(`${hub.http}/configuration`);
    await viewer.page.getByText('Configuration is not open to the role viewer.').waitFor();
  });

  test('a file that the hub may not write is shown with the reason and cannot be typed into', { timeout: 60_000 }, async (t) => {
    const locked = await startHub({ readOnly: true });
    t.after(locked.stop);
    const engineer = await enter(locked, 'engineer');
    t.after(engineer.close);
    await engineer.get('nav-configuration').click();
    await engineer.get('config-readonly').waitFor();
    assert.match(
      await engineer.get('config-readonly').innerText(),
      /hub\.yaml cannot be written: the user that runs omh has no permission/,
    );
    await engineer.get('config-editor').waitFor();
    assert.equal(await engineer.get('config-plan').count(), 0);
    await engineer.get('config-editor').click();
    await engineer.page.keyboard.type('x');
    assert.match(await engineer.page.locator('.cm-content').innerText(), /^# the plant of building 4\n/);
  });
});
