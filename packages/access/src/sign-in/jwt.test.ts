import assert from 'node:assert/strict';
import { constants, createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { claimsFault, parseJwt, signatureFits } from './jwt.ts';
import type { Jwt, JwtExpectations, JwtKey } from './jwt.ts';
import { keySet, pemKey, secretKey } from './jwt-keys.ts';

const b64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const token = (header: object, claims: unknown, make: (signed: Buffer) => Buffer): string => {
  const signed = `${b64(header)}.${b64(claims)}`;
  return `${signed}.${make(Buffer.from(signed)).toString('base64url')}`;
};
const secret = 'x'.repeat(64);
const hs = (header: object, claims: unknown, key = secret, hash = 'sha256'): string =>
  token(header, claims, (signed) => createHmac(hash, key).update(signed).digest());
const fits = (text: string, key: JwtKey): boolean => {
  const jwt = parseJwt(text);
  return jwt !== undefined && signatureFits(jwt, key);
};

// RFC 7515, appendix A.
const claims = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const a1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${claims}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
const a1Key = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';
const a2 =
  `eyJhbGciOiJSUzI1NiJ9.${claims}.` +
  'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4' +
  'BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv' +
  'hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw';
const a2Key = {
  kty: 'RSA',
  n:
    'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b' +
    '32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I' +
    '5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  e: 'AQAB',
};
const a3 = `eyJhbGciOiJFUzI1NiJ9.${claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`;
const a3Key = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};
const a5 = `eyJhbGciOiJub25lIn0.${claims}.`;

const one = (jwk: object): JwtKey => keySet(JSON.stringify({ keys: [jwk] }))[0]!;

test('the examples of RFC 7515 A.1, A.2 and A.3 fit their keys, and nothing else does', () => {
  const keys = [secretKey(a1Key, true), one(a2Key), one(a3Key)];
  for (const [i, text] of [a1, a2, a3].entries())
    for (const [k, key] of keys.entries()) assert.equal(fits(text, key), i === k, `A.${i + 1} with the key of A.${k + 1}`);
  assert.equal(parseJwt(a1)!.claims.iss, 'joe');
  for (const text of [a1, a2, a3]) {
    const other = text.replace(claims, b64({ iss: 'eve' }));
    assert.ok(keys.every((key) => !fits(other, key)));
    const [head, body, tail] = text.split('.') as [string, string, string];
    assert.ok(keys.every((key) => !fits(`${head}.${body}.${tail.slice(0, -4)}`, key)));
    assert.ok(keys.every((key) => !fits(`${head}.${body}.`, key)));
  }
});

test('the example of RFC 8037 A.4 fits its Ed25519 key', () => {
  const [head, body, tail] =
    'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'.split(
      '.',
    ) as [string, string, string];
  const jwt: Jwt = {
    algorithm: 'EdDSA',
    kid: undefined,
    claims: {},
    signed: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(tail, 'base64url'),
  };
  const key = one({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' });
  assert.ok(signatureFits(jwt, key));
  assert.ok(!signatureFits({ ...jwt, signed: Buffer.from(`${head}.${body}x`) }, key));
});

test('every algorithm is made and checked, each by its own key only', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pairs: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
    RS: rsa,
    PS: rsa,
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    EdDSA: generateKeyPairSync('ed25519'),
  };
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    const pair = pairs[alg] ?? pairs[alg.slice(0, 2)]!;
    const key = pair.privateKey;
    const hash = alg === 'EdDSA' ? undefined : `sha${alg.slice(2)}`;
    const padding = alg.startsWith('PS') ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
    const text = token({ alg }, { a: 1 }, (signed) => sign(hash, signed, { key, dsaEncoding: 'ieee-p1363', ...padding }));
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const jwk = pair.publicKey.export({ format: 'jwk' });
    assert.ok(fits(text, pemKey(pem)), `${alg} by PEM`);
    assert.ok(fits(text, one({ ...jwk, alg, use: 'sig' })), `${alg} by JWK`);
    for (const [name, other] of Object.entries(pairs))
      if (other !== pair)
        assert.ok(!fits(text, pemKey(other.publicKey.export({ type: 'spki', format: 'pem' }) as string)), `${alg} by ${name}`);
  }
  for (const bits of [256, 384, 512]) assert.ok(fits(hs({ alg: `HS${bits}` }, {}, secret, `sha${bits}`), secretKey(secret, false)));
  assert.deepEqual(secretKey('x'.repeat(32), false).algorithms, ['HS256'], 'RFC 7518, 3.2');
});

