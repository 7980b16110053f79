import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openness } from './openness.ts';

test('a listener without passwords is told, and more so beyond this machine', () => {
  const at = (host: string, anonymous: boolean): { host: string; port: number; anonymous: boolean } => ({ host, port: 1883, anonymous });
  assert.equal(openness({ tcp: at('0.0.0.0', false) }), '');
  assert.match(openness({ tcp: at('127.0.0.1', true) }), /of this machine/);
  assert.match(openness({ tcp: at('127.0.0.1', true), ws: { ...at('::', true), path: '/mqtt' } }), /from other machines/);
});
