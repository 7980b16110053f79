import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger, systemClock, type OmhError } from '@omh/core';
import { ApiServer, type ApiServerOptions } from './api-server.ts';
import { adminToken, asHub, FakeHub } from './testing/fake-hub.ts';

const root = mkdtempSync(join(tmpdir(), 'omh-api-'));
const consoleDir = join(root, 'console');
const hub = new FakeHub(systemClock);
const make = (more: Partial<ApiServerOptions> = {}): ApiServer =>
  new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, consoleDir, clock: systemClock, log: silentLogger, ...more });
const server = make({ limits: { requestMs: 300, bodyBytes: 10_000 } });

before(async () => {
  mkdirSync(join(consoleDir, 'assets'), { recursive: true });
  writeFileSync(join(root, 'secret.txt'), 'TOP SECRET');
  writeFileSync(join(consoleDir, 'index.html'), '<!doctype html><title>console</title>');
  writeFileSync(join(consoleDir, '.hidden'), 'TOP SECRET');
  writeFileSync(join(consoleDir, 'logo.svg'), '<svg/>');
  writeFileSync(join(consoleDir, 'assets', 'index-Ab12_-xY.js'), 'console.log(1)');
  writeFileSync(join(consoleDir, 'assets', 'index-Ab12_-xY.js.gz'), gzipSync('console.log(1)'));
  await server.start();
});
after(async () => {
  await server.stop();
  rmSync(root, { recursive: true });
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
/** Without the normalisation of `fetch`, so that a path goes out as it is written. */
const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(server.url());
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response
        .setEncoding('latin1')
        .on('data', (c: string) => {
          text += c;
        })
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    request.on('error', reject).end(body);
  });
const raw = async (text: string, end = false): Promise<string> => {
  const socket = connect(Number(new URL(server.url()).port), '127.0.0.1');
  socket.write(text);
  if (end) socket.end();
  let out = '';
  try {
    for await (const chunk of socket) out += String(chunk);
  } catch {
    /* a reset is an answer too */
  }
  return out;
};

test('pages get the index, also at addresses only the console knows', async () => {
  for (const path of ['/', '/index.html', '/devices/demo', '/dashboards/conditions?from=now-1h', '/a.b/c']) {
    const answer = await ask(path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.body, /<title>console/);
    assert.equal(answer.headers['cache-control'], 'no-cache');
    assert.match(String(answer.headers['content-type']), /^text\/html/);
  }
});

test('a page costs no pile of listeners on its answer', async (t) => {
  const warnings: string[] = [];
  const note = (warning: Error): void => {
    warnings.push(warning.name);
  };
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  for (let i = 0; i < 3; i++) await ask('/devices/demo', { 'accept-encoding': 'br, gzip' });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(warnings, []);
});

test('hashed files are kept for ever, others are asked for again, and the compressed neighbour is sent', async () => {
  const plain = await ask('/assets/index-Ab12_-xY.js');
  assert.deepEqual(
    [plain.status, plain.body, plain.headers['cache-control']],
    [200, 'console.log(1)', 'public, max-age=31536000, immutable'],
  );
  const packed = await ask('/assets/index-Ab12_-xY.js', { 'accept-encoding': 'br, gzip' });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.match(String(packed.headers['content-type']), /javascript/);
  const logo = await ask('/logo.svg', { 'accept-encoding': 'br, gzip' });
  assert.deepEqual([logo.status, logo.body, logo.headers['cache-control']], [200, '<svg/>', 'no-cache']);
});

test('nothing outside the folder and nothing hidden is served', async () => {
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/%00',
    '/.hidden',
    '//etc/passwd',
    '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
    '/%c0%ae%c0%ae/secret.txt',
  ]) {
    const answer = await ask(path);
    assert.ok(!answer.body.includes('TOP SECRET'), path);
    assert.ok([200, 400, 403, 404].includes(answer.status), `${path} ${answer.status}`);
  }
});

test('unknown addresses of the API and missing assets are problems, not pages', async () => {
  for (const path of ['/api', '/api/v1/nothing', '/api/v2/status', '/assets/gone-12345678.js', '/metrics/x', '/prometheus/x']) {
    const answer = await ask(path, { accept: 'text/html' });
    assert.equal(answer.status, 404, path);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, path);
    assert.equal((JSON.parse(answer.body) as { code: string }).code, 'API_NO_ROUTE');
  }
  assert.equal((await ask('/devices', {}, 'POST')).status, 404);
  assert.equal((await ask('/api/v1/live', { authorization: `Bearer ${adminToken}` })).status, 426);
});