test('a public key does not check an HMAC made with its own text, and no algorithm is none', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  for (const material of [pem, pem.trim(), publicKey.export({ type: 'spki', format: 'der' }).toString('latin1')])
    assert.ok(!fits(hs({ alg: 'HS256' }, {}, material), pemKey(pem)));
  assert.equal(parseJwt(a5), undefined);
  for (const alg of ['none', 'None', 'NONE', 'HS1', '', 'hs256', 'toString', '__proto__', null, 5, ['HS256']])
    assert.equal(parseJwt(hs({ alg }, {})), undefined, String(alg));
});

test('what is not a token, or asks for what is not understood, is none', () => {
  const good = hs({ alg: 'HS256' }, { a: 1 });
  const [head, body, tail] = good.split('.') as [string, string, string];
  const wrong = [
    '',
    '.',
    '..',
    `${head}.${body}`,
    `${good}.x`,
    `${head}.${body}.${tail}=`,
    `${head}=.${body}.${tail}`,
    ` ${good}`,
    `${good}\n`,
    `${head}.${body}.${tail.slice(0, -1)}+`,
    hs({ alg: 'HS256', crit: ['exp'] }, {}),
    hs({ alg: 'HS256', b64: false }, {}),
    hs({ alg: 'HS256' }, 'text'),
    hs({ alg: 'HS256' }, []),
    hs({ alg: 'HS256' }, 'null'),
    hs([], {}),
    `${b64('{"alg":"HS256"')}.${body}.${tail}`,
    `${head}.${Buffer.from([0x22, 0xff, 0x22]).toString('base64url')}.${tail}`,
    hs({ alg: 'HS256' }, { long: 'x'.repeat(20_000) }),
  ];
  for (const text of wrong) assert.equal(parseJwt(text), undefined, text.slice(0, 80));
  assert.ok(fits(good, secretKey(secret, false)));
});

test('any change of a token in any place is found, and nothing throws', () => {
  const good = hs({ alg: 'HS256', kid: 'k' }, { sub: 'press', exp: 9_999_999_999 });
  const key = secretKey(secret, false);
  let seed = 42;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const alphabet = 'ABCxyz019-_.=+/{}":, \0é€';
  for (let run = 0; run < 20_000; run++) {
    let text = good;
    for (let n = 0; n <= random(3); n++) {
      const at = random(text.length + 1);
      const letter = alphabet[random(alphabet.length)]!;
      text = [
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + letter + text.slice(at),
        text.slice(0, at) + letter + text.slice(at + 1),
        text.slice(0, at),
      ][random(4)]!;
    }
    const jwt = parseJwt(text);
    if (jwt === undefined || !signatureFits(jwt, key)) continue;
    // The last letter of the signature has bits that say nothing.
    assert.equal(text.slice(0, -1), good.slice(0, -1));
  }
});

const now = 1_000_000;
const expected = (more: Partial<JwtExpectations> = {}): JwtExpectations => ({
  leewaySeconds: 30,
  requireExpiry: false,
  claims: new Map(),
  ...more,
});
test('expiry, start and issue hold with a leeway; a claim of the wrong kind lets nobody in', () => {
  const fault = (found: object, more?: Partial<JwtExpectations>): string | undefined => claimsFault({ ...found }, now, expected(more));
  assert.equal(fault({}), undefined);
  assert.match(fault({}, { requireExpiry: true })!, /no expiry/);
  assert.equal(fault({ exp: now - 29 }), undefined);
  assert.match(fault({ exp: now - 30 })!, /expired/);
  assert.equal(fault({ nbf: now + 30, iat: now + 30 }), undefined);
  assert.match(fault({ nbf: now + 31 })!, /not valid yet/);
  assert.match(fault({ iat: now + 31 })!, /in the future/);
  for (const value of ['1', null, true, {}, [], Infinity])
    for (const name of ['exp', 'nbf', 'iat']) assert.match(fault({ [name]: value })!, /no number/);
});

