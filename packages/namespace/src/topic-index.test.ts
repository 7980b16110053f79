import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicMatches } from '@omh/core';
import type { Tag } from '@omh/core';
import { TopicIndex } from './topic-index.ts';
import type { Sight } from './topic-index.ts';
import { bigPlant, plantValues, tagOf } from './testing/plant.ts';

const everything: Sight = { whole: () => true, some: () => true, tag: () => true };

function index(...places: readonly (readonly [device: string, path: string, names: readonly string[]])[]) {
  const values = plantValues();
  const made = new TopicIndex(values);
  const tags: Tag[] = [];
  for (const [device, path, names] of places) {
    const some = names.map((name) => tagOf(tags.length + names.indexOf(name) + 1, `${path}/${name}`, { device }));
    for (const tag of some) values.put(tag);
    made.extend(device, path, some);
    tags.push(...some);
  }
  return { index: made, values, tags };
}

test('a level shows folders with counts of all below, then tags in the order of the file', () => {
  const {
    index: tree,
    values,
    tags,
  } = index(['oven', 'acme/line2', ['zone', 'alpha']], ['press', 'acme/line1', ['p']], ['motor', 'acme/line1/p', ['speed', 'torque']]);
  values.put(tags[0]!, 1, 'bad');
  const level = (path: string): unknown[] =>
    tree
      .children(path, everything, 100)!
      .rows.map(({ name, folder, tags: n, counts, value }) => [name, folder, n, counts.bad, value !== undefined]);
  assert.deepEqual(level(''), [['acme', true, 5, 1, false]]);
  assert.deepEqual(level('acme'), [
    ['line1', true, 3, 0, false],
    ['line2', true, 2, 1, false],
  ]);
  assert.deepEqual(level('acme/line1'), [['p', true, 3, 0, true]], 'a folder may have a value');
  assert.deepEqual(level('acme/line2'), [
    ['zone', false, 1, 1, true],
    ['alpha', false, 1, 0, true],
  ]);
  assert.equal(tree.children('acme/nowhere', everything, 10), undefined);
});

test('a page ends at its limit and the next one goes on, whatever changed in between', () => {
  const { index: tree } = index(['a', 'x', ['1', '2', '3', '4', '5']], ['b', 'x/f1', ['t']], ['c', 'x/f2', ['t']]);
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = tree.children('x', everything, 3, cursor)!;
    pages.push(page.rows.map(({ name }) => name));
    cursor = page.cursor;
  } while (cursor !== undefined);
  assert.deepEqual(pages, [['f1', 'f2', '1'], ['2', '3', '4'], ['5']]);
});

test('who may see one line only sees its folders, its tags and its counts', () => {
  const { index: tree } = index(['a', 'acme/line1', ['x', 'y']], ['b', 'acme/line2', ['x']]);
  const sight: Sight = {
    whole: (path) => path === 'acme/line1' || path.startsWith('acme/line1/'),
    some: (path) => 'acme/line1'.startsWith(path) || path.startsWith('acme/line1/'),
    tag: (path) => path.startsWith('acme/line1/'),
  };
  assert.deepEqual(
    tree.children('acme', sight, 10)!.rows.map(({ name, tags }) => [name, tags]),
    [['line1', 2]],
  );
  assert.equal(tree.children('', sight, 10)!.rows[0]!.tags, 2);
  assert.equal(tree.children('acme/line2', sight, 10), undefined);
});

test('names that are easily taken for each other are named', () => {
  const { index: tree } = index(
    ['a', 'acme/wtp1', ['x']],
    ['b', 'acme/WTP1', ['x']],
    ['c', 'acme/WTP_1', ['x']],
    ['d', 'acme/wtp2', ['x']],
  );
  const similar = Object.fromEntries(tree.children('acme', everything, 10)!.rows.map(({ name, similar: others }) => [name, others]));
  assert.deepEqual(similar, { WTP1: ['wtp1', 'WTP_1'], WTP_1: ['wtp1', 'WTP1'], wtp1: ['WTP1', 'WTP_1'], wtp2: undefined });
});