test('every answer carries the security headers', async () => {
  for (const path of ['/', '/healthz', '/api/v1/nothing']) {
    const { headers } = await ask(path);
    const csp = String(headers['content-security-policy']);
    for (const part of [
      "default-src 'self'",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "frame-ancestors 'none'",
    ])
      assert.ok(csp.split(';').includes(part), `${path}: ${csp}`);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['strict-transport-security'], undefined);
  }
  assert.equal((await ask('/api/v1/me')).headers['cache-control'], 'no-store');
});

test('a body that is too large, no JSON or of another type is refused', async () => {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const code = async (body: string, more: Record<string, string> = {}): Promise<unknown[]> => {
    const answer = await ask('/api/v1/sql', { ...headers, ...more }, 'POST', body);
    return [answer.status, (JSON.parse(answer.body) as { code: string }).code];
  };
  assert.deepEqual(await code(JSON.stringify({ sql: 'x'.repeat(20_000) })), [413, 'API_BODY_TOO_LARGE']);
  assert.deepEqual(await code('{"sql":'), [400, 'API_BODY_NOT_JSON']);
  assert.deepEqual(await code('sql=1', { 'content-type': 'application/x-www-form-urlencoded' }), [415, 'API_MEDIA_TYPE']);
});

test('the refusal of a body that is far too large reaches a client that reads only when all is sent', async () => {
  const socket = connect({ port: Number(new URL(server.url()).port), host: '127.0.0.1' });
  const length = 16 * 1024 * 1024;
  socket.write(
    `POST /api/v1/sql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${adminToken}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const piece = Buffer.alloc(256 * 1024, 'x');
  for (let sent = 0; sent < length; sent += piece.length)
    await new Promise<void>((done, failed) => socket.write(piece, (e) => (e ? failed(e) : done())));
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.match(answer, /API_BODY_TOO_LARGE/);
});

test('a body that trickles in is cut off, and the hub goes on serving', async () => {
  const slow = raw(
    `POST /api/v1/sql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${adminToken}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"sql"`,
  );
  assert.equal((await ask('/healthz')).status, 200);
  assert.match(await slow, /^HTTP\/1.1 408 /);
});

test('garbage instead of HTTP is answered once and closed', async () => {
  assert.match(await raw('\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.match(await raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`), /^HTTP\/1.1 4|^$/);
  assert.match(await raw('GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.equal((await ask('/healthz')).status, 200);
});

test('a taken port is an error that names the port and the flag', async () => {
  const port = Number(new URL(server.url()).port);
  const second = make({ port });
  await assert.rejects(second.start(), (error: OmhError) => {
    assert.equal(error.code, 'API_PORT_TAKEN');
    assert.match(error.text, new RegExp(String(port)));
    assert.match(error.next, /--http-port/);
    return true;
  });
  assert.equal(second.health().state, 'failed');
  await assert.rejects(make({ host: '203.0.113.7' }).start(), (error: OmhError) => error.code === 'API_HOST_UNKNOWN');
});

test('a server starts and stops again and again on the port it found', async () => {
  const again = make();
  assert.equal(again.health().state, 'stopped');
  await again.start();
  const url = again.url();
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  await again.stop();
  await assert.rejects(fetch(`${url}/healthz`));
  await again.start();
  assert.equal(again.url(), url);
  assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { status: 'ok' });
  assert.equal(again.health().state, 'running');
  await again.stop();
  await again.stop();
});

test('without a console the API is served and the root says so', async () => {
  const bare = make({ consoleDir: join(root, 'nothing') });
  await bare.start();
  const page = await fetch(bare.url());
  assert.equal(page.status, 200);
  assert.match(await page.text(), /console is not built/);
  assert.equal((await fetch(`${bare.url()}/devices`)).status, 404);
  assert.equal((await fetch(`${bare.url()}/api/v1/nothing`)).status, 404);
  await bare.stop();
});

test('answers are counted by class', () => {
  const counts = Object.fromEntries(
    [...server.metrics()].filter((m) => m.name === 'omh_api_requests_total').map((m) => [m.labels!.status, m.value]),
  );
  assert.ok(counts['2xx']! > 5 && counts['4xx']! > 5, JSON.stringify(counts));
});
