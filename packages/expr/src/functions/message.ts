import { topicFilterFault, topicMatches } from '@omh/core';
import { keyOf, maxTextLength } from '../value.ts';
import { elementOf } from '../value.ts';
import { parseTemplate, valueAtPath } from '../template/template.ts';
import { Arguments, contextFn, fn } from './signature.ts';

const named = <T>(name: string, build: (a: Arguments) => T): T => build(new Arguments(name));

/** Topic filters stand in an array as texts or as maps with a topic, as subscriptions do. */
const filtersOf = (a: Arguments, list: unknown): string[] =>
  a.array(list).map((f) => a.text(typeof f === 'string' ? f : keyOf(f, 'topic')));

const matches = (a: Arguments, filter: string, topic: string): boolean => {
  const fault = topicFilterFault(filter);
  if (fault !== undefined) a.fail(`takes topic filters: ${fault}`);
  return topicMatches(filter, topic);
};

export const topicFunctions = [
  contextFn(
    'topic',
    'topics',
    [0, 1],
    'The topic of the message, or its level with this number, counted from 1.',
    named('topic', (a) => (context, n) => {
      const topic = context.source.field('topic');
      return n === undefined ? topic : elementOf(a.text(topic).split('/'), n);
    }),
    ['topic()', 'plant/line1/temp'],
    ['topic(2)', 'line1'],
    ['topic(-1)', 'temp'],
  ),
  fn(
    'contains_topic',
    'topics',
    [2],
    'Whether an array of topic filters holds exactly this text.',
    named('contains_topic', (a) => (list, topic) => filtersOf(a, list).includes(a.text(topic))),
    ["contains_topic(['a/#','b'], 'b')", true],
    ["contains_topic(['a/#'], 'a/b')", false],
  ),
  fn(
    'contains_topic_match',
    'topics',
    [2],
    'Whether a topic matches one of an array of topic filters.',
    named('contains_topic_match', (a) => (list, topic) => filtersOf(a, list).some((f) => matches(a, f, a.text(topic)))),
    ["contains_topic_match(['a/#','b'], 'a/b')", true],
  ),
  fn(
    'find_topic_filter',
    'topics',
    [2],
    'The first of an array of topic filters that the topic matches; missing when none does.',
    named('find_topic_filter', (a) => (topic, list) => filtersOf(a, list).find((f) => matches(a, f, a.text(topic)))),
    ["find_topic_filter('a/b', ['x/#','a/+'])", 'a/+'],
  ),
] as const;

export const messageFunctions = [
  contextFn('clientid', 'message', [0], 'The client id of the publisher.', (c) => c.source.field('clientid'), ['clientid()', 'press']),
  contextFn(
    'username',
    'message',
    [0],
    'The user name of the publisher; missing when it is anonymous.',
    (c) => c.source.field('username'),
    ['username()', 'anna'],
  ),
  contextFn('peerhost', 'message', [0], 'The network address of the publisher.', (c) => c.source.field('peerhost'), [
    'peerhost()',
    '127.0.0.1',
  ]),
  contextFn('clientip', 'message', [0], 'The network address of the publisher, as peerhost().', (c) => c.source.field('peerhost'), [
    'clientip()',
    '127.0.0.1',
  ]),
  contextFn('qos', 'message', [0], 'The QoS of the message.', (c) => c.source.field('qos'), ['qos()', 1]),
  contextFn('flags', 'message', [0], 'The flags of the message: retain and dup.', (c) => c.source.field('flags'), [
    'flags()',
    { retain: false, dup: false },
  ]),
  contextFn(
    'flag',
    'message',
    [1],
    'One flag of the message.',
    named('flag', (a) => (c, name) => keyOf(c.source.field('flags'), a.text(name))),
    ["flag('retain')", false],
  ),
  contextFn('msgid', 'message', [0], 'The id of the message.', (c) => c.source.field('id'), ['strlen(msgid()) > 0', true]),
  contextFn(
    'payload',
    'message',
    [0, 1],
    'The payload as text, or the value at a path such as a.b in its JSON.',
    named('payload', (a) => (c, path) => {
      if (path === undefined) return c.source.field('payload');
      const text = a.text(path);
      return valueAtPath(c.source.nested('payload'), parseTemplate(`\${${text}}`).paths[0] ?? [text]);
    }),
    ["payload('values.temperature')", 28],
  ),
] as const;

export const stateFunctions = [
  contextFn(
    'kv_store_put',
    'state',
    [2],
    'Keeps a value under a name until the hub restarts, for all rules; gives the value back. Up to 10,000 names.',
    named('kv_store_put', (a) => (c, key, value) => {
      if (typeof value === 'string' && value.length > maxTextLength / 16) a.fail('keeps texts of up to 65,536 characters');
      c.store.put(a.text(key), value);
      return value;
    }),
    ["kv_store_put('k', 5)", 5],
  ),
  contextFn(
    'kv_store_get',
    'state',
    [1, 2],
    'The value kept under a name, or the second argument when there is none.',
    named('kv_store_get', (a) => (c, key, otherwise) => {
      const found = c.store.get(a.text(key));
      return found === undefined ? otherwise : found;
    }),
    ["kv_store_get('unknown', 0)", 0],
  ),
  contextFn(
    'kv_store_del',
    'state',
    [1],
    'Forgets the value kept under a name; gives null.',
    named('kv_store_del', (a) => (c, key) => {
      c.store.delete(a.text(key));
      return null;
    }),
    ["kv_store_del('k')", null],
  ),
] as const;
