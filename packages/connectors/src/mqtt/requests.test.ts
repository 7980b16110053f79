import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError, Quality, type Principal } from '@omh/core';
import { neuron } from '@omh/wire';
import { errors } from '../errors.ts';
import { Requests, type RequestsOptions } from './requests.ts';
import type { TagGate, TagReading, TagWrites } from './tag-gate.ts';
import { testTag } from './test-support.ts';
import type { Incoming, Outgoing, Sender } from './uplink.ts';

const person = (...permissions: string[]): Sender => ({
  principal: { kind: 'person', name: 'anna', permissions },
  clientId: 'c',
  peer: '10.0.0.9:555',
});
const heldBack = new OmhError('ACQUISITION_HELD_BACK', { blame: 'caller', text: 'Held back.', next: 'Nothing.' });
const stranger: Principal = { kind: 'part', name: 'app/north', permissions: [] };
const reading = (name: string, value: number | undefined, qualityCode: number = Quality.good): TagReading => ({
  tag: testTag(name),
  value,
  valueTime: undefined,
  qualityCode,
});

interface World {
  requests: Requests;
  sent: { topic: string; body: Record<string, unknown>; message: Outgoing }[];
  writes: TagWrites[];
  ask: (topic: string, body: unknown, more?: Partial<Incoming>) => Promise<Record<string, unknown> | undefined>;
}

/** A gate with one device of one group; `hold` keeps writes waiting. */
function world(more: Partial<RequestsOptions> = {}, hold?: Promise<void>): World {
  const sent: World['sent'] = [];
  const writes: TagWrites[] = [];
  const gate: TagGate = {
    readings: (device, group) =>
      device !== 'demo'
        ? 'no device'
        : group !== 'g'
          ? 'no group'
          : [
              reading('t', 291),
              reading('lost', 5, Quality.badNoCommunication),
              reading('new', undefined, Quality.badWaitingForInitialData),
            ],
    mayRead: ({ permissions }, path) => permissions.includes(`values.read ${path}`),
    mayAnswer: ({ principal }, topic) => principal.permissions.includes(`mqtt.publish ${topic}`),
    async write(write) {
      await hold;
      writes.push(write);
      const { device, group, items, principal } = write;
      if (items.some(({ tag }) => tag === 'broken')) throw new Error('unexpected');
      const may = principal.permissions.includes('tag.write');
      const missing = items.some(({ tag }) => tag === 'none');
      return items.map(({ tag }) =>
        !may
          ? errors.APP_NOT_ALLOWED({ who: principal.name, what: 'write' })
          : tag === 'none'
            ? errors.APP_NO_SUCH_TAG({ node: device, group, tag })
            : missing
              ? heldBack
              : undefined,
      );
    },
    devices: () => [],
  };
  const requests = new Requests({
    gate,
    topics: { readRequest: 'r/req', readResponse: 'r/resp', writeRequest: 'w/req', writeResponse: 'w/resp' },
    published: new Set(['demo/g']),
    stranger,
    target: 'mqtt://elsewhere:1883',
    protobuf: false,
    qos: 1,
    publish: (message) =>
      sent.push({
        topic: message.topic,
        message,
        body: typeof message.payload === 'string' ? (JSON.parse(message.payload) as Record<string, unknown>) : {},
      }),
    ...more,
  });
  const ask: World['ask'] = async (topic, body, rest = {}) => {
    const payload = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    requests.receive({ topic, payload, properties: undefined, from: undefined, ...rest });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return sent.at(-1)?.body;
  };
  return { requests, sent, writes, ask };
}

test('a read request is answered with what is known, its uuid echoed', async () => {
  const { ask, sent, requests } = world();
  assert.deepEqual(await ask('r/req', { uuid: 'u-1', node: 'demo', group: 'g' }), {
    uuid: 'u-1',
    tags: [
      { name: 't', value: 291 },
      { name: 'lost', error: 3002 },
      { name: 'new', error: 3011 },
    ],
  });
  assert.deepEqual([sent[0]!.topic, sent[0]!.message.qos, requests.answered], ['r/resp', 1, 1]);
  assert.deepEqual((await ask('r/req', { uuid: 7, node: 'demo', group: 'g', tags: ['t', 'no'] }))!.tags, [
    { name: 't', value: 291 },
    { name: 'no', error: 2201 },
  ]);
});

test('what cannot be read is answered with the code and a sentence', async () => {
  const { ask, requests } = world({ published: new Set() });
  const error = async (body: unknown, more?: Partial<Incoming>): Promise<unknown> => (await ask('r/req', body, more))!.error;
  assert.equal(await error({ uuid: 'u', node: 'other', group: 'g' }), 2003);
  assert.equal(await error({ uuid: 'u', node: 'demo', group: 'other' }), 2106);
  assert.equal(await error({ uuid: 'u', node: 'demo', group: 'g' }), 1022);
  assert.equal(await error({ uuid: 'u', node: 'demo', group: 'g' }, { from: person() }), 1022);
  assert.equal(await error({ uuid: 'u', node: 'demo', group: 'g' }, { from: person('values.read acme/t') }), undefined);
  assert.deepEqual(requests.refused, 4);
  for (const body of [
    '',
    '{',
    '[]',
    'null',
    '1',
    '{"uuid":"u"}',
    '{"node":1,"group":"g"}',
    '{"node":"demo","group":"g","tags":"t"}',
    '\u{0}',
  ])
    assert.equal(await error(body), 1002, body);
  assert.equal(await error({ uuid: 'x'.repeat(1000), node: 'demo', group: 'g' }), 1002);
  assert.equal(await error(Buffer.alloc(300_000, 0x20)), 1002);
  assert.match(String((await ask('r/req', { uuid: 'u', node: 'nope', group: 'g' }))!.reason), /There is no device nope/);
});

