import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './host.ts';

test('only what cannot be reached from elsewhere is loopback', () => {
  for (const host of ['localhost', '::1', '127.0.0.1', '127.8.9.1', '::ffff:127.0.0.1']) assert.ok(isLoopback(host), host);
  for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', 'x127.0.0.1'])
    assert.ok(!isLoopback(host), host);
});
