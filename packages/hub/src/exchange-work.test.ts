import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatIssue, overlay } from '@omh/config';
import { ConfigFile } from './config-file.ts';
import { exchange, type ImportMade } from './exchange-work.ts';

const main = `version: 1
hub: { name: demo }
devices:
  press: { driver: modbus-tcp, settings: { host: 10.0.0.1 }, groups: {} }
`;

for (const [fixture, device, group] of [
  ['kepware.csv', 'press', 'g'],
  ['telegraf.conf', undefined, undefined],
  ['thingsboard.json', undefined, undefined],
  ['neuron.json', undefined, undefined],
] as const)
  test(`what is taken over from ${fixture} is a hub file that our own drivers accept`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'omh-exchange-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const path = join(dir, 'hub.yaml');
    writeFileSync(path, fixture === 'kepware.csv' ? main : main.replace('  press:', '  other:'));
    const file = new ConfigFile(path);
    assert.ok(file.load().ok);
    const bytes = readFileSync(new URL(`../../config/fixtures/${fixture}`, import.meta.url));
    const request = { bytes, device, group };
    const made = (await exchange({ kind: 'import', file: path, running: file.parsed, request })) as ImportMade;
    assert.ok(made.added > 0);
    const next = file.parse(overlay(file.disk, new Map([...file.parsed.files.texts, ...made.texts])));
    assert.ok(next.ok, next.ok ? '' : next.error.map(formatIssue).join('\n'));
    assert.deepEqual(
      made.faults.map(({ tag, message }) => `${tag}: ${message}`).filter((line) => !line.includes('does not say how to reach it')),
      [],
    );
  });
