import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import type { Principal } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { Access } from '../access.ts';
import { scramVerifierNow } from '../passwords.ts';
import { ScramServer } from './scram-server.ts';
import type { ScramExchange, ScramStep } from './scram-server.ts';

const maker: Principal = { kind: 'part', name: 'test', permissions: ['*'] };
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The other side, written from RFC 5802 alone. */
class ScramClient {
  readonly #name: string;
  readonly #password: string;
  readonly header: string;
  #challenge = '';
  #salted = Buffer.alloc(0);
  #final = '';
  constructor(name: string, password: string, header = 'n,,') {
    this.#name = name.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#password = password;
    this.header = header;
  }
  get bare(): string {
    return `n=${this.#name},r=fyko+d2lbbFgONRv9qkxdawL`;
  }
  first(): Buffer {
    return Buffer.from(this.header + this.bare);
  }
  final(challenge: Uint8Array, proofOf = (proof: Buffer): Buffer => proof): Buffer {
    this.#challenge = Buffer.from(challenge).toString();
    const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(this.#challenge)!;
    this.#salted = pbkdf2Sync(this.#password, Buffer.from(salt!, 'base64'), Number(iterations), 32, 'sha256');
    this.#final = `c=${Buffer.from(this.header).toString('base64')},r=${nonce}`;
    const clientKey = hmac(this.#salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), this.#all());
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!));
    return Buffer.from(`${this.#final},p=${proofOf(proof).toString('base64')}`);
  }
  get serverProof(): string {
    return `v=${hmac(hmac(this.#salted, 'Server Key'), this.#all()).toString('base64')}`;
  }
  #all(): string {
    return `${this.bare},${this.#challenge},${this.#final}`;
  }
}

const challengeOf = (step: ScramStep): Buffer => {
  assert.ok(step.is === 'challenge');
  return step.data;
};
function run(exchange: ScramExchange, client: ScramClient): ScramStep {
  return exchange.step(client.final(challengeOf(exchange.step(client.first()))));
}
interface House {
  readonly access: Access;
  readonly server: ScramServer;
  readonly clock: VirtualClock;
}
async function house(): Promise<House> {
  const clock = new VirtualClock();
  const access = new Access({ clock, adminTokens: [], passwordCostLog2: 4 });
  const verifiers = { scrypt: '', scram: scramVerifierNow('correct horse', Buffer.from('0123456789abcdef'), 15_000) };
  access.people.add('ann', { displayName: 'Ann', grant: { role: 'engineer' }, password: verifiers, mustChange: false, disabled: false });
  access.people.add('new', { displayName: 'New', grant: { role: 'engineer' }, password: verifiers, mustChange: true, disabled: false });
  access.people.add('off', { displayName: 'Off', grant: { role: 'engineer' }, password: verifiers, mustChange: false, disabled: true });
  return { access, server: new ScramServer(access, { people: true, devices: true }), clock };
}

