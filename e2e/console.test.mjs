import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { startDemo } from '../test/support/demo.mjs';
import { sql, until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');

describe('the console in a browser', { concurrency: false, skip: findBrowser() === undefined && browserMissing }, () => {
  let demo;
  let browser;
  let page;
  /** Everything the browser complained about, and every request that left the host. */
  let complaints = [];

  before(async () => {
    demo = await startDemo();
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      // Who is not signed in yet is told so with a 401, which the browser logs by itself.
      const askedWho = message.location().url.endsWith('/api/v1/me');
      if (message.type() === 'error' && !askedWho) complaints.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(demo.ready.http).host)
        complaints.push(`left the host: ${request.url()}`);
    });
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });
  afterEach(async (t) => {
    if (complaints.length > 0) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${t.name.replaceAll(/\W+/g, '-')}.png`) });
    }
    const found = complaints;
    complaints = [];
    assert.deepEqual(found, []);
  });

  const get = (id) => page.getByTestId(id);
  const go = async (screen) => {
    await get(`nav-${screen}`).first().click();
    await get('screen-sentence').first().waitFor();
  };
  const number = async (id) => Number((await get(id).first().innerText()).replaceAll(/[^\d.-]/g, ''));

  test('the link signs in, is gone from the address, and works once', async () => {
    await page.goto(demo.ready.signIn);
    await get('signed-in-name').first().waitFor();
    assert.ok(!page.url().includes('sign-in'), page.url());
    const other = await browser.newContext();
    const stranger = await other.newPage();
    await stranger.goto(demo.ready.signIn);
    await stranger.getByTestId('sign-in').waitFor();
    await other.close();
  });

  test('the overview says that everything runs and draws the flow', async () => {
    await page.waitForFunction(() =>
      /^All \d+ parts run\.$/.test(document.querySelector('[data-testid=screen-sentence]')?.textContent ?? ''),
    );
    await get('flow-picture').waitFor();
    assert.match(await get('status-line').innerText(), /Live/);
  });

  test('live values move, with quality and age', async () => {
    await go('live');
    const row = get('row-demo/demo_group/temperature');
    await row.waitFor();
    assert.equal(await row.getAttribute('data-quality'), 'good');
    const first = await row.innerText();
    await until('another text', async () => (await row.innerText()) !== first, 5000);
  });

  test('the messages of the blueprint are watched and charted', async () => {
    await go('messages');
    await get('message-row').nth(1).waitFor();
    assert.match(await get('message-row').first().innerText(), /\/neuron\/demo_app\/demo\/demo_group/);
    assert.match(await get('payload-json').innerText(), /"temperature": \d+/);
    await get('chart-values.temperature').click();
    await get('path-chart').waitFor();
  });

  test('the rule shows its counters, tests on the last message, and says where SQL is wrong', async () => {
    await go('rules');
    const matched = await number('rule-ingest-matched');
    await until('one more match', async () => (await number('rule-ingest-matched')) > matched, 5000);
    await get('rule-use-last').click();
    await page.waitForFunction(() => /matches/.test(document.querySelector('[data-testid=rule-verdict]')?.textContent ?? ''));
    assert.match(await get('rule-output').innerText(), /"temperature": \d+/);
    await page.locator('[data-testid=rule-editor] .cm-content').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('SELECT payload. FROM "t"');
    await get('rule-test').click();
    await get('rule-fault').waitFor();
    assert.match(await get('rule-fault').innerText(), /line 1, column \d+/i);
  });

  test('a rule made in the console runs within two seconds', { timeout: 30_000 }, async () => {
    page.once('dialog', (dialog) => void dialog.accept());
    await get('rule-new').click();
    await get('rule-name').fill('made_here');
    await page.locator('[data-testid=rule-editor] .cm-content').click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('SELECT payload.values.temperature AS t FROM "/neuron/demo_app/demo/demo_group"');
    await get('rule-save').click();
    await get('plan-apply').click();
    await get('rule-made_here').waitFor();
    await until('a match', async () => (await number('rule-made_here-matched')) > 0, 4000);
    assert.match((await demo.get('/api/v1/config')).text, /made_here:/);
  });

  test('history is asked in SQL, shown as table and chart, and saved as a panel that is there after a reload', {
    timeout: 40_000,
  }, async () => {
    await go('data');
    await get('sql-run').click();
    await get('sql-result').waitFor();
    assert.match(await get('sql-result').innerText(), /temperature/);
    await get('view-chart').click();
    await page.locator('[data-series*=temperature] canvas').first().waitFor();
    const panels = async () => (await demo.get('/api/v1/dashboards')).dashboards[0].panels.length;
    const before = await panels();
    await get('save-panel').click();
    await get('panel-title').fill('Saved from Data');
    await get('save-panel-confirm').click();
    await until('one more panel', async () => (await panels()) === before + 1);
    await go('dashboards');
    await page.reload();
    await page.getByText('Saved from Data').first().waitFor();
  });

  test('the dashboard draws both series with their names and keeps moving', { timeout: 60_000 }, async () => {
    const panel = page.locator('[data-series*="Temperature"][data-series*="Humidity"]').first();
    await panel.waitFor();
    await panel.locator('canvas').first().waitFor();
    await until('thirty points', async () => Number(await panel.getAttribute('data-points')) >= 30, 40_000);
    const points = Number(await panel.getAttribute('data-points'));
    await until('more points', async () => Number(await panel.getAttribute('data-points')) > points, 5000);
  });

  test('stopped with its button the device turns uncertain, then bad with a reason; started again it is good', {
    timeout: 60_000,
  }, async () => {
    await go('simulator');
    await get('simulator-stop').click();
    await get('simulator-start').waitFor();
    await go('live');
    const row = get('row-demo/demo_group/temperature');
    const seen = [];
    await until(
      'bad',
      async () => {
        const quality = await row.getAttribute('data-quality');
        if (quality !== seen.at(-1)) seen.push(quality);
        return quality === 'bad';
      },
      8000,
    );
    assert.match(await row.innerText(), /[a-z]{4}/i);
    await go('overview');
    await get('attention-device/demo').waitFor();
    await go('simulator');
    await get('simulator-start').click();
    await go('live');
    await until('good', async () => (await row.getAttribute('data-quality')) === 'good', 8000);
  });

  test('the palette finds a tag by keyboard, and the keys of the menu work', async () => {
    await page.keyboard.press('Control+k');
    await get('palette-input').fill('humidity');
    await page.keyboard.press('Enter');
    await page.waitForURL(/humidity/);
    await page.keyboard.press('Escape');
    await page.locator('body').click({ position: { x: 700, y: 870 } });
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.waitForURL(/\/rules/);
  });

  test('a phone shows every screen without a sideways scroll', { timeout: 60_000 }, async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of [
      '/',
      '/live',
      '/devices/demo',
      '/devices/~new',
      '/apps',
      '/messages',
      '/rules',
      '/data',
      '/dashboards/conditions',
      '/simulators',
      '/system',
    ]) {
      await page.goto(demo.ready.http + path);
      await get('screen-sentence').first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`);
    }
  });

  test('what the console saved did not hurt the pipeline', async () => {
    const rows = Number((await sql(demo, 'SELECT count(*) FROM conditions'))[0][0]);
    await until('more rows', async () => Number((await sql(demo, 'SELECT count(*) FROM conditions'))[0][0]) > rows, 5000);
  });
});
