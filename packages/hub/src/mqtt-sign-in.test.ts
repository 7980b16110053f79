import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, pbkdf2Sync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import mqtt, { type IClientOptions, type IConnackPacket, type IDisconnectPacket, type MqttClient } from 'mqtt';
import { Access, type AclRule } from '@omh/access';
import { Broker } from '@omh/broker';
import type { AuthenticatorConfig, HttpAuthenticatorConfig, JwtConfig } from '@omh/config';
import { partPrincipal, silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { MqttAccess } from './mqtt-access.ts';
import { authenticationChain } from './mqtt-sign-in.ts';

type IAuthPacket = Parameters<MqttClient['handleAuth']>[0];

const maker = partPrincipal('test');
const fixture = (name: string): string => fileURLToPath(new URL(`../../broker/fixtures/tls/${name}`, import.meta.url));
const limit = { timeout: 10_000 };
const jwt = (more: Partial<JwtConfig>): JwtConfig => ({
  type: 'jwt',
  from: 'password',
  base64: false,
  refresh: '5m',
  timeout: '5s',
  leeway: '0s',
  requireExpiry: false,
  claims: {},
  nameClaim: 'sub',
  aclClaim: 'acl',
  disconnectAfterExpiry: true,
  ...more,
});
const http = (url: string): HttpAuthenticatorConfig => ({
  type: 'http',
  url,
  headers: {},
  body: { clientid: '${clientid}', username: '${username}', password: '${password}' },
  format: 'json',
  timeout: '5s',
  connections: 8,
  cache: '30s',
});
const houseRules: readonly AuthenticatorConfig[] = [{ type: 'device-credentials' }, { type: 'tokens' }, { type: 'people' }];

class Door {
  readonly clock: VirtualClock;
  readonly access: Access;
  readonly broker: Broker;
  readonly #clients: MqttClient[] = [];

  private constructor(t: TestContext, list: readonly AuthenticatorConfig[], rules: readonly AclRule[]) {
    const clock = (this.clock = new VirtualClock());
    const access = (this.access = new Access({ clock, adminTokens: [], passwordCostLog2: 4 }));
    const chain = authenticationChain(access, list, '/', clock, silentLogger);
    const open = { host: '127.0.0.1', port: 0, anonymous: false };
    const tls = { cert: fixture('server.pem'), key: fixture('server.key'), ca: fixture('ca.pem'), clientCertificate: 'request' as const };
    const broker = (this.broker = new Broker({
      listeners: { tcp: open, tls: { ...open, ...tls } },
      clock,
      log: silentLogger,
      ...new MqttAccess(access, clock, rules, chain).door,
    }));
    access.onChange(() => broker.permissionsChanged());
    t.after(async () => {
      for (const client of this.#clients) client.end(true);
      await broker.stop();
      await chain.stop();
      await access.stop();
    });
    void chain.start();
  }
  static async open(t: TestContext, list: readonly AuthenticatorConfig[], rules: readonly AclRule[] = []): Promise<Door> {
    const door = new Door(t, list, rules);
    await door.access.start();
    await door.broker.start();
    return door;
  }
  async person(name: string, password: string): Promise<void> {
    await this.access.putPerson(maker, name, { grant: { role: 'engineer' }, password });
    const { session } = await this.access.login(name, password, { address: 'x' });
    await this.access.changePassword(session, password, `${password}!`, { address: 'x' });
  }

  /** Rejects with the code of a CONNACK that refuses. */
  async connect(
    options: IClientOptions,
    prepare: (client: MqttClient) => void = () => {},
  ): Promise<{ client: MqttClient; connack: IConnackPacket }> {
    const { tcp, tls } = this.broker.addresses() as { tcp: string; tls: string };
    const client = mqtt.connect(options.cert === undefined ? tcp : tls, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      keepalive: 0,
      clientId: 'client-1',
      ...options,
    });
    this.#clients.push(client);
    prepare(client);
    return new Promise((resolve, reject) => {
      client.once('connect', (connack) => {
        client.on('error', () => {});
        resolve({ client, connack });
      });
      client.once('error', (error) => reject((error as { code?: unknown }).code ?? error));
    });
  }
  principalOf(): string {
    return this.broker.clients()[0]!.username ?? '';
  }
}
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail('it was let in'),
    (code: unknown) => code,
  );
