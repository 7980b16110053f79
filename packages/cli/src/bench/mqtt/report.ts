import { formatTable } from '../../table.ts';
import { median } from '../stats.ts';
import type { Reading } from './load.ts';
import type { Aim, Column, Row } from './row.ts';

/** Median and spread of one figure. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
export interface BrokerResult {
  readonly broker: string;
  readonly runs: number;
  readonly figures: Readonly<Record<string, Figure>>;
  /** How many times better ours is, by column; above 1 is better for both messages and cost. */
  readonly ratios: Readonly<Record<string, number>>;
}
export interface AimResult {
  readonly broker: string;
  readonly text: string;
  readonly met: boolean;
  /** The figure or the ratio itself. */
  readonly reached: number;
}
export interface RowResult {
  readonly row: string;
  readonly title: string;
  readonly brokers: readonly BrokerResult[];
  readonly leftOut: Readonly<Record<string, string>>;
  readonly aims: readonly AimResult[];
}

/** `readings` by label; the labels of `ours` are held against the aims, and the first of them is what peers are divided by. */
export function resultOf(
  row: Row,
  readings: ReadonlyMap<string, readonly Reading[]>,
  ours: readonly string[],
  leftOut: Readonly<Record<string, string>>,
): RowResult {
  const figures = new Map([...readings].filter(([, list]) => list.length > 0).map(([label, list]) => [label, figuresOf(list)]));
  const own = figures.get(ours[0]!);
  const brokers = [...figures].map(([label, theirs]) => ({
    broker: label,
    runs: readings.get(label)!.length,
    figures: theirs,
    ratios:
      own === undefined || label === ours[0]
        ? {}
        : Object.fromEntries(row.columns.filter((c) => c.ratio).map((c) => [c.key, ratio(c, own, theirs)])),
  }));
  const aims = ours.flatMap((label) => {
    const mine = figures.get(label);
    return mine === undefined ? [] : (row.aims ?? []).flatMap((aim) => judged(row, aim, label, mine, figures));
  });
  return { row: row.name, title: row.title, brokers, leftOut, aims };
}

function figuresOf(list: readonly Reading[]): Record<string, Figure> {
  return Object.fromEntries(
    Object.keys(list[0]!).map((key) => {
      const values = list.map((r) => r[key]!);
      return [key, { median: median(values), min: Math.min(...values), max: Math.max(...values) }];
    }),
  );
}

const ratio = ({ key, better }: Column, own: Record<string, Figure>, theirs: Record<string, Figure>): number => {
  const [a, b] = [own[key]!.median, theirs[key]!.median];
  return better === 'more' ? a / b : b / a;
};

function judged(
  row: Row,
  aim: Aim,
  label: string,
  mine: Record<string, Figure>,
  all: ReadonlyMap<string, Record<string, Figure>>,
): AimResult[] {
  const column = row.columns.find((c) => c.key === aim.column)!;
  if ('value' in aim) {
    const reached = mine[aim.column]!.median;
    const met = column.better === 'more' ? reached >= aim.value : reached <= aim.value;
    const bound = column.better === 'more' ? 'at least' : 'at most';
    return [{ broker: label, text: `${column.title} ${bound} ${aim.value.toLocaleString('en')}`, met, reached }];
  }
  const peer = all.get(aim.against);
  if (peer === undefined) return [];
  const reached = ratio(column, mine, peer);
  return [{ broker: label, text: `${column.title} ${aim.ratio.toFixed(2)}x of ${aim.against}`, met: reached >= aim.ratio, reached }];
}

const number = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

export function rowTable(row: Row, result: RowResult): string {
  const cell = ({ key, digits }: Column, { figures, runs }: BrokerResult): string => {
    const figure = figures[key]!;
    return runs === 1 || figure.min === figure.max
      ? number(figure.median, digits)
      : `${number(figure.median, digits)} (${number(figure.min, digits)} to ${number(figure.max, digits)})`;
  };
  const head = ['broker', ...row.columns.map((c) => c.title), ...row.columns.filter((c) => c.ratio).map((c) => `ours, ${c.title}`)];
  const body = result.brokers.map((b) => [
    b.broker,
    ...row.columns.map((c) => cell(c, b)),
    ...row.columns.filter((c) => c.ratio).map((c) => (b.ratios[c.key] === undefined ? '' : times(b.ratios[c.key]!))),
  ]);
  return [
    `${result.row}: ${result.title}`,
    formatTable(head, body),
    ...Object.entries(result.leftOut).map(([broker, why]) => `without ${broker}: ${why}`),
    ...result.aims.map((a) => `${a.met ? 'met   ' : 'MISSED'} ${a.broker}: ${a.text}: ${number(a.reached, 2)}`),
    '',
  ].join('\n');
}

/** How many times better ours is in each row, by peer. */
export function ratioTable(rows: readonly Row[], results: readonly RowResult[]): string {
  const peers = [...new Set(results.flatMap((r) => r.brokers.filter((b) => Object.keys(b.ratios).length > 0).map((b) => b.broker)))];
  const body = results.flatMap((result) => {
    const columns = rows.find((r) => r.name === result.row)!.columns.filter((c) => c.ratio);
    return columns.map((c) => [
      result.row,
      c.title,
      ...peers.map((peer) => {
        const value = result.brokers.find((b) => b.broker === peer)?.ratios[c.key];
        return value === undefined ? '-' : times(value);
      }),
    ]);
  });
  return formatTable(['row', 'figure', ...peers.map((peer) => `ours beside ${peer}`)], body);
}

const times = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 1)}x` : '-');