test('the exchange of RFC 7677, 3', () => {
  const scram = scramVerifierNow('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096);
  const access = new Access({ clock: new VirtualClock(), adminTokens: [] });
  access.people.add('user', {
    displayName: '',
    grant: { role: 'viewer' },
    password: { scrypt: '', scram },
    mustChange: false,
    disabled: false,
  });
  const server = new ScramServer(access, { people: true, devices: false }, () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
  const exchange = server.begin(undefined, '10.0.0.1');
  const first = exchange.step(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
  assert.equal(challengeOf(first).toString(), 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096');
  const last = exchange.step(
    Buffer.from('c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='),
  );
  assert.ok(last.is === 'accepted');
  assert.equal(last.data.toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  assert.deepEqual([last.principal.kind, last.principal.name, last.username], ['person', 'user', 'user']);
});

test('people and devices prove themselves, and are given proof', async () => {
  const { access, server } = await house();
  const { secret } = access.putDeviceCredential(maker, 'press-1', { publish: ['a/#'] });
  for (const [name, password, kind, header] of [
    ['ann', 'correct horse', 'person', 'n,,'],
    ['Ann', 'correct horse', 'person', 'y,,'],
    ['ann', 'correct horse', 'person', 'n,a=ann,'],
    ['press-1', secret!, 'device', 'n,,'],
  ] as const) {
    const client = new ScramClient(name, password, header);
    const step = run(server.begin(undefined, '10.0.0.1'), client);
    assert.ok(step.is === 'accepted', `${name} ${header}`);
    assert.deepEqual([step.principal.kind, step.principal.name], [kind, name.toLowerCase()]);
    assert.equal(step.data.toString(), client.serverProof);
  }
});

test('a wrong proof, a disabled or restricted person, a removed device and a stranger get the same answers', async () => {
  const { access, server } = await house();
  const gone = access.putDeviceCredential(maker, 'gone', {}).secret!;
  access.putDeviceCredential(maker, 'gone', { enabled: false });
  const shapes = new Set<string>();
  for (const [name, password] of [
    ['ann', 'wrong horse'],
    ['off', 'correct horse'],
    ['new', 'correct horse'],
    ['gone', gone],
    ['nobody', 'x'],
  ] as const) {
    const exchange = server.begin(undefined, '10.0.0.1');
    const client = new ScramClient(name, password);
    const challenge = challengeOf(exchange.step(client.first()));
    shapes.add(
      challenge
        .toString()
        .replace(/r=[^,]*,s=[^,]{24}/, '')
        .replace(/i=(4096|15000)$/, 'i'),
    );
    assert.deepEqual(exchange.step(client.final(challenge)), { is: 'refused' }, name);
    assert.deepEqual(exchange.step(client.final(challenge)), { is: 'refused' }, 'it is over');
  }
  assert.equal(shapes.size, 1);
});

test('a stranger has the same salt each time, and strangers look like both kinds', async () => {
  const { server } = await house();
  const challenge = (name: string): string =>
    challengeOf(server.begin(undefined, 'x').step(Buffer.from(`n,,n=${name},r=fyko+d2lbbFgONRv9qkxdawL`)))
      .toString()
      .replace(/^r=[^,]*/, '');
  assert.equal(challenge('nobody'), challenge('nobody'));
  assert.notEqual(challenge('nobody').slice(0, 28), challenge('somebody').slice(0, 28));
  const counts = new Set(Array.from({ length: 50 }, (_, i) => challenge(`n${i}`).split(',i=')[1]));
  assert.deepEqual(counts, new Set(['15000', '4096']));
});

test('wrong proofs lock a person out for a while, as wrong passwords do; a device is not locked', async () => {
  const { access, server, clock } = await house();
  const { secret } = access.putDeviceCredential(maker, 'press-1', {});
  const once = (name: string, password: string, address: string): string =>
    run(server.begin(undefined, address), new ScramClient(name, password)).is;
  for (let i = 0; i < 5; i++) assert.equal(once('ann', `guess ${i}`, '10.0.0.1'), 'refused');
  assert.equal(once('ann', 'correct horse', '10.0.0.2'), 'busy');
  await clock.advance(10_000);
  assert.equal(once('ann', 'correct horse', '10.0.0.2'), 'accepted');
  for (let i = 0; i < 30; i++) once('press-1', `guess ${i}`, '10.0.0.3');
  assert.equal(once('press-1', secret!, '10.0.0.3'), 'accepted');
});

test('the name that is proven is the one in CONNECT', async () => {
  const { server } = await house();
  const with_ = (username: string): string => run(server.begin(username, 'x'), new ScramClient('ann', 'correct horse')).is;
  assert.deepEqual([with_('ann'), with_('ANN'), with_('bob'), with_('')], ['accepted', 'accepted', 'refused', 'refused']);
});

test('a new password between two messages makes the proof wrong', async () => {
  const { access, server } = await house();
  const exchange = server.begin(undefined, 'x');
  const client = new ScramClient('ann', 'correct horse');
  const final = client.final(challengeOf(exchange.step(client.first())));
  await access.putPerson(maker, 'ann', { newPassword: true });
  assert.equal(exchange.step(final).is, 'refused');
});

test('no message makes it throw', async () => {
  const { server } = await house();
  let seed = 7;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  for (let run = 0; run < 5000; run++) {
    const exchange = server.begin(undefined, `10.0.0.${run}`);
    const client = new ScramClient('nobody', 'x');
    const spoilt = (message: Buffer): Buffer => {
      const out = Buffer.from(message);
      for (let n = random(3); n >= 0; n--) out[random(out.length)] = random(256);
      return out.subarray(0, random(4) === 0 ? random(out.length) : out.length);
    };
    const step = exchange.step(random(2) === 0 ? spoilt(client.first()) : client.first());
    if (step.is !== 'challenge') continue;
    const nonce = /^r=([^,]*)/.exec(step.data.toString())![1]!;
    assert.notEqual(exchange.step(spoilt(Buffer.from(`c=biws,r=${nonce},p=${'A'.repeat(43)}=`))).is, 'accepted');
  }
});

test('messages that are not as RFC 5802 has them are refused', async () => {
  const { server } = await house();
  const nonce = 'fyko+d2lbbFgONRv9qkxdawL';
  const wrong = [
    '',
    'n',
    'n,,',
    `n=ann,r=${nonce}`,
    `p=tls-unique,,n=ann,r=${nonce}`,
    `x,,n=ann,r=${nonce}`,
    `n,a=bob,n=ann,r=${nonce}`,
    `n,,m=ext,n=ann,r=${nonce}`,
    `n,,n=ann,r=${nonce},m=ext`,
    `n,,n=,r=${nonce}`,
    `n,,n=a=b,r=${nonce}`,
    `n,,n=ann,r=`,
    `n,,n=ann,r=short`,
    `n,,n=ann,r=with blank and more`,
    `n,,n=ann`,
    `n,,n=${'a'.repeat(3000)},r=${nonce}`,
    Buffer.from([0x6e, 0x2c, 0x2c, 0xff, 0xfe]),
    Buffer.alloc(100_000, 0x2c),
  ];
  for (const message of wrong)
    assert.equal(server.begin(undefined, 'x').step(Buffer.from(message)).is, 'refused', String(message).slice(0, 60));
  const bad: ((final: string) => string)[] = [
    (text) => text.replace('c=biws', 'c=eSws'),
    (text) => text.replace('c=biws', 'c=biws,m=1').replace(',r=', ',x='),
    (text) => text.replace(',r=f', ',r=g'),
    (text) => text.replace(/,r=[^,]*/, `,r=${nonce}`),
    (text) => text.replace(/,p=.*/, ''),
    (text) => text.replace(/,p=.*/, ',p=AAAA'),
    (text) => `${text},x=1`,
    (text) => ` ${text}`,
    () => '',
  ];
  for (const change of bad) {
    const client = new ScramClient('ann', 'correct horse');
    const exchange = server.begin(undefined, 'x');
    const final = client.final(challengeOf(exchange.step(client.first()))).toString();
    assert.equal(exchange.step(Buffer.from(change(final))).is, 'refused', String(change));
  }
  const flipped = new ScramClient('ann', 'correct horse');
  const exchange = server.begin(undefined, 'x');
  const challenge = challengeOf(exchange.step(flipped.first()));
  assert.equal(exchange.step(flipped.final(challenge, (proof) => Buffer.from(proof.map((b, i) => (i === 31 ? b ^ 1 : b))))).is, 'refused');
});