const may = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
const allowed = async (client: MqttClient, publish: string, subscribe: string): Promise<readonly [boolean, boolean]> => [
  await may(client.publishAsync(publish, 'x', { qos: 1 })),
  await may(client.subscribeAsync(subscribe)),
];
/** The code of the DISCONNECT that ends it. */
const ended = (client: MqttClient): Promise<number | undefined> =>
  new Promise((resolve) => {
    let code: number | undefined;
    client.on('disconnect', (packet: IDisconnectPacket) => {
      code = packet.reasonCode;
    });
    client.once('close', () => resolve(code));
  });
const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const secret = 'a secret of more than thirty-two bytes';
function hmacToken(claims: object): string {
  const signed = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
const now = Date.UTC(2026, 0, 1) / 1000;

/** A client's half of SCRAM-SHA-256 for MQTT.js, from RFC 5802. */
class Scram {
  readonly #bare: string;
  readonly #password: string;
  #serverProof = '';
  constructor(name: string, password: string) {
    this.#bare = `n=${name},r=fyko+d2lbbFgONRv9qkxdawL`;
    this.#password = password;
  }
  get first(): Buffer {
    return Buffer.from(`n,,${this.#bare}`);
  }
  get properties(): NonNullable<IClientOptions['properties']> {
    return { authenticationMethod: 'SCRAM-SHA-256', authenticationData: this.first };
  }
  final(challenge: Buffer): Buffer {
    const [, nonce, salt, i] = /^r=(.*),s=(.*),i=(\d+)$/.exec(challenge.toString())!;
    const salted = pbkdf2Sync(this.#password, Buffer.from(salt!, 'base64'), Number(i), 32, 'sha256');
    const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
    const all = `${this.#bare},${challenge.toString()},c=biws,r=${nonce}`;
    const clientKey = hmac(salted, 'Client Key');
    const mask = hmac(createHash('sha256').update(clientKey).digest(), all);
    this.#serverProof = `v=${hmac(hmac(salted, 'Server Key'), all).toString('base64')}`;
    return Buffer.from(`c=biws,r=${nonce},p=${Buffer.from(clientKey.map((byte, at) => byte ^ mask[at]!)).toString('base64')}`);
  }
  check(data: Buffer | undefined): void {
    assert.equal(data?.toString(), this.#serverProof, 'the broker proves that it knows the password too');
  }
  readonly prepare = (client: MqttClient): void => {
    client.handleAuth = (packet, callback): void => {
      if (packet.reasonCode === 0) {
        callback();
        return;
      }
      const authenticationData = this.final(packet.properties!.authenticationData!);
      callback(undefined, { cmd: 'auth', reasonCode: 0x18, properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData } });
    };
  };
}

test('a person signs in with SCRAM-SHA-256 and authenticates again while connected', limit, async (t) => {
  const door = await Door.open(t, houseRules);
  await door.person('ann', 'correct horse');
  const scram = new Scram('ann', 'correct horse!');
  const { client, connack } = await door.connect({ properties: scram.properties }, scram.prepare);
  assert.equal(connack.properties!.authenticationMethod, 'SCRAM-SHA-256');
  scram.check(connack.properties!.authenticationData);
  assert.deepEqual(await allowed(client, 'plant/a', 'plant/#'), [true, true]);
  assert.equal(door.principalOf(), 'ann');

  const again = new Scram('ann', 'correct horse!');
  again.prepare(client);
  const send = (client as unknown as { _sendPacket(packet: IAuthPacket): void })._sendPacket.bind(client);
  const done = new Promise<IAuthPacket>((resolve) => {
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'auth' && packet.reasonCode === 0) resolve(packet);
    });
  });
  send({ cmd: 'auth', reasonCode: 0x19, properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData: again.first } });
  again.check((await done).properties!.authenticationData);
  assert.deepEqual(await allowed(client, 'plant/a', 'plant/#'), [true, true]);

  const wrong = new Scram('ann', 'wrong horse');
  wrong.prepare(client);
  const over = ended(client);
  send({ cmd: 'auth', reasonCode: 0x19, properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData: wrong.first } });
  assert.equal(await over, 0x87);
});

