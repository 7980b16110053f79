import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { readyLine } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** A press that answers, with a register that it refuses; what it is written to is limited. */
const plant = (port) => `version: 1
hub: { name: demo, site: acme/dallas }
broker:
  listeners: { tcp: { port: 1883, anonymous: true } }
simulators:
  plant:
    protocol: modbus-tcp
    port: ${port}
    identity: { vendor: Acme, product: P-200, revision: '2.1' }
    holes:
      - { area: holding, from: 20, to: 24 }
    units:
      1:
        areas: { holding: 100 }
        signals:
          - { name: oil, signal: sine, at: '40001', type: float, mean: 52, amplitude: 9, period: 40s }
devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    path: acme/dallas/press
    groups:
      fast:
        interval: 200ms
        tags:
          oil: { address: 1!40001, type: float, unit: Cel, precision: 1 }
          setpoint: { address: 1!40011, type: uint16, access: readwrite, unit: bar, writeMax: 210, writeReason: true, readBack: true }
          mode: { address: 1!40012, type: uint16, access: readwrite, labels: { 0: stopped, 1: running } }
      slow:
        interval: 1s
        tags:
          refused: { address: 1!40022, type: uint16 }
          hours: { address: 1!40031, type: uint32 }
`;

describe('a device and its values, looked at and handled in the browser', {
  concurrency: false,
  skip: findBrowser() === undefined && browserMissing,
}, () => {
  const token = `omh_test_${randomBytes(24).toString('base64url')}`;
  const folder = mkdtempSync(join(tmpdir(), 'omh-devices-'));
  const file = join(folder, 'hub.yaml');
  const hubText = () => readFileSync(file, 'utf8');
  let hub;
  let exited;
  let ready;
  let browser;
  let page;
  let complaints = [];

  const ask = async (method, path, body) => {
    const answer = await fetch(ready.http + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    return answer.json();
  };
  async function enter(role) {
    const { code } = await ask('POST', '/api/v1/sign-in-codes', { role });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const opened = await context.newPage();
    opened.setDefaultTimeout(15_000);
    opened.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    opened.on('console', (message) => {
      // The browser logs by itself that nobody is signed in yet.
      if (message.type() === 'error' && !message.location().url.endsWith('/api/v1/me')) complaints.push(`console: ${message.text()}`);
    });
    await opened.goto(`${ready.http}/#sign-in=${code}`);
    await opened.getByTestId('signed-in-name').first().waitFor();
    return opened;
  }

  before(async () => {
    writeFileSync(file, plant(await freePort()));
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
  const go = (path) => page.goto(ready.http + path);
  const text = (id) => get(id).first().innerText();
  const reads = (id, wanted) => until(`${id} with ${wanted}`, async () => wanted.test(await text(id)));

  test('who pauses a group is asked why; it is shown with who and why until it is resumed', async () => {
    await go('/devices/press?view=link');
    await get('pause-slow').click();
    await get('control-comment').fill('cleaning');
    await get('control-confirm').click();
    await reads('group-row-slow', /Paused by .+: cleaning/);
    const { groups } = await ask('GET', '/api/v1/devices/press');
    assert.equal(groups.find((g) => g.name === 'slow').paused.comment, 'cleaning');
    assert.equal(groups.find((g) => g.name === 'fast').paused, undefined);
    await get('resume-slow').click();
    await get('pause-slow').waitFor();
    assert.equal((await ask('GET', '/api/v1/devices/press')).groups.find((g) => g.name === 'slow').paused, undefined);
  });

  test('the page of the link says what the device refuses and who it is', async () => {
    await go('/devices/press?view=link');
    await reads('holes', /Unit 1 refuses holding register 40022, on the wire 21/);
    await reads('link-numbers', /Round trip[\s\S]+In flight[\s\S]+answered/);
    await get('identify').click();
    await reads('identity', /Acme[\s\S]+P-200/);
  });

  test('the frame log is switched on, read live, filtered, and saved as a capture', async () => {
    await go('/devices/press?view=frames');
    await get('frames-start').click();
    await until('a frame', async () => (await get('frame').count()) > 3);
    assert.match(await text('frame'), /read holding registers/);
    assert.match(await text('frames-state'), /On, ends in/);
    await get('frames-filter').fill('!holding');
    await page.getByText('No frame has these words.').waitFor();
    await get('frames-filter').fill('');
    await get('frame').first().click();
    assert.match(await text('frame-open'), /transaction/);
    const [download] = await Promise.all([page.waitForEvent('download'), get('frames-pcap').click()]);
    const capture = readFileSync(await download.path());
    assert.ok([0xa1b2c3d4, 0xa1b23c4d].includes(capture.readUInt32LE(0)), 'a capture file begins with its magic number');
    await get('frames-stop').click();
    await reads('frames-state', /^Off\./);
  });

  test('a write beyond its limit stays here, one without a reason too; then the device confirms and it is read back', async () => {
    await go('/live?find=press/fast/setpoint');
    await page.getByLabel('Write press/fast/setpoint').click();
    await get('write-value').fill('300');
    await get('write-confirm').click();
    await page.getByText('Its highest is 210 bar.').waitFor();
    await get('write-value').fill('186');
    await get('write-confirm').click();
    await page.getByText('This tag asks why it is written.').waitFor();
    assert.equal((await ask('GET', '/api/v1/values?path=acme/dallas/press/setpoint')).values[0].value, 0);
    await get('write-reason').fill('batch 7');
    await get('write-confirm').click();
    await reads('write-done', /press confirmed 186 bar after .+ and reads back the same/);
  });

  test('the words of a tag are what one writes with', async () => {
    await go('/live?find=press/fast/mode');
    await page.getByLabel('Write press/fast/mode').click();
    await page.getByRole('button', { name: 'running', exact: true }).click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the pop-up stays in the window');
    assert.match(await text('write-confirm'), /Write running/);
    await get('write-confirm').click();
    await reads('write-done', /confirmed running/);
    await until('the word in the row', async () => /running/.test(await text('row-press/fast/mode')));
  });

  test('the settings of a tag that stand in no column are shown and outlive an edit of a cell', async () => {
    await go('/devices/press?view=edit&group=fast');
    await get('tag-1-unit').waitFor();
    await get('tag-1-unit').fill('kPa');
    await get('tag-1-more').click();
    await get('more-limits-writeMin').fill('10');
    await get('tags-save').click();
    await get('plan-apply').click();
    await get('plan-apply').waitFor({ state: 'detached' });
    const { config } = await ask('GET', '/api/v1/config');
    const { unit, writeMin, writeMax, writeReason, readBack } = config.devices.press.groups.fast.tags.setpoint;
    assert.deepEqual(
      { unit, writeMin, writeMax, writeReason, readBack },
      { unit: 'kPa', writeMin: 10, writeMax: 210, writeReason: true, readBack: true },
    );
  });

  test('an address is read from its row, and where the device refuses it, its sentence stands there', async () => {
    await go('/devices/press?view=edit&group=slow');
    await get('tag-1-more').click();
    await get('test-read').click();
    await reads('test-read-answer', /The device gives 0/);
    await get('tag-0-more').click();
    await get('test-read').click();
    await reads('test-read-answer', /refuses|does not exist|no such/i);
  });

  test('the probe ranks what stands at an address, and makes a tag of its best', async () => {
    await go('/devices/~probe?device=press&address=1!40001&group=fast&tag=found');
    const { values } = await ask('GET', '/api/v1/values?path=acme/dallas/press/oil');
    await get('probe-value').fill(String(values[0].value));
    await get('probe-samples').fill('3');
    await get('probe-run').click();
    await get('probe-candidates').waitFor();
    assert.match(await text('candidate-0'), /float/);
    await get('use-this').click();
    await get('plan-apply').click();
    await get('use-done').waitFor();
    assert.match(hubText(), /found: .*float/);
    assert.match(await get('probe-template').getAttribute('href'), /templates/);
  });

  test('a table of tags is looked at with the place of each fault, and the others come in', async () => {
    const table = join(folder, 'tags.csv');
    writeFileSync(
      table,
      'device,group,name,address,type\npress,fast,extra,1!40005,uint16\npress,fast,wrong,9!x,uint16\npress,added,other,1!40007,float\n',
    );
    await go('/devices/~import');
    await get('import-file').setInputFiles(table);
    await get('import-summary').waitFor();
    assert.equal(await text('import-new'), '2');
    assert.match(await text('import-faults'), /line 3, column \d+\s+press\/fast\/wrong/);
    assert.doesNotMatch(hubText(), /extra/);
    await get('import-review').click();
    assert.match(await text('import-review'), /other 2/);
    await get('plan-apply').click();
    await get('import-done').waitFor();
    assert.match(hubText(), /extra:/);
    assert.doesNotMatch(hubText(), /wrong:/);
    const [download] = await Promise.all([page.waitForEvent('download'), get('export-csv').click()]);
    assert.match(readFileSync(await download.path(), 'utf8'), /extra/);
  });

  test('the namespace opens down to a tag with value, origin and _meta, and one value is followed through the hub', async () => {
    await go('/namespace?at=acme/dallas/press/oil');
    await get('ns-acme/dallas/press/oil').waitFor();
    assert.match(await text('topic-value'), /°C[\s\S]*Good/);
    await reads('topic-meta', /"kind": "device"/);
    await get('namespace-tree').focus();
    await page.keyboard.press('ArrowDown');
    await until('the next tag', () => page.url().includes('press%2Fsetpoint') || page.url().includes('press/setpoint'));
    await get('trace').click();
    await get('trace-hops').waitFor();
    const ms = (await get('trace-hops').locator('li .num').allInnerTexts()).map((t) => Number(t.replace(',', '')));
    const whole = ms.pop();
    const sum = ms.reduce((a, b) => a + b, 0);
    assert.ok(ms.length > 4 && Math.abs(sum - whole) < 1, `${sum} of ${whole}`);
    await go('/namespace?at=acme/dallas/press');
    await page.getByText(/^\d+ tags below, \d+ bad\.$/).waitFor();
    await reads('ns-acme/dallas/press/mode', /running/);
    await page.locator('[data-filter]').fill('hours');
    await until('only what was found', async () => (await get('ns-acme/dallas/press/oil').count()) === 0);
    await get('ns-acme/dallas/press/hours').waitFor();
  });

  test('who may only look is shown the link, and none of its buttons', async () => {
    const looking = await enter('viewer');
    try {
      await looking.goto(`${ready.http}/devices/press?view=link`);
      await looking.getByTestId('group-table').waitFor();
      for (const id of ['pause', 'stop', 'pause-slow', 'identify', 'forget-learnt', 'tags-import', 'probe-open', 'device-delete'])
        assert.equal(await looking.getByTestId(id).count(), 0, id);
      await looking.goto(`${ready.http}/devices/~probe`);
      await looking.getByText('Engineers can do that.').waitFor();
      assert.equal(await looking.getByTestId('probe-run').count(), 0);
    } finally {
      await looking.context().close();
    }
  });
});
