import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OmhError, partPrincipal, silentLogger } from '@omh/core';
import type {
  BusReader,
  ErrorRow,
  Message,
  MessageBus,
  MessageProperties,
  Micros,
  Publication,
  PublishStage,
  RefusedPublication,
} from '@omh/core';
import { plantValues, tagOf } from './testing/plant.ts';
import { WriteCommands } from './write-commands.ts';
import type { WriteDoor, WriteEntry } from './write-commands.ts';

const writer = partPrincipal('writer');
const row = (blame: ErrorRow['blame'], status?: number): OmhError =>
  new OmhError('TEST', { blame, text: 'It is so.', next: 'Nothing.', ...(status === undefined ? {} : { status }) });

function house(door: Partial<WriteDoor> = {}) {
  const values = plantValues();
  values.put(tagOf(1, 'a/x', { access: 'readwrite' }));
  const audited: WriteEntry[] = [];
  const written: unknown[] = [];
  const answers: Publication[] = [];
  const filters: string[][] = [];
  let reader: BusReader | undefined;
  let stage: PublishStage | undefined;
  const bus: MessageBus = {
    capabilities: { events: false, clients: true, retained: true, stages: true, batch: true, cursors: false },
    publish: (publication) => void answers.push(publication),
    subscribe: (some, made) => {
      filters.push([...some]);
      reader = made;
      return { close: () => (reader = undefined) };
    },
    attach: (made) => {
      stage = made;
      return { close: () => (stage = undefined) };
    },
  };
  const commands = new WriteCommands(
    bus,
    values,
    {
      mayWrite: () => true,
      mayAnswer: () => true,
      write: async (...call) => void written.push(call),
      audit: (entry) => void audited.push(entry),
      ...door,
    },
    silentLogger,
  );
  commands.listen(['a', 'a', 'b/c']);
  const message = (topic: string, payload: string, properties?: MessageProperties, retain = false): Message => {
    const made: Message = {
      topic,
      qos: 1,
      retain,
      time: 0 as Micros,
      properties,
      principal: writer,
      clientId: 'c',
      peer: '10.0.0.1:1',
      bytes: () => Buffer.from(payload),
      json: () => {
        try {
          return JSON.parse(payload) as unknown;
        } catch {
          return undefined;
        }
      },
      batch: undefined,
      keep: () => made,
    };
    return made;
  };
  return {
    commands,
    audited,
    written,
    answers,
    filters,
    receive: (topic: string, payload: string, properties?: MessageProperties) => reader!.receive(message(topic, payload, properties)),
    check: (topic: string, payload: string, retain = false) => stage!.run(message(topic, payload, undefined, retain)),
    listens: () => reader !== undefined || stage !== undefined,
  };
}

test('a bare value and an object with v and reason are written; one filter per device path listens', async () => {
  const { receive, written, filters, audited } = house();
  await receive('a/x/set', '21.5');
  await receive('a/x/set', '{"v":[1,2],"reason":"batch 7"}');
  assert.deepEqual(written, [
    ['a/x', 21.5, writer, undefined],
    ['a/x', [1, 2], writer, 'batch 7'],
  ]);
  assert.deepEqual(filters, [['a/+/set', 'b/c/+/set']]);
  assert.deepEqual(
    audited.map(({ result, value, peer }) => [result, value, peer]),
    [
      ['ok', 21.5, '10.0.0.1:1'],
      ['ok', [1, 2], '10.0.0.1:1'],
    ],
  );
});

test('what is no tag of the hub is an ordinary message', () => {
  const { receive, check, written } = house();
  assert.equal(receive('a/y/set', '1'), undefined);
  assert.equal(check('a/y/set', 'no json', true), undefined);
  assert.deepEqual(written, []);
});

test('what can be refused at once is refused before anybody sees it, and a command is not retained', () => {
  const free = house();
  assert.equal(free.check('a/x/set', '1'), undefined);
  assert.deepEqual(free.check('a/x/set', '1', true), { retain: false });
  for (const payload of ['', 'no json', '{"value":1}', '{"v":1,"reason":7}'])
    assert.equal((free.check('a/x/set', payload) as { refuse: number }).refuse, 0x99, payload);
  const closed = house({ mayWrite: () => false });
  assert.equal((closed.check('a/x/set', '1') as { refuse: number }).refuse, 0x87);
  assert.deepEqual(
    closed.audited.map(({ result, code }) => [result, code]),
    [['refused', 'NAMESPACE_NOT_ALLOWED']],
  );
});

test('each refusal of the way to the device has its reason code, and what is unexpected is the device way too', async () => {
  const cases: readonly (readonly [unknown, number, string])[] = [
    [row('caller'), 0x99, 'refused'],
    [row('caller', 409), 0x99, 'refused'],
    [row('caller', 403), 0x87, 'refused'],
    [row('caller', 429), 0x97, 'refused'],
    [row('device'), 0x83, 'failed'],
    [row('link', 503), 0x83, 'failed'],
    [new Error('boom'), 0x83, 'failed'],
  ];
  for (const [thrown, code, result] of cases) {
    const { receive, audited } = house({ write: () => Promise.reject(thrown) });
    await assert.rejects(receive('a/x/set', '1')!, (error: RefusedPublication) => error.refuse === code);
    assert.equal(audited[0]!.result, result);
  }
});

test('an answer goes to the response topic under the name of its asker, never to a command or a system topic', async () => {
  const { receive, answers } = house();
  await receive('a/x/set', '1', { responseTopic: 'answers', correlationData: Buffer.from('7') });
  assert.deepEqual(
    answers.map(({ topic, payload, principal, properties }) => [topic, payload, principal, properties]),
    [['answers', '{"result":"ok"}', writer, { correlationData: Buffer.from('7') }]],
  );
  for (const responseTopic of ['$SYS/x', 'a/x/set', 'a/#', '']) await receive('a/x/set', '1', { responseTopic });
  assert.equal(answers.length, 1);
  const closed = house({ mayAnswer: () => false });
  await closed.receive('a/x/set', '1', { responseTopic: 'answers' });
  assert.equal(closed.answers.length, 0);
});

test('stopping takes its reader and its stage away', () => {
  const { commands, listens } = house();
  assert.equal(listens(), true);
  commands.stop();
  assert.equal(listens(), false);
});
