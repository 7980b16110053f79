import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricRow, MetricSample } from '@omh/core';

/** What a scrape answers: the process' own metrics and one reading of all parts, in Prometheus' text format 0.0.4. */
export class Exposition {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #rows: Readonly<Record<string, MetricRow>>;

  /** `rows` gives type and help of known names; an unknown name has the type of its samples, or is a counter when it ends in `_total`, else a gauge. */
  constructor(rows: Readonly<Record<string, MetricRow>>) {
    this.#rows = rows;
  }

  async render(samples: Iterable<MetricSample>): Promise<string> {
    return (await processMetrics().metrics()) + this.#text(samples);
  }

  /** All lines of a name stand together, which the format asks for and parts do not promise. */
  #text(samples: Iterable<MetricSample>): string {
    const families = new Map<string, { readonly type: MetricRow['type']; readonly lines: string[] }>();
    for (const { name, value, labels, type } of samples) {
      let family = families.get(name);
      if (!family) {
        const known = this.#rows[name]?.type ?? type ?? (name.endsWith('_total') ? 'counter' : 'gauge');
        families.set(name, (family = { type: known, lines: [] }));
      }
      family.lines.push(`${name}${labelText(labels)} ${valueText(value)}`);
    }
    let out = '';
    for (const [name, { type, lines }] of families) {
      const row = this.#rows[name];
      if (row) out += `# HELP ${name} ${row.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
      out += `# TYPE ${name} ${type}\n${lines.join('\n')}\n`;
    }
    return out;
  }
}

/** One per process, made at the first scrape: its observers live as long as the process. */
function processMetrics(): Registry {
  if (!registry) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
let registry: Registry | undefined;

function labelText(labels: MetricSample['labels']): string {
  if (!labels) return '';
  const pairs = Object.entries(labels).map(
    ([k, v]) => `${k}="${v.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const valueText = (value: number): string =>
  Number.isNaN(value) ? 'NaN' : value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
