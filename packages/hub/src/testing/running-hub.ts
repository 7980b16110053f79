import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { partPrincipal, silentLogger, systemClock, type OmhError } from '@omh/core';
import { Hub } from '../hub.ts';

export const me = partPrincipal('test');

export const file = (port: number): string => `# the plant
version: 1
hub: { name: test, site: acme }   # where it stands
broker: { listeners: { tcp: { port: 0, anonymous: true } } }
simulators:
  plant: { protocol: modbus-tcp, port: ${port}, preset: blueprint }
devices:
  press:   # keeps this comment
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups:
      g:
        interval: 50ms
        tags:
          temperature: { address: 1!40001, type: int16 }
          humidity: { address: 1!40002, type: int16, decimal: 0.1, unit: "%" }
          output: { address: 1!00001, type: bit, access: readwrite }
apps:
  app:
    type: mqtt
    settings: { username: !env OMH_TEST_SECRET }
    subscriptions: [{ device: press, group: g }]
rules:
  copy:
    sql: SELECT payload.values.temperature AS t FROM "/neuron/app/press/g"
    actions: [{ republish: { topic: copy } }]
`;

export async function hub(
  t: TestContext,
  options: { start?: boolean; text?: string; files?: Readonly<Record<string, string>> } = {},
): Promise<{ hub: Hub; path: string; dir: string }> {
  process.env['OMH_TEST_SECRET'] = 'do-not-show-this';
  const dir = mkdtempSync(join(tmpdir(), 'omh-hub-'));
  const path = join(dir, 'hub.yaml');
  writeFileSync(path, options.text ?? file(5020));
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  // The port is chosen by the system before anything listens, as the command line does.
  const port = await freePort();
  const made = new Hub({
    file: path,
    dataDir: join(dir, 'data'),
    version: 'test',
    clock: systemClock,
    log: silentLogger,
    adminTokens: ['a-token-of-more-than-24-characters'],
    ports: { modbus: port },
  });
  t.after(async () => {
    await made.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  });
  if (options.start !== false) await made.start();
  return { hub: made, path, dir };
}

export async function until(what: string, check: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !check(); i++)
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  assert.ok(check(), what);
}
export const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (thrown: OmhError) => thrown.code,
  );

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const s = createServer();
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address() as { port: number };
      s.close(() => resolve(port));
    });
  });