test('issuer, audience and other claims are what is asked for', () => {
  const issuer = expected({ issuer: 'https://sso' });
  assert.equal(claimsFault({ iss: 'https://sso' }, now, issuer), undefined);
  for (const iss of [undefined, 'https://sso/', ['https://sso'], 5]) assert.match(claimsFault({ iss }, now, issuer)!, /issuer/);
  const audience = expected({ audience: ['omh', 'mqtt'] });
  for (const aud of ['omh', ['x', 'mqtt']]) assert.equal(claimsFault({ aud }, now, audience), undefined);
  for (const aud of [undefined, 'OMH', [], ['x'], { omh: 1 }]) assert.match(claimsFault({ aud }, now, audience)!, /audience/);
  const more = expected({
    claims: new Map([
      ['clientid', 'press'],
      ['line', '1'],
    ]),
  });
  for (const line of ['1', 1, ['2', '1']]) assert.equal(claimsFault({ clientid: 'press', line }, now, more), undefined);
  assert.match(claimsFault({ clientid: 'Press', line: 1 }, now, more)!, /clientid/);
  assert.match(claimsFault({ clientid: 'press' }, now, more)!, /line/);
  assert.match(claimsFault({}, now, expected({ claims: new Map([['toString', 'x']]) }))!, /toString/);
  assert.match(claimsFault({ username: null }, now, expected({ claims: new Map([['username', 'null']]) }))!, /username/);
});

test('keys that cannot be used are refused with their reason, or left out of a set', () => {
  const rsa = (bits: number): KeyObject => generateKeyPairSync('rsa', { modulusLength: bits }).publicKey;
  const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
  assert.throws(() => secretKey('short', false), { code: 'ACCESS_JWT_KEY' });
  assert.throws(() => secretKey('x'.repeat(31), false), /31 bytes/);
  assert.throws(() => pemKey('hello'), { code: 'ACCESS_JWT_KEY' });
  assert.throws(() => pemKey(pem(rsa(1024))), { code: 'ACCESS_JWT_KEY' });
  assert.throws(() => pemKey(pem(generateKeyPairSync('x25519').publicKey)), { code: 'ACCESS_JWT_KEY' });
  const { privateKey } = generateKeyPairSync('ed25519');
  assert.throws(() => pemKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string), /private/);
  const { publicKey } = generateKeyPairSync('ed25519');
  const jwk = publicKey.export({ format: 'jwk' });
  const left = [
    { kty: 'oct', k: b64(secret) },
    { ...jwk, use: 'enc' },
    { ...jwk, key_ops: ['sign'] },
    { ...jwk, alg: 'ES256' },
    { ...jwk, alg: 'none' },
    { kty: 'OKP', crv: 'Ed25519', x: 'short' },
    rsa(1024).export({ format: 'jwk' }),
    null,
    5,
    'x',
  ];
  assert.deepEqual(
    keySet(JSON.stringify({ keys: [...left, { ...jwk, kid: 'good' }] })).map(({ kid }) => kid),
    ['good'],
  );
  const mistaken = keySet(JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] }))[0]!;
  assert.equal(mistaken.key.type, 'public');
  assert.throws(() => createPrivateKey(mistaken.key as never));
  for (const text of [
    '',
    'x',
    '[]',
    '{}',
    '{"keys":{}}',
    'null',
    JSON.stringify({ keys: left }),
    JSON.stringify({ keys: new Array(101).fill(jwk) }),
  ])
    assert.throws(() => keySet(text), { code: 'ACCESS_JWKS' }, text.slice(0, 50));
});
