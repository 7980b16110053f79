import { code, grouped, page, table } from './markdown.mjs';

const turn = { config: 'the file', caller: 'the caller', device: 'the device', link: 'the network', us: 'omh' };
const byName = (a, b) => (a.name < b.name ? -1 : 1);
const shownText = (text) => text.replace(/[*<]/g, '\\$&').replace(/\{(\w+)\}/g, '*$1*');
const statusOf = (row) => row.status ?? (row.blame === 'us' ? 500 : row.blame === 'device' || row.blame === 'link' ? 502 : 400);

export function errorsPage(errors) {
  return page(
    'Errors',
    [
      'Every error has a stable code, one sentence that says what is true, and the next step. Words in *italics* are filled in.',
      'The code stands in logs, in `problem+json` answers (with the HTTP status below), and beside the reason of a part in `omh status`.',
      '"Whose turn" says who can change it: the author of the file, the caller, the keeper of the device, the network, or the makers of omh.',
    ].join(' '),
    ...grouped(errors, (entry) => entry.package).map(([folder, rows]) =>
      [
        `## ${folder}`,
        table(
          ['Code', 'What it says', 'Likely causes', 'What to do', 'Whose turn', 'HTTP'],
          rows
            .toSorted(byName)
            .map(({ name, row }) => [
              code(name),
              shownText(row.text),
              (row.causes ?? []).map(shownText).join(' · '),
              shownText(row.next),
              turn[row.blame],
              statusOf(row),
            ]),
        ),
      ].join('\n\n'),
    ),
  );
}

export function metricsPage(metrics) {
  return page(
    'Metrics',
    [
      "What `GET /metrics` shows in Prometheus' text format. Counters only grow and begin at 0 when the hub starts; units are Prometheus' base units.",
    ].join(' '),
    ...grouped(metrics, (entry) => entry.package).map(([folder, rows]) =>
      [
        `## ${folder}`,
        table(
          ['Metric', 'Type', 'Labels', 'What it counts'],
          rows.toSorted(byName).map(({ name, row }) => [code(name), row.type, (row.labels ?? []).map(code).join(', '), row.help]),
        ),
      ].join('\n\n'),
    ),
  );
}

export function functionsPage(rows) {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return page(
    'Rule functions',
    [
      `The ${rows.length} functions of rule SQL. Each example is run by the tests.`,
      '`undefined` in gives `undefined` out unless a function says otherwise; a comparison with `undefined` is false.',
    ].join(' '),
    ...groups.map((group) =>
      [
        `## ${group}`,
        table(
          ['Function', 'Arguments', 'What it gives', 'Example'],
          rows
            .filter((row) => row.group === group)
            .map((row) => [
              code(row.name),
              row.arguments,
              row.doc,
              row.examples
                .slice(0, 2)
                .map(({ sql, result }) => `${code(sql)} → ${code(resultText(result))}`)
                .join('<br>'),
            ]),
        ),
      ].join('\n\n'),
    ),
  );
}

const resultText = (value) =>
  value === undefined ? 'undefined' : JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? String(inner) : inner));
