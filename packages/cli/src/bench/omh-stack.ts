import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end } from './child.ts';
import type { Job, Stack } from './stack.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

/** The hub as a person starts it, with a hub file for the job. */
export async function omhStack(job: Job): Promise<Stack> {
  const dir = mkdtempSync(join(tmpdir(), 'omh-bench-'));
  const token = `omh_${randomBytes(24).toString('base64url')}`;
  const file = join(dir, 'hub.yaml');
  writeFileSync(file, hubFile(job));
  const hub = spawn(process.execPath, [main, 'up', '-c', file, '--data', join(dir, 'data'), '--json'], {
    env: { ...process.env, OMH_ADMIN_TOKEN: token },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await new Promise<{ http: string; mqtt: string }>((resolve, reject) => {
    hub.once('exit', (code) => reject(new Error(`the hub ended with ${code}`)));
    createInterface({ input: hub.stdout }).once('line', (line) => resolve(JSON.parse(line) as { http: string; mqtt: string }));
  });
  const sql = async (statement: string): Promise<number> => {
    const answer = await fetch(`${ready.http}/api/v1/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sql: statement }),
    });
    const body = (await answer.json()) as { rows: (number | string | null)[][] };
    return Number(body.rows[0]![0] ?? 0);
  };
  return {
    name: 'omh',
    parts: 'one program',
    mqttUrl: ready.mqtt,
    topic: '/neuron/app/d0/g',
    pids: () => [hub.pid!],
    committedSeq: () => sql('SELECT max(seq) FROM changes'),
    storedSamples: () => sql('SELECT count(*) FROM samples'),
    async onChart(callback) {
      const { WebSocket } = await import('ws');
      const socket = new WebSocket(`${ready.http.replace('http', 'ws')}/api/v1/live`, { headers: { authorization: `Bearer ${token}` } });
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      socket.send(JSON.stringify({ op: 'sub', id: 1, kind: 'tags', tags: ['d0/g/t0'] }));
      socket.on('message', (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as { v?: number[] };
        if (frame.v?.[0] !== undefined) callback(frame.v[0]);
      });
      return () => socket.close();
    },
    async stop() {
      await end(hub);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function hubFile(job: Job): string {
  const names = job.ports.map((_, i) => `d${i}`);
  const tags = Array.from(
    { length: job.tagsPerDevice },
    (_, i) => `          t${i}: { address: 1!4${String(i + 1).padStart(4, '0')}, type: uint16 }`,
  ).join('\n');
  return `version: 1
hub: { name: bench }
http: { port: 0 }
broker: { listeners: { tcp: { port: 0, anonymous: true } } }
historian: { setup: [ 'CREATE TABLE IF NOT EXISTS changes(seq INTEGER)' ] }
devices:
${names
  .map(
    (name, i) => `  ${name}:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${job.ports[i]} }
    groups:
      g:
        interval: ${job.intervalMs}ms
        tags:
${tags}`,
  )
  .join('\n')}
apps:
  app: { type: mqtt, subscriptions: [${names.map((device) => `{ device: ${device}, group: g }`).join(', ')}] }
rules:
  changes:
    sql: SELECT payload.values.t0 AS seq FROM "/neuron/app/d0/g"
    actions:
      - historian: INSERT INTO changes(seq) VALUES (\${seq})
`;
}
