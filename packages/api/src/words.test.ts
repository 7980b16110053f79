import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieValues, serialiseCookie } from './cookie.ts';
import { sqlValueToJson, tagValueToJson } from './json-value.ts';
import { hostAllowed, originIsOwn } from './own-host.ts';
import type { Micros } from '@omh/core';

test('a cookie is found among others and never by a part of its name', () => {
  assert.deepEqual(cookieValues('a=1; omh_session=x=y; xomh_session=2;omh_session=z; omh_session=', 'omh_session'), ['x=y', 'z']);
  assert.deepEqual(cookieValues(undefined, 'a'), []);
  assert.equal(cookieValues(Array.from({ length: 100 }, (_, i) => `a=${i}`).join(';'), 'a').length, 8);
});

test('a cookie cannot carry what would end it', () => {
  assert.equal(serialiseCookie('a', 'b', { maxAgeSeconds: 5.5, secure: true }), 'a=b; Path=/; Max-Age=5; HttpOnly; SameSite=Lax; Secure');
  for (const value of ['a;b', 'a\r\nb', 'a b', 'a,b', '"a"'])
    assert.throws(() => serialiseCookie('a', value, { maxAgeSeconds: 1, secure: false }), RangeError);
});

test('an origin is own only with the same host and port', () => {
  assert.ok(originIsOwn('http://plant:7070', 'plant:7070'));
  assert.ok(originIsOwn('https://plant', 'plant'));
  assert.ok(originIsOwn('http://[::1]:7070', '[::1]:7070'));
  for (const [origin, host] of [
    ['http://plant', 'plant:7070'],
    ['null', 'plant'],
    ['file:///x', 'plant'],
    ['http://plant.evil', 'plant'],
    ['http://plant:7070', undefined],
    ['x', 'x'],
  ] as const) {
    assert.ok(!originIsOwn(origin, host), origin);
  }
});

test('beyond loopback any host name is taken, on loopback only its own', () => {
  assert.ok(hostAllowed('anything.example', '0.0.0.0'));
  assert.ok(hostAllowed('127.0.0.5:80', '127.0.0.5'));
  for (const host of [undefined, '', 'evil', 'localhost.evil', '127.0.0.1.evil', 'localhost:7070:1', 'a@localhost', '[::2]'])
    assert.ok(!hostAllowed(host, '127.0.0.1'), host);
});

test('values keep their exactness in JSON', () => {
  assert.deepEqual(
    [1.5, true, 'x', -0, Infinity, -Infinity, Number.NaN].map((v) => tagValueToJson(v)),
    [1.5, true, 'x', -0, 'Infinity', '-Infinity', 'NaN'],
  );
  assert.deepEqual(
    [tagValueToJson(5n), tagValueToJson(5n, true), tagValueToJson(2n ** 60n), tagValueToJson(-(2n ** 60n))],
    [5, '5', '1152921504606846976', '-1152921504606846976'],
  );
  assert.deepEqual(tagValueToJson([1, 2n ** 60n, Uint8Array.of(255)]), [1, '1152921504606846976', '/w==']);
  assert.equal(sqlValueToJson({ micros: Infinity as Micros }), 'infinity');
  assert.equal(sqlValueToJson({ micros: 9e18 as Micros }), '9000000000000000000');
});