test('one tag and many are written; the answer says which one was refused', async () => {
  const { ask, writes } = world();
  const from = person('tag.write');
  assert.deepEqual(await ask('w/req', { uuid: 'u', node: 'demo', group: 'g', tag: 't', value: 5, reason: 'trial' }, { from }), {
    uuid: 'u',
    error: 0,
  });
  assert.deepEqual(writes[0], {
    device: 'demo',
    group: 'g',
    items: [{ tag: 't', value: 5 }],
    reason: 'trial',
    principal: from.principal,
    from: '10.0.0.9:555',
  });
  const many = (...tags: string[]): object => ({ uuid: 'u', node: 'demo', group: 'g', tags: tags.map((tag) => ({ tag, value: 1 })) });
  assert.deepEqual(await ask('w/req', many('a', 'b'), { from }), { uuid: 'u', error: 0 });
  assert.deepEqual(
    writes.map(({ items }) => items.length),
    [1, 2],
    'the tags of a request go to the device together',
  );
  const mixed = (await ask('w/req', many('a', 'none'), { from }))!;
  assert.equal(mixed.error, 2201);
  assert.deepEqual(
    (mixed.errors as { tag: string; error: number }[]).map(({ tag, error }) => [tag, error]),
    [
      ['a', 3001],
      ['none', 2201],
    ],
  );
  assert.equal((await ask('w/req', many('a', 'broken'), { from }))!.error, 1001);
});

test('whoever has no permission writes nothing, and a stranger has what the settings allow', async () => {
  const body = { uuid: 'u', node: 'demo', group: 'g', tag: 't', value: 5 };
  const { ask, requests } = world();
  assert.equal((await ask('w/req', body))!.error, 1022);
  assert.equal((await ask('w/req', body, { from: person('values.read') }))!.error, 1022);
  assert.equal(requests.refused, 2);
  const open = world({ stranger: { ...stranger, permissions: ['tag.write'] } });
  assert.equal((await open.ask('w/req', body))!.error, 0);
  assert.equal(open.writes[0]!.from, 'mqtt://elsewhere:1883');
});

test('writes that are no writes are refused before anything is written', async () => {
  const { ask, writes } = world();
  for (const more of [{}, { tag: 't' }, { tag: 1, value: 1 }, { tags: [] }, { tags: [{ tag: 't' }] }, { tags: {} }])
    assert.equal((await ask('w/req', { uuid: 'u', node: 'demo', group: 'g', ...more }))!.error, 1002, JSON.stringify(more));
  assert.equal(writes.length, 0);
});

test('more writes than wait for a device are refused', async () => {
  let release = (): void => {};
  const { ask, sent } = world(
    { stranger: { ...stranger, permissions: ['tag.write'] } },
    new Promise<void>((resolve) => {
      release = resolve;
    }),
  );
  const body = { uuid: 'u', node: 'demo', group: 'g', tag: 't', value: 5 };
  for (let i = 0; i < 100; i++) await ask('w/req', body);
  assert.equal(sent.length, 0);
  assert.equal((await ask('w/req', body))!.error, 1010);
  release();
  await ask('r/req', '');
  assert.equal(sent.filter(({ body: { error } }) => error === 0).length, 100);
});

test('the answer goes where an MQTT 5.0 request asks for it, if its sender may publish there', async () => {
  const { ask, sent } = world();
  const properties = { responseTopic: 'mine', correlationData: Uint8Array.of(1, 2) };
  const body = { uuid: 'u', node: 'demo', group: 'g' };
  await ask('r/req', body, { properties });
  await ask('r/req', body, { properties, from: person('mqtt.publish mine') });
  await ask('r/req', body, { properties, from: person() });
  for (const responseTopic of ['', '#', '$SYS/x']) await ask('r/req', body, { properties: { responseTopic } });
  assert.deepEqual(
    sent.map(({ topic }) => topic),
    ['mine', 'mine', 'r/resp', 'r/resp', 'r/resp', 'r/resp'],
  );
  assert.deepEqual(sent[0]!.message.properties, { correlationData: Uint8Array.of(1, 2) });
});

test('an answer is never a request', async () => {
  const { ask, sent } = world();
  await ask('r/req', {}, { properties: { responseTopic: 'w/req' } });
  assert.equal(sent.length, 0);
});

test('with the format protobuf requests and answers are in it too', async () => {
  const { ask, sent, writes } = world({ protobuf: true, stranger: { ...stranger, permissions: ['tag.write'] } });
  const request = (tag: string): Uint8Array => Buffer.from(`0a0175120464656d6f1a0167${tag}`, 'hex');
  await ask('r/req', request(Buffer.from('"\u0001t').toString('hex')));
  assert.equal(
    Buffer.from(sent[0]!.message.payload as Uint8Array).toString('hex'),
    Buffer.from(neuron.encodeReadResponse('u', [{ name: 't', value: 291 }])).toString('hex'),
  );
  await ask('w/req', request('22080a01741203089601'));
  assert.deepEqual(writes[0]!.items, [{ tag: 't', value: 150 }]);
  assert.equal(Buffer.from(sent[1]!.message.payload as Uint8Array).toString('hex'), '0a017512050a01741000');
  await ask('w/req', 'garbage');
  assert.equal(
    Buffer.from(sent[2]!.message.payload as Uint8Array).toString('hex'),
    Buffer.from(neuron.encodeWriteResponse('', [{ name: '', error: 1002 }])).toString('hex'),
  );
});
