import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dashboardSchema } from './dashboard.ts';
import type { Dashboard } from './dashboard.ts';
import { expandMacros } from './macros.ts';
import { parseTimeExpression } from './time-expression.ts';

const from = Date.UTC(2026, 0, 1);
const range = { from, to: from + 900_000, intervalMs: 5000 };
const start = "TIMESTAMPTZ '2026-01-01T00:00:00.000Z'";
const end = "TIMESTAMPTZ '2026-01-01T00:15:00.000Z'";

const expansions: [title: string, sql: string, expected: string][] = [
  [
    'a time filter',
    'SELECT * FROM c WHERE $__timeFilter(time) LIMIT 5',
    `SELECT * FROM c WHERE (time >= ${start} AND time <= ${end}) LIMIT 5`,
  ],
  ['a column of a table, spaces', '$__timeFilter( c.time )', `(c.time >= ${start} AND c.time <= ${end})`],
  ['from and to', 'SELECT $__from, $__to', `SELECT ${start}, ${end}`],
  ['an interval', 'time_bucket($__interval, time)', "time_bucket(INTERVAL '5000 milliseconds', time)"],
  [
    'an interval and a time inside a string',
    "time_bucket('$__interval', time) > '$__from'",
    "time_bucket('5000 milliseconds', time) > '2026-01-01T00:00:00.000Z'",
  ],
  ['a string with doubled quotes', "'it''s $__to' || $__to", `'it''s 2026-01-01T00:15:00.000Z' || ${end}`],
  ['quoted names and comments stay', '"$__from" -- $__nothing\n/* $__x */ $__from', `"$__from" -- $__nothing\n/* $__x */ ${start}`],
  ['parameters of the store stay', 'SELECT $1', 'SELECT $1'],
];
for (const [title, sql, expected] of expansions)
  test(`macros: ${title}`, () => {
    assert.equal(expandMacros(sql, range), expected);
  });

test('macros: a column is one plain name, nothing else', () => {
  for (const column of ['', 'a b', 'a;DROP TABLE x', "'a'", 'a.b.c', '"a"', '1']) {
    assert.throws(() => expandMacros(`WHERE $__timeFilter(${column})`, range), { code: 'DASHBOARD_MACRO' }, column);
  }
  assert.throws(() => expandMacros('$__timeFilter', range), { code: 'DASHBOARD_MACRO' });
  assert.throws(() => expandMacros('$__timeGroup(time, 1)', range), { code: 'DASHBOARD_MACRO' });
});

test('macros: only numbers in order become times', () => {
  const wrong = [
    { from: NaN },
    { to: Infinity },
    { from: range.to + 1 },
    { from: -1 },
    { to: 1e18 },
    { intervalMs: 0 },
    { intervalMs: NaN },
    { from: "1'; DROP TABLE x --" as unknown as number },
  ];
  for (const part of wrong)
    assert.throws(() => expandMacros('SELECT 1', { ...range, ...part }), { code: 'DASHBOARD_RANGE' }, JSON.stringify(part));
});

const now = Date.UTC(2026, 2, 31, 12, 34, 56, 789);
const times: [text: string, expected: number | undefined, edge?: 'end'][] = [
  ['now', now],
  ['now-15m', now - 900_000],
  ['now+1h', now + 3_600_000],
  ['now-1d+2h', now - 86_400_000 + 7_200_000],
  ['now-2w', now - 14 * 86_400_000],
  ['now-1M', Date.UTC(2026, 1, 28, 12, 34, 56, 789)],
  ['now-1y', Date.UTC(2025, 2, 31, 12, 34, 56, 789)],
  ['now/d', Date.UTC(2026, 2, 31)],
  ['now/d', Date.UTC(2026, 3, 1) - 1, 'end'],
  ['now-1d/d', Date.UTC(2026, 2, 30)],
  ['now/w', Date.UTC(2026, 2, 30)],
  ['now/M', Date.UTC(2026, 2, 1)],
  ['now/y', Date.UTC(2026, 0, 1)],
  ['now/M', Date.UTC(2026, 3, 1) - 1, 'end'],
  ['1700000000000', 1_700_000_000_000],
  ['2026-01-01T00:00:00Z', from],
  ['2026-01-01T01:00:00+01:00', from],
  [' now-5s ', now - 5000],
  ['', undefined],
  ['later', undefined],
  ['now-', undefined],
  ['now-15', undefined],
  ['now-15m;', undefined],
  ['now-15x', undefined],
  ['2026-01-01', undefined],
  ['now-999999999y', undefined],
  ['99999999999999999', undefined],
  ['now+999999999w', undefined],
];
test('times: expressions, epochs and RFC 3339, and undefined for anything else', () => {
  for (const [text, expected, edge] of times) assert.equal(parseTimeExpression(text, now, edge), expected, `${text} ${edge ?? ''}`);
});

test('the schema describes every property and is plain JSON', () => {
  const bare: string[] = [];
  const visit = (node: unknown, at: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const { properties, items } = node as Record<string, any>;
    for (const [key, property] of Object.entries<any>(properties ?? {})) {
      if (!property.title || !property.description || property.effect !== 'live') bare.push(`${at}/${key}`);
      visit(property, `${at}/${key}`);
    }
    visit(items, `${at}/-`);
  };
  visit(dashboardSchema, '');
  assert.deepEqual(bare, []);
  assert.equal((JSON.parse(JSON.stringify(dashboardSchema)) as { type: string }).type, 'object');
  const dashboard: Dashboard = {
    title: 'a',
    time: { from: 'now-15m', to: 'now' },
    refresh: 'live',
    panels: [{ title: 't', type: 'stat', gridPos: { x: 0, y: 0, w: 6, h: 4 }, targets: [{ tag: 'a/b/c' }, { rawSql: 'SELECT 1' }] }],
  };
  assert.equal(dashboard.panels.length, 1);
});