test('a filter finds the same topics as a look at each of them', () => {
  const { index: tree, tags } = index(
    ['a', 'acme/line1', ['x', 'y']],
    ['b', 'acme/line1/x', ['z']],
    ['c', 'acme', ['line1', '_met']],
    ['d', 'top', ['x']],
  );
  const all = tags.flatMap(({ path }) => [path, `${path}/_meta`]);
  const filters = ['#', '+/#', 'acme/#', 'acme/+', 'acme/+/+', 'acme/line1/#', 'acme/line1/x/#', '+/+/x', '+/+/+/_meta', 'acme/+/_meta'];
  filters.push(
    'acme/line1/x',
    'acme/line1/x/_meta',
    'acme/line1/+/+',
    '+/+/+/+/#',
    '+/line1/+/_meta/#',
    'nothing/#',
    '$SYS/#',
    'acme/line1/x/z/_meta/#',
  );
  for (const filter of filters)
    assert.deepEqual([...tree.topics(filter)].sort(), all.filter((topic) => topicMatches(filter, topic)).sort(), filter);
});

test('a device that goes takes its folders along, but not those of others', () => {
  const { index: tree } = index(['a', 'acme/line1', ['x']], ['b', 'acme/line1', ['y']], ['c', 'acme/line1/z/deep', ['t']]);
  assert.equal(tree.size, 3);
  while (tree.shrink('c'));
  assert.deepEqual([...tree.topics('+/+/+')], ['acme/line1/x', 'acme/line1/y']);
  while (tree.shrink('a'));
  assert.deepEqual([tree.size, tree.children('acme/line1', everything, 9)!.rows.length], [1, 1]);
  while (tree.shrink('b'));
  assert.deepEqual([tree.size, tree.children('', everything, 9)!.rows], [0, []]);
  assert.equal(tree.shrink('b'), false);
});

test('search looks at path, description, unit, address, device and group, in any case, every word somewhere', async () => {
  const values = plantValues();
  const tree = new TopicIndex(values);
  const tags = [
    tagOf(1, 'acme/Press/Temp', { device: 'press', unit: 'Cel', description: 'Oil temperature\nof the Ölkühler' }),
    tagOf(2, 'acme/press/hum', { device: 'press', unit: '%', address: '3!40123' }),
    tagOf(3, 'acme/oven/temp', { device: 'oven', group: 'Fast' }),
  ];
  for (const tag of tags) values.put(tag);
  tree.extend('press', 'acme/press', tags.slice(0, 2));
  tree.extend('oven', 'acme/oven', tags.slice(2));
  const found = async (query: string): Promise<number[]> => (await tree.search(query, () => true, 10))!.tags.map(({ id }) => id);
  assert.deepEqual(await found('temp'), [1, 3]);
  assert.deepEqual(await found('PRESS temp'), [1]);
  assert.deepEqual(await found('40123'), [2]);
  assert.deepEqual(await found('ölkühler cel'), [1]);
  assert.deepEqual(await found('fast'), [3]);
  assert.deepEqual(await found('temp nothing'), []);
  assert.deepEqual(await found('cel fast'), [], 'words of two tags are not one');
  assert.deepEqual(await found('  '), [1, 2, 3]);
  const first = await tree.search('', (path) => path !== 'acme/press/hum', 1);
  assert.deepEqual([first!.tags.length, first!.cursor], [1, '1']);
  const second = await tree.search('', (path) => path !== 'acme/press/hum', 1, first!.cursor);
  assert.deepEqual([second!.tags[0]!.id, second!.cursor], [3, undefined]);
  assert.equal(await tree.search('', () => true, 1, '99'), undefined);
});

test('a hundred thousand tags are searched and counted as one looks for them', async () => {
  const values = plantValues();
  const tree = new TopicIndex(values);
  for (const { name, path, groups } of bigPlant(values, 100, 1000)) tree.extend(name, path, groups[0]!.tags);
  assert.equal(tree.size, 100_000);
  assert.deepEqual(
    tree.children('acme', everything, 10)!.rows.map(({ tags }) => tags),
    Array.from({ length: 5 }, () => 20_000),
  );
  const found = await tree.search('machine42 tag99 bar', () => true, 1000);
  assert.equal(found!.tags.length, 6, 'tag99 and tag991, tag993 … tag999');
});
