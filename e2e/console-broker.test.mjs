import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { at } from '../scripts/workspace.mjs';
import { browserMissing, findBrowser, launchBrowser } from '../test/support/browser.mjs';
import { startDemo } from '../test/support/demo.mjs';
import { until } from '../test/support/pipeline.mjs';

const pictures = at('test-results');

describe('the broker in a browser', { concurrency: false, skip: findBrowser() === undefined && browserMissing }, () => {
  let demo;
  let browser;
  let page;
  let complaints = [];
  const clients = [];

  const call = async (method, path, body) => {
    const answer = await fetch(`${demo.ready.http}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${demo.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  /** A browser of its own, signed in with a role. */
  const somebody = async (role) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
    const one = await context.newPage();
    one.setDefaultTimeout(10_000);
    one.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
    one.on('console', (message) => {
      // A refusal that the page tells in its own words is logged by the browser too.
      const refusal = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text());
      if (message.type() === 'error' && !refusal) complaints.push(`console: ${message.text()}`);
    });
    one.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(demo.ready.http).host)
        complaints.push(`left the host: ${request.url()}`);
    });
    const { code } = await call('POST', '/sign-in-codes', { role });
    await one.goto(`${demo.ready.http}/#sign-in=${code}`);
    await one.getByTestId('signed-in-name').waitFor();
    return one;
  };
  const client = async (clientId, options = {}) => {
    const made = await mqtt.connectAsync(demo.ready.mqtt, {
      clientId,
      protocolVersion: 5,
      reconnectPeriod: 0,
      connectTimeout: 5_000,
      ...options,
    });
    made.on('error', () => {});
    clients.push(made);
    return made;
  };
  const row = (testid, key) => page.locator(`[data-testid="${testid}"][data-key="${key}"]`);
  const sentence = (text) => page.getByTestId('screen-sentence').getByText(text).waitFor();

  before(async () => {
    demo = await startDemo();
    browser = await launchBrowser();
    page = await somebody('engineer');
  });
  after(async () => {
    for (const one of clients) one.end(true);
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

  test('clients are listed, found and shown; one is sent away and hears why', async () => {
    const strange = 'press/7 ä%2F';
    const one = await client(strange, { properties: { sessionExpiryInterval: 60 }, clean: false });
    await one.subscribeAsync('acme/press/#', { qos: 1 });
    for (let i = 0; i < 3; i++) await client(`neighbour-${i}`);
    await page.getByTestId('nav-broker').click();
    await row('client', strange).waitFor();
    await sentence('4 clients are connected.');
    await page.keyboard.press('/');
    await page.keyboard.type('PRESS/7');
    await sentence('1 client is like that.');
    assert.equal(await page.getByTestId('client').count(), 1);
    await row('client', strange).click();
    await page.getByTestId('client-detail').getByText('acme/press/#').waitFor();
    await page.reload();
    await page.getByTestId('client-kick').click();
    await page.getByTestId('kick-reason').fill('maintenance until noon');
    const told = once(one, 'disconnect');
    await page.getByTestId('confirm').click();
    const [packet] = await told;
    assert.deepEqual([packet.reasonCode, packet.properties.reasonString], [0x98, 'maintenance until noon']);
    await row('client', strange).getByText('Away').waitFor();
    await page.getByTestId('client-departure').getByText('it was sent away: maintenance until noon').waitFor();
    await page.getByTestId('client-kick').click();
    await page.getByTestId('confirm').click();
    await sentence('No client is like that.');
    await page.getByTestId('broker-find').fill(strange);
    await page.getByTestId('client-gone').getByText('it was sent away').waitFor();
    const { records } = await call('GET', '/audit?verb=clients.write');
    assert.deepEqual(
      records.map(({ what }) => what),
      [`clients/${strange}`, `clients/${strange}`],
    );
  });

  test('many clients are scrolled through by the keyboard without being drawn all at once', async () => {
    await Promise.all(Array.from({ length: 260 }, (_, i) => client(`many-${String(i).padStart(3, '0')}`, { keepalive: 0 })));
    await page.goto(`${demo.ready.http}/broker/clients?find=many`);
    await sentence('260 clients are like that.');
    await page.getByText('200 of 260 read').waitFor();
    assert.ok((await page.getByTestId('client').count()) < 80);
    const list = page.getByRole('listbox', { name: 'MQTT clients' });
    await list.focus();
    await page.keyboard.press('ArrowDown');
    await page.getByTestId('client-detail').getByText('many-000').waitFor();
    await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await until('the second page', async () => (await page.getByText('of 260 read').count()) === 0, 10_000);
    await list.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await row('client', 'many-259').waitFor();
    for (const one of clients.splice(4)) one.end(true);
  });

  test('subscriptions are found by what their filters take in', async () => {
    await clients[1].subscribeAsync(['shop/+/state', 'other/x']);
    await page.getByTestId('tab-subscriptions').click();
    await page.getByTestId('subscription').getByText('other/x').waitFor();
    await page.getByTestId('broker-find').fill('shop/#');
    await sentence('1 subscription.');
    await page.getByTestId('broker-find').fill('a/#/b');
    await page.getByText('The topic filter is not valid').first().waitFor();
  });

  test('what is opened while a filter still settles stays open', async () => {
    await clients[1].publishAsync('shop/early', 'here', { retain: true, qos: 1 });
    await page.goto(`${demo.ready.http}/broker/retained`);
    await row('retained', 'shop/early').waitFor();
    await page.getByTestId('broker-find').fill('shop/early');
    await row('retained', 'shop/early').click();
    await until('the filter in the address', () => new URL(page.url()).searchParams.get('find') === 'shop/early');
    await page.getByTestId('retained-detail').getByText('here').waitFor();
    assert.equal(new URL(page.url()).searchParams.get('item'), 'shop/early');
    await page.getByTestId('retained-delete').click();
    await page.getByTestId('confirm').click();
    await sentence('Nothing is retained there.');
  });

  test('a retained message is read and deleted for good', async () => {
    await clients[1].publishAsync('shop/kept/1', '{"count":41}', { retain: true, qos: 1 });
    await clients[1].publishAsync('shop/kept/2', 'stays', { retain: true, qos: 1 });
    await page.getByTestId('tab-retained').click();
    await page.getByTestId('broker-find').fill('shop/kept/#');
    await sentence('2 retained messages.');
    await row('retained', 'shop/kept/1').click();
    await page.getByTestId('payload-json').getByText('41').waitFor();
    await page.getByTestId('retained-delete').click();
    await page.getByTestId('confirm').click();
    await sentence('1 retained message.');
    const got = [];
    clients[2].on('message', (topic) => got.push(topic));
    await clients[2].subscribeAsync('shop/kept/#');
    await until('what is retained', () => got.length > 0, 5_000);
    assert.deepEqual(got, ['shop/kept/2']);
  });

  test('a delayed message is taken back before it goes', async () => {
    await clients[1].publishAsync('$delayed/600/shop/later', 'soon', { qos: 1 });
    await page.getByTestId('tab-delayed').click();
    await sentence('1 message waits for its time.');
    await page.getByTestId('delayed').click();
    await page.getByTestId('delayed-detail').getByText('soon').waitFor();
    await page.getByTestId('delayed-delete').click();
    await page.getByTestId('confirm').click();
    await sentence('No message waits for its time.');
  });

  test('who is banned is sent away and refused until the ban is lifted', async () => {
    const guest = await client('guest-1');
    const closed = once(guest, 'close');
    await page.goto(`${demo.ready.http}/broker/clients?item=guest-1`);
    await page.getByTestId('client-detail').getByRole('link', { name: 'Ban' }).click();
    assert.equal(await page.getByTestId('field-ban-value').inputValue(), 'guest-1');
    await page.getByTestId('field-ban-value').fill('guest-*');
    await page.getByTestId('field-ban-reason').fill('not on this line');
    await page.getByTestId('ban-save').click();
    await sentence('1 ban keeps clients out.');
    await closed;
    await assert.rejects(client('guest-2'), /banned/i);
    const { banned } = await call('GET', '/banned');
    assert.deepEqual([banned[0].value, banned[0].reason, banned[0].by], ['guest-*', 'not on this line', 'engineer (sign-in link)']);
    await page.getByTestId('lift-guest-*').click();
    await page.getByTestId('confirm').click();
    await sentence('Nobody is banned.');
    await client('guest-2');
  });

  test('a topic is counted, and slow subscribers say that nobody looks for them', async () => {
    await page.getByTestId('tab-topics').click();
    await page.getByTestId('topic-field').fill('a/#/b');
    await page.getByTestId('topic-add').click();
    await page.getByRole('alert').getByText('filter').waitFor();
    await page.getByTestId('topic-field').fill('count/+');
    await page.getByTestId('topic-add').click();
    await row('topic', 'count/+').waitFor();
    for (let i = 0; i < 7; i++) await clients[1].publishAsync(`count/${i}`, 'x', { qos: 1 });
    await until('seven', async () => (await row('topic', 'count/+').innerText()).split('\n').includes('7'), 10_000);
    await page.getByTestId('tab-slow').click();
    await sentence('Slow subscribers are not looked for.');
  });

  test('a trace shows lines as they come, is stopped, saved and deleted', async () => {
    await page.getByTestId('tab-traces').click();
    await sentence('Nothing is traced.');
    await page.getByTestId('field-trace-value').fill('traced/#');
    await page.getByTestId('trace-payload').selectOption('text');
    await page.getByTestId('trace-start').click();
    await sentence('1 trace runs.');
    await clients[2].subscribeAsync('traced/x', { qos: 1 });
    await clients[1].publishAsync('traced/x', 'hello there', { qos: 1 });
    await clients[1].publishAsync('elsewhere', 'not this', { qos: 1 });
    const published = page.locator('[data-testid=trace-line][data-what="message.publish"]');
    await published.getByText('hello there').waitFor();
    assert.equal(await published.count(), 1);
    await page.locator('[data-testid=trace-line][data-what="message.delivered"]').getByText('neighbour-1').waitFor();
    await page.getByTestId('trace-stop').click();
    await sentence('1 trace, none runs.');
    const saving = page.waitForEvent('download');
    await page.getByTestId('trace-save').click();
    const file = await saving;
    assert.equal(file.suggestedFilename(), 'traced.log');
    assert.match(readFileSync(await file.path(), 'utf8'), /message\.publish "neighbour-0" .*topic="traced\/x".*payload="hello there"/);
    await page.getByTestId('trace-delete').click();
    await page.getByTestId('confirm').click();
    await sentence('Nothing is traced.');
  });

  test('an operator sees it all and changes nothing; a viewer does not come in', async () => {
    await call('POST', '/banned', { kind: 'user', value: 'nobody' });
    const operator = await somebody('operator');
    await operator.goto(`${demo.ready.http}/broker/clients?item=neighbour-0`);
    await operator.getByTestId('client-detail').getByText('shop/+/state').waitFor();
    assert.equal(await operator.getByTestId('client-kick').count(), 0);
    assert.equal(await operator.getByRole('link', { name: 'Ban', exact: true }).count(), 0);
    assert.equal(await operator.getByTestId('tab-traces').count(), 0);
    await operator.goto(`${demo.ready.http}/broker/traces`);
    await operator.getByText('Traces are not open to you.').waitFor();
    await operator.goto(`${demo.ready.http}/broker/retained?item=${encodeURIComponent('shop/kept/2')}`);
    await operator.getByTestId('retained-detail').getByText('stays').waitFor();
    assert.equal(await operator.getByTestId('retained-delete').count(), 0);
    await operator.getByTestId('tab-banned').click();
    await operator.getByTestId('ban').waitFor();
    assert.equal(await operator.getByTestId('ban-new').count(), 0);
    assert.equal(await operator.getByTestId('lift-nobody').count(), 0);
    assert.equal(await operator.evaluate(async () => (await fetch('/api/v1/banned/user/nobody', { method: 'DELETE' })).status), 403);
    await operator.context().close();
    const viewer = await somebody('viewer');
    assert.equal(await viewer.getByTestId('nav-broker').count(), 0);
    await viewer.goto(`${demo.ready.http}/broker`);
    await viewer.getByText('Broker is not open to the role viewer.').waitFor();
    await viewer.context().close();
  });
});
