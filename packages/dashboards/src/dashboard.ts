import Type from 'typebox';
import type { Static } from 'typebox';
import { aggregates } from '@omh/core';

const strict = { additionalProperties: false } as const;
const live = { effect: 'live' } as const;
const count = { unit: '1' } as const;
const names = <const T extends readonly string[]>(values: T, options: object) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: values, ...options });

const GridPos = Type.Object(
  {
    x: Type.Integer({ title: 'Column', description: 'First of the 24 columns it covers.', minimum: 0, maximum: 23, ...count, ...live }),
    y: Type.Integer({
      title: 'Row',
      description: 'First row it covers; a row is 30 px high.',
      minimum: 0,
      maximum: 10_000,
      ...count,
      ...live,
    }),
    w: Type.Integer({ title: 'Width', description: 'Number of columns.', minimum: 1, maximum: 24, ...count, ...live }),
    h: Type.Integer({ title: 'Height', description: 'Number of rows.', minimum: 1, maximum: 200, ...count, ...live }),
  },
  { ...strict, title: 'Position', description: 'Place on the 24-column grid, as in Grafana.', ...live },
);

const legend = Type.Optional(
  Type.String({ title: 'Legend', description: 'Name beside the line; the tag or column when absent.', maxLength: 200, ...live }),
);

const TargetSchema = Type.Unsafe<Target>({
  ...Type.Object(
    {
      tag: Type.Optional(
        Type.String({
          title: 'Tag',
          description: 'A tag as device/group/tag.',
          pattern: '^[^/]+/[^/]+/[^/]+$',
          maxLength: 400,
          expects: 'a tag like demo/demo_group/temperature',
          ...live,
          'x-ui': { widget: 'tag-picker' },
        }),
      ),
      rawSql: Type.Optional(
        Type.String({
          title: 'SQL',
          description: 'A SELECT; $__timeFilter(column), $__from, $__to and $__interval follow the chosen time range.',
          minLength: 1,
          maxLength: 20_000,
          ...live,
          'x-ui': { widget: 'code-sql' },
        }),
      ),
      legend,
      agg: Type.Optional(
        names(aggregates, {
          title: 'Aggregate',
          description: "One value per bucket; absent shows each bucket's minimum and maximum.",
          ...live,
        }),
      ),
    },
    strict,
  ),
  oneOf: [{ required: ['tag'] }, { required: ['rawSql'], properties: { agg: false } }],
  title: 'Target',
  description: 'What the panel shows: a tag or the rows of a query.',
  ...live,
});

const Threshold = Type.Object(
  {
    value: Type.Number({ title: 'From', description: "Values from here on have the state, in the panel's unit.", ...count, ...live }),
    state: names(['low', 'medium', 'high', 'critical'], { title: 'State', description: 'How urgent it is.', ...live }),
    label: Type.Optional(Type.String({ title: 'Label', description: 'Word beside the line, e.g. too warm.', maxLength: 100, ...live })),
  },
  { ...strict, title: 'Threshold', description: 'A limit that is drawn in the panel.', ...live },
);

const PanelSchema = Type.Object(
  {
    title: Type.String({ title: 'Title', description: 'Heading of the panel.', maxLength: 200, ...live }),
    type: names(['timeseries', 'stat', 'table'], { title: 'Type', description: 'Lines over time, one big value, or rows.', ...live }),
    gridPos: GridPos,
    targets: Type.Array(TargetSchema, { title: 'Targets', description: 'What the panel shows.', maxItems: 50, ...live }),
    unit: Type.Optional(
      Type.String({
        title: 'Unit',
        description: "UCUM unit beside the value, e.g. Cel, bar, %; the tag's own when absent.",
        maxLength: 50,
        ...live,
      }),
    ),
    decimals: Type.Optional(
      Type.Integer({ title: 'Decimals', description: 'Digits after the point.', minimum: 0, maximum: 17, ...count, ...live }),
    ),
    min: Type.Optional(
      Type.Number({
        title: 'Minimum',
        description: "Lower end of the axis, in the panel's unit; chosen from the values when absent.",
        ...count,
        ...live,
      }),
    ),
    max: Type.Optional(
      Type.Number({
        title: 'Maximum',
        description: "Upper end of the axis, in the panel's unit; chosen from the values when absent.",
        ...count,
        ...live,
      }),
    ),
    thresholds: Type.Optional(
      Type.Array(Threshold, { title: 'Thresholds', description: 'Limits drawn in the panel.', maxItems: 20, ...live }),
    ),
    description: Type.Optional(
      Type.String({ title: 'Description', description: 'Text behind the i of the panel.', maxLength: 2000, ...live }),
    ),
  },
  { ...strict, title: 'Panel', description: 'One picture, number or table of the dashboard.', ...live },
);

const timeExpression = '^(now([+-]\\d{1,9}[smhdwMy])*(/[smhdwMy])?|\\d{1,16}|\\d{4}-\\d{2}-\\d{2}T.+)$';
const expects = 'a time like now-15m, now or 2026-01-31T06:00:00Z';

/** One entry of the hub file's `dashboards:`; the one source of validation, editor completion and the console's forms. */
export const dashboardSchema = Type.Object(
  {
    title: Type.String({ title: 'Title', description: 'Heading of the dashboard.', minLength: 1, maxLength: 200, ...live }),
    description: Type.Optional(Type.String({ title: 'Description', description: 'What the dashboard is for.', maxLength: 2000, ...live })),
    time: Type.Object(
      {
        from: Type.String({
          title: 'From',
          description: 'Start of the time range.',
          default: 'now-15m',
          pattern: timeExpression,
          expects,
          ...live,
        }),
        to: Type.String({ title: 'To', description: 'End of the time range.', default: 'now', pattern: timeExpression, expects, ...live }),
      },
      { ...strict, title: 'Time range', description: 'What the dashboard shows when it is opened.', default: {}, ...live },
    ),
    refresh: names(['live', 'off', '5s', '30s', '1m', '5m'], {
      title: 'Refresh',
      description: 'live follows each value, off waits for a click, else the time between two queries.',
      default: 'live',
      ...live,
    }),
    panels: Type.Array(PanelSchema, { title: 'Panels', description: 'From top to bottom.', default: [], maxItems: 200, ...live }),
  },
  { ...strict, title: 'Dashboard', description: 'A screen of panels.', ...live },
);

/** A dashboard with its defaults filled in. */
export type Dashboard = Static<typeof dashboardSchema>;
export type Panel = Static<typeof PanelSchema>;
export type Target = { tag: string; legend?: string; agg?: (typeof aggregates)[number] } | { rawSql: string; legend?: string };
