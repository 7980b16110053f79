import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '@omh/core';
import type { Registry } from './checks.ts';
import type { AuthenticatorConfig } from './authentication-schema.ts';
import { folderOf } from './hub-files.ts';
import { hubJsonSchema } from './json-schema.ts';
import { parseHub, withoutSecrets } from './parse-hub.ts';

const registry: Registry = {
  drivers: new Map(),
  simulators: new Map(),
  apps: new Map(),
  dashboard: {},
  authenticatorFault: (entry) =>
    entry.type === 'jwt' && entry.secret !== undefined && entry.secret.length < 32
      ? { key: 'secret', why: 'the secret is too short' }
      : undefined,
};
function parse(entries: string): ReturnType<typeof parseHub> {
  const text = `version: 1\nhub: { name: a }\nbroker:\n  authentication:\n${entries
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}\n`;
  return parseHub('hub.yaml', {
    folder: folderOf(new Map([['hub.yaml', text]])),
    registry,
    env: (name) => (name === 'JWT' ? 'a secret of more than thirty-two bytes' : name === 'SHORT' ? 'do-not-show' : undefined),
    readFile: () => 'PEM',
  });
}
const good = (entries: string): AuthenticatorConfig[] => {
  const parsed = parse(entries);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return parsed.value.config.broker.authentication;
};
const faults = (entries: string): string[] => {
  const parsed = parse(entries);
  assert.ok(!parsed.ok, 'it is taken');
  return parsed.error.map(({ path, message }) => `${path}: ${message}`);
};

test('an authentication block is filled in by its type', () => {
  const list = good(
    [
      '- { type: device-credentials }',
      '- { type: jwt, secret: !env JWT, claims: { sub: "${clientid}" }, grant: { publish: ["plant/${name}/#"] } }',
      '- { type: jwt, jwksUrl: "https://sso.acme.example/keys", ca: !file ca.pem }',
      '- { type: certificate }',
      '- { type: http, url: "http://auth:8080/mqtt" }',
      '- { type: people }',
    ].join('\n'),
  );
  assert.deepEqual(list[1], {
    type: 'jwt',
    from: 'password',
    secret: 'a secret of more than thirty-two bytes',
    base64: false,
    refresh: '5m',
    timeout: '5s',
    leeway: '30s',
    requireExpiry: false,
    claims: { sub: '${clientid}' },
    nameClaim: 'sub',
    aclClaim: 'acl',
    disconnectAfterExpiry: true,
    grant: { publish: ['plant/${name}/#'] },
  });
  assert.deepEqual(list[3], { type: 'certificate', from: 'commonName', sameUsername: true });
  assert.deepEqual(list[4], {
    type: 'http',
    url: 'http://auth:8080/mqtt',
    headers: {},
    body: { clientid: '${clientid}', username: '${username}', password: '${password}' },
    format: 'json',
    timeout: '5s',
    connections: 8,
    cache: '30s',
  });
});

test('secrets of the block do not leave the process', () => {
  const parsed = parse('- { type: jwt, secret: !env JWT }');
  assert.ok(parsed.ok);
  const shown = withoutSecrets(parsed.value.config, parsed.value.secrets);
  assert.ok(!JSON.stringify(shown).includes('thirty-two'));
  const short = faults('- { type: jwt, secret: !env SHORT }');
  assert.deepEqual(short, ['broker/authentication/0/secret: The secret of this authentication cannot be used: the secret is too short.']);
});

test('what cannot work is told at its place', () => {
  const cases: [string, RegExp][] = [
    ['- { type: jwtt }', /authentication\/0\/type/],
    ['- {}', /type/],
    ['- people', /authentication\/0/],
    ['- { type: people, url: x }', /people|url/],
    ['- { type: jwt }', /secret, publicKey, jwksUrl, jwksFile/],
    ['- { type: jwt, secret: !env JWT, publicKey: x }', /secret, publicKey, jwksUrl, jwksFile/],
    ['- { type: jwt, jwksUrl: "http://sso.acme.example/keys" }', /https/],
    ['- { type: jwt, jwksUrl: "http://127.0.0.1.evil.example/keys" }', /https/],
    ['- { type: jwt, secret: !env JWT, algorithms: [none] }', /algorithms\/0/],
    ['- { type: jwt, secret: !env JWT, leeway: 5 }', /leeway/],
    ['- { type: jwt, secret: !env JWT, grant: { publish: ["a/#/b"] } }', /grant\/publish\/0/],
    ['- { type: certificate, from: cn }', /from/],
    ['- { type: http }', /url/],
    ['- { type: http, url: "ftp://x/" }', /http:\/\/ or https:\/\//],
    ['- { type: http, url: "https://user:pw@x/" }', /url/],
    ['- { type: http, url: "https://x/", connections: 0 }', /connections/],
    ['- { type: http, url: "https://x/", body: { a: 5 } }', /body/],
  ];
  for (const [entry, expected] of cases) assert.match(faults(entry).join('\n'), expected, entry);
});

test('an editor completes each type with its own keys', () => {
  const schema = hubJsonSchema(registry) as {
    properties: { broker: { properties: { authentication: { items: { allOf: JsonSchema[] } } } } };
  };
  const { allOf } = schema.properties.broker.properties.authentication.items;
  assert.equal(allOf.length, 6);
  assert.ok(JSON.stringify(allOf).includes('jwksUrl'));
});