test('a device signs in with SCRAM-SHA-256; wrong proofs, strangers and other methods are refused', limit, async (t) => {
  const door = await Door.open(t, houseRules);
  const { secret: own } = door.access.putDeviceCredential(maker, 'press-1', { publish: ['press/#'] });
  const scram = new Scram('press-1', own!);
  const { client } = await door.connect({ properties: scram.properties }, scram.prepare);
  assert.deepEqual(await allowed(client, 'press/a', 'press/#'), [true, false]);
  for (const [name, password] of [
    ['press-1', 'x'],
    ['nobody', 'x'],
  ] as const) {
    const wrong = new Scram(name, password);
    assert.equal(await refusal(door.connect({ clientId: 'other', properties: wrong.properties }, wrong.prepare)), 0x87);
  }
  const other = { authenticationMethod: 'SCRAM-SHA-1', authenticationData: scram.first };
  assert.equal(await refusal(door.connect({ clientId: 'other', properties: other })), 0x8c);
  const none = await Door.open(t, [{ type: 'tokens' }]);
  assert.equal(await refusal(none.connect({ properties: scram.properties }, scram.prepare)), 0x8c);
});

test('a person with name and password publishes, in both versions; wrong ones are refused', limit, async (t) => {
  const door = await Door.open(t, houseRules);
  await door.person('ann', 'correct horse');
  for (const protocolVersion of [4, 5] as const) {
    const { client } = await door.connect({ protocolVersion, username: 'ann', password: 'correct horse!' });
    assert.ok(await may(client.publishAsync('plant/a', 'x', { qos: 1 })));
  }
  assert.equal(await refusal(door.connect({ username: 'ann', password: 'x' })), 0x87);
  for (let i = 0; i < 4; i++) await refusal(door.connect({ username: 'ann', password: `x${i}` }));
  assert.equal(await refusal(door.connect({ username: 'ann', password: 'x9' })), 0x89, 'locked out: come back later');
  assert.equal(await refusal(door.connect({ protocolVersion: 4, username: 'ann', password: 'x9' })), 3);
});

test('a JWT brings its rules, the hub file stands above them, and its expiry ends the connection', limit, async (t) => {
  const door = await Door.open(t, [jwt({ secret })], [{ deny: 'publish', topics: ['plant/locked/#'] }]);
  const acl = { all: ['plant/#'], sub: ['own/${clientid}/#'] };
  const { client } = await door.connect({ username: 'x', password: hmacToken({ sub: 'press', exp: now + 60, acl }) });
  assert.deepEqual(await allowed(client, 'plant/a', 'own/client-1/#'), [true, true]);
  assert.deepEqual(await allowed(client, 'plant/locked/a', 'own/client-2/#'), [false, false]);
  assert.deepEqual(await allowed(client, 'other', '#'), [false, false]);
  const over = ended(client);
  await door.clock.advance(62_000);
  assert.equal(await over, 0x87);
  assert.equal(await refusal(door.connect({ username: 'x', password: hmacToken({ exp: now + 60 }) })), 0x87);
  assert.equal(await refusal(door.connect({ username: 'x', password: `${hmacToken({})}x` })), 0x87);
});

test('rules of a JWT that look at QoS hold for each message', limit, async (t) => {
  const door = await Door.open(t, [jwt({ secret })]);
  const acl = [{ permission: 'allow', action: 'publish', topic: 'a', qos: [0] }];
  const { client } = await door.connect({ password: hmacToken({ sub: 'press', acl }), username: 'x' });
  await client.publishAsync('a', 'x', { qos: 0 });
  assert.equal(await may(client.publishAsync('a', 'x', { qos: 1 })), false);
  assert.equal(await may(client.publishAsync('a', 'x', { qos: 1 })), false);
});

test('a token as the user name is not shown in the list of clients', limit, async (t) => {
  const door = await Door.open(t, [jwt({ secret, from: 'username' })]);
  await door.connect({ username: hmacToken({ sub: 'press' }) });
  assert.equal(door.principalOf(), '');
});

test('keys change while clients come and go', limit, async (t) => {
  const make = (kid: string): { jwk: object; token: string } => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signed = `${b64({ alg: 'ES256', kid })}.${b64({ sub: kid })}`;
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    return { jwk: { ...publicKey.export({ format: 'jwk' }), kid }, token: `${signed}.${signature}` };
  };
  const [first, second] = [make('1'), make('2')];
  let keys = [first.jwk];
  const server = createServer((_, response) => response.end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  const door = await Door.open(t, [jwt({ jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })]);
  const by = (token: string): Promise<unknown> => door.connect({ username: 'x', password: token });
  await by(first.token);
  assert.equal(await refusal(by(second.token)), 0x87);
  keys = [second.jwk];
  await door.clock.advance(31_000);
  await by(second.token);
  assert.equal(await refusal(by(first.token)), 0x87);
});

