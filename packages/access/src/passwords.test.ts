import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { test } from 'node:test';
import { passwordFault } from './password-rules.ts';
import { parseScram, Passwords, prepared, scramVerifier } from './passwords.ts';

test('a password is found again by its verifiers, another is not', async () => {
  const passwords = new Passwords(4);
  const { scrypt, scram } = await passwords.hash('correct horse battery');
  assert.match(scrypt, /^\$scrypt\$ln=4,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  assert.equal(await passwords.check('correct horse battery', scrypt), true);
  assert.equal(await passwords.check('correct horse batterz', scrypt), false);
  assert.equal(await passwords.check('', scrypt), false);
  assert.equal(await passwords.check('anything', undefined), false);
  assert.equal(await passwords.check('anything', 'damaged').catch(() => false), false);
  const parsed = parseScram(scram)!;
  assert.equal(parsed.iterations, 15_000);
  assert.equal(scram, await scramVerifier('correct horse battery', parsed.salt, parsed.iterations));
  assert.notEqual((await passwords.hash('correct horse battery')).scrypt, scrypt, 'each has its own salt');
});

test('the cost of a new verifier is N = 2^15', async () => {
  const { scrypt } = await new Passwords().hash('correct horse battery');
  const [, , parameters, salt, hash] = scrypt.split('$');
  assert.equal(parameters, 'ln=15,r=8,p=1');
  const expected = scryptSync('correct horse battery', Buffer.from(salt!, 'base64'), 32, {
    N: 32768,
    r: 8,
    p: 1,
    maxmem: 64 * 1024 * 1024,
  });
  assert.equal(hash, expected.toString('base64').replace(/=+$/, ''));
});

test('the SCRAM keys are those of the example in RFC 7677', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const { storedKey, serverKey } = parseScram(await scramVerifier('pencil', salt, 4096))!;
  assert.equal(storedKey.toString('base64'), 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=');
  assert.equal(serverKey.toString('base64'), 'wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=');
  assert.equal(parseScram('SCRAM-SHA-256$x'), undefined);
});

test('the same password from another keyboard is the same', async () => {
  assert.equal(prepared('a\u00a0b'), 'a b');
  assert.equal(prepared('\u212b'), prepared('A\u030a'));
  assert.equal(prepared('so\u00adft'), 'soft');
});

test('two passwords are hashed at a time, twenty wait, the next is refused', async () => {
  const passwords = new Passwords(12);
  const asked = Array.from({ length: 25 }, () => passwords.check('x', undefined));
  const answers = await Promise.allSettled(asked);
  const refused = answers.filter((answer) => answer.status === 'rejected');
  assert.equal(refused.length, 3);
  for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'ACCESS_LOGIN_BUSY');
  assert.equal(passwords.checks, 22);
  assert.equal(await passwords.check('x', undefined), false, 'the line moves on');
});

test('passwords that are short, the name, rows or known are refused; long ones need no decoration', () => {
  for (const bad of [
    'short',
    'ninechars',
    'a'.repeat(12),
    'abababababab',
    '1234567890',
    '0123456789',
    'abcdefghijkl',
    'Password1234',
    'passw0rd2026!',
    'changeme123!',
    'alice12345',
    'alicealice',
    'with\u0007bell in it',
    'x'.repeat(257),
    '1111122222',
  ])
    assert.notEqual(passwordFault(bad, 'alice'), undefined, bad);
  for (const good of ['correct horse battery', 'ünïcödé wörds', 'x7kq-2mpf-8rwt', 'the press runs at 3'])
    assert.equal(passwordFault(good, 'alice'), undefined, good);
});
