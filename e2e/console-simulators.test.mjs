import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { startDemo } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');

describe('a simulated device fails on demand, over the API and in the browser', {
  concurrency: false,
  skip: findBrowser() === undefined && browserMissing,
}, () => {
  let demo;
  let browser;
  let page;
  let complaints = [];

  const ask = async (method, path, body) => {
    const answer = await fetch(`${demo.ready.http}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${demo.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const values = async () => (await ask('GET', '/values?device=demo')).values;
  const become = (quality) =>
    until(
      `tags that are ${quality}`,
      async () => {
        const now = await values();
        return now.length > 0 && now.every((value) => value.quality === quality) && now;
      },
      15_000,
    );
  async function enter(role, viewport = { width: 1440, height: 900 }) {
    const { code } = await ask('POST', '/sign-in-codes', { role });
    const context = await browser.newContext({ viewport });
    const opened = await context.newPage();
    opened.setDefaultTimeout(15_000);
    opened.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    opened.on('console', (message) => {
      // The browser logs by itself that nobody is signed in yet.
      if (message.type() === 'error' && !message.location().url.endsWith('/api/v1/me')) complaints.push(`console: ${message.text()}`);
    });
    await opened.goto(`${demo.ready.http}/#sign-in=${code}`);
    await opened.getByTestId('signed-in-name').first().waitFor({ state: 'attached' });
    return opened;
  }
  before(async () => {
    demo = await startDemo();
    browser = await launchBrowser();
    page = await enter('engineer');
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
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
  const reads = (id, wanted) => until(`${id} with ${wanted}`, async () => wanted.test(await get(id).first().innerText()));

  test('silent over the API turns its tags bad with a sentence; when it is taken off they are good', async () => {
    await become('good');
    const { name, devices, signals } = (await ask('GET', '/simulators')).simulators[0];
    assert.deepEqual([devices, signals.map((signal) => signal.name)], [['demo'], ['temperature', 'humidity']]);
    const { id } = await ask('POST', `/simulators/${name}/faults`, { fault: 'silent' });
    const bad = await become('bad');
    for (const value of bad) assert.match(value.reason, /^[A-Z0-9].*(does not answer|left alone).*\.$/);
    await ask('DELETE', `/simulators/${name}/faults/${id}`);
    await become('good');
  });

  test('in the browser a fault is put on by two clicks, its effect is seen beside it, and one click takes it off', async () => {
    await become('good');
    await page.goto(`${demo.ready.http}/simulators`);
    await get('kind-silent').click();
    await reads('fault-about', /Requests are taken and never answered\.\s+Requests time out/);
    await get('fault-on').click();
    await get('fault-silent').waitFor();
    await reads('screen-sentence', /fails on demand: it takes requests and never answers/);
    await reads('reader-demo', /does not answer|left alone/);
    await become('bad');
    await reads('fault-silent', /\d+ requests? hit/);
    await get('simulator-requests').click();
    await page.getByText('not answered').first().waitFor();
    await get('fault-off').click();
    await get('fault-silent').waitFor({ state: 'detached' });
    await reads('reader-demo', /Reads 2 tags/);
    await become('good');
  });

  test('a fault that was put on for a time ends by itself', async () => {
    await get('kind-busy').click();
    await get('fault-time').selectOption('10s');
    await get('fault-on').click();
    await reads('fault-busy', /\d+ s left/);
    await become('bad');
    assert.match((await values())[0].reason, /busy/);
    await get('fault-busy').waitFor({ state: 'detached' });
    await become('good');
  });

  test('a signal is held, seen held everywhere, and let go', async () => {
    await get('simulator-signals').click();
    const signal = get('signal-1-temperature');
    await signal.getByTestId('signal-hold').click();
    await get('hold-value').fill('999999');
    await get('hold-confirm').click();
    await page.getByText('999999 does not fit the signal temperature').waitFor();
    await get('hold-value').fill('1234');
    await get('hold-confirm').click();
    await signal.getByText('held', { exact: true }).waitFor();
    await until('1234 in the hub', async () => (await values()).find(({ tag }) => tag === 'temperature').value === 1234);
    await signal.getByTestId('signal-release').click();
    await until('another value', async () => (await values()).find(({ tag }) => tag === 'temperature').value < 1000);
    // The browser itself logs the answer that refused the first value.
    complaints = complaints.filter((text) => !/status of 400/.test(text));
  });

  test('who may only look sees the same without a switch, also on a phone', async () => {
    const looked = await enter('viewer', { width: 390, height: 844 });
    await looked.goto(`${demo.ready.http}/simulators`);
    await looked.getByTestId('signal-value').first().waitFor();
    await looked.getByTestId('fault-about').waitFor();
    for (const id of ['fault-on', 'fault-off', 'signal-hold', 'simulator-stop']) assert.equal(await looked.getByTestId(id).count(), 0, id);
    assert.ok(await looked.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the phone');
    await looked.context().close();
  });
});