test('an HTTP service decides, and a client is told to come back while it is down', limit, async (t) => {
  let result: unknown = { result: 'allow', acl: { pub: ['a'] } };
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(result === undefined ? 503 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(result ?? {}));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const door = await Door.open(t, [http(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)]);
  const { client } = await door.connect({ username: 'u', password: 'p' });
  assert.deepEqual(await allowed(client, 'a', 'a'), [true, false]);
  result = { result: 'deny' };
  assert.equal(await refusal(door.connect({ username: 'u2', password: 'p' })), 0x87);
  result = undefined;
  assert.equal(await refusal(door.connect({ username: 'u3', password: 'p' })), 0x88);
});

test('a client certificate is the device of its name; without one the next authenticator is asked', limit, async (t) => {
  const door = await Door.open(t, [{ type: 'certificate', from: 'commonName', sameUsername: true }, ...houseRules]);
  door.access.putDeviceCredential(maker, 'press-1', { publish: ['press/#'] });
  const { secret: own } = door.access.putDeviceCredential(maker, 'pump', { publish: ['pump/#'] });
  const ca = readFileSync(fixture('ca.pem'));
  const shown = { ca, cert: readFileSync(fixture('client.pem')), key: readFileSync(fixture('client.key')) };
  const { client } = await door.connect(shown);
  assert.deepEqual(await allowed(client, 'press/a', 'press/#'), [true, false]);
  assert.equal(await refusal(door.connect({ ...shown, username: 'pump', password: own! })), 0x87);
  const over = ended(client);
  door.access.putDeviceCredential(maker, 'press-1', { enabled: false });
  assert.equal(await refusal(door.connect({ ...shown, clientId: 'client-1' })), 0x87);
  client.end(true);
  await over;
  await door.connect({ username: 'pump', password: own! });
});

test('who came with a password or a proof of it leaves when there is another one', limit, async (t) => {
  const door = await Door.open(t, houseRules);
  await door.person('ann', 'correct horse');
  const { secret: own } = door.access.putDeviceCredential(maker, 'press-1', { publish: ['a'] });
  const byPassword = await door.connect({ clientId: '1', username: 'ann', password: 'correct horse!' });
  const [ann, press] = [new Scram('ann', 'correct horse!'), new Scram('press-1', own!)];
  const byProof = await door.connect({ clientId: '2', properties: ann.properties }, ann.prepare);
  const device = await door.connect({ clientId: '3', properties: press.properties }, press.prepare);
  await door.clock.advance(1);
  const over = [byPassword, byProof].map(({ client }) => ended(client));
  await door.access.putPerson(maker, 'ann', { newPassword: true });
  assert.deepEqual(await Promise.all(over), [0x87, 0x87]);
  const end = ended(device.client);
  door.access.putDeviceCredential(maker, 'press-1', { newSecret: true });
  assert.equal(await end, 0x87);
});

test('a change of permissions leaves whom others vouch for alone', limit, async (t) => {
  const door = await Door.open(t, [jwt({ secret })]);
  const { client } = await door.connect({ username: 'x', password: hmacToken({ sub: 'press', acl: { all: ['a'] } }) });
  await client.subscribeAsync('a');
  door.access.putDeviceCredential(maker, 'other', {});
  await door.clock.advance(5000);
  assert.deepEqual(await allowed(client, 'a', 'a'), [true, true]);
});

test('ten thousand sign-ins by device credentials', limit, async (t) => {
  const door = await Door.open(t, houseRules);
  const devices = Array.from({ length: 100 }, (_, i) => ({
    username: `press-${i}`,
    password: Buffer.from(door.access.putDeviceCredential(maker, `press-${i}`, { publish: ['a'] }).secret!),
  }));
  const chain = authenticationChain(door.access, houseRules, '/', door.clock, silentLogger);
  for (let i = 0; i < 10_000; i++) {
    const answer = chain.check({ clientId: 'c', ...devices[i % 100]!, peer: '10.0.0.1:1', anonymousAllowed: false });
    assert.ok(typeof answer === 'object' && !(answer instanceof Promise) && answer.kind === 'device', 'known without waiting');
  }
});
