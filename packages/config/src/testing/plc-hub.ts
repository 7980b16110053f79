import assert from 'node:assert/strict';
import { fail, ok } from '@omh/core';
import type { Registry } from '../checks.ts';
import { folderOf } from '../hub-files.ts';
import { formatIssue } from '../issue.ts';
import { parseHub } from '../parse-hub.ts';

/** A house with one driver, whose addresses look like 1!40001. */
export const registry: Registry = {
  drivers: new Map([
    [
      'plc',
      {
        title: 'PLC',
        settings: {
          type: 'object',
          properties: {
            host: { type: 'string', title: 'Host', description: 'Where it is.', effect: 'reconnect' },
            password: { type: 'string', format: 'secret', title: 'Password', description: 'Its password.', effect: 'reconnect' },
          },
          additionalProperties: false,
        },
        parseAddress: (address: string) =>
          /^\d+!4\d{4}$/.test(address)
            ? ok({ canonical: address, writable: true })
            : fail([{ path: '', code: 'X', message: 'it has no unit' }]),
      },
    ],
  ]),
  simulators: new Map([['plc', { type: 'object', properties: { port: { type: 'integer' } } }]]),
  apps: new Map([['mqtt', { type: 'object', properties: { url: { type: 'string' }, password: { type: 'string', format: 'secret' } } }]]),
  dashboard: { type: 'object' },
  requestsPerCycle: (_driver, _settings, tags) => Math.ceil(tags.length / 10),
};
export const parse = (texts: Record<string, string>) =>
  parseHub('hub.yaml', {
    folder: folderOf(new Map(Object.entries(texts))),
    registry,
    env: (name) => (name === 'SECRET' ? 'hunter22' : undefined),
    readFile: () => 'from-file',
  });
export const parsed = (texts: Record<string, string>) => {
  const result = parse(texts);
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value;
};
