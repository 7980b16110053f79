import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricRow, MetricSample } from '@omh/core';

/** The loop is given back after so long: a hundred thousand tags take longer than anybody else may wait. */
const sliceMs = 2;
const chunkChars = 65_536;

/** What a scrape answers: the process' own metrics and one reading of all parts, in Prometheus' text format 0.0.4. */
export class Exposition {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #rows: Readonly<Record<string, MetricRow>>;

  /** `rows` gives type and help of known names; an unknown name has the type of its samples, or is a counter when it ends in `_total`, else a gauge. */
  constructor(rows: Readonly<Record<string, MetricRow>>) {
    this.#rows = rows;
  }

  /** In pieces, with turns of the loop for others in between. `samples` come in any order; those of `many`, which may be very many, all have one name. */
  async *render(samples: Iterable<MetricSample>, many: Iterable<MetricSample>): AsyncGenerator<string> {
    yield await processMetrics().metrics();
    const slices = new Slices();
    // All lines of a name stand together, which the format asks for and parts do not promise.
    const families = new Map<string, string[]>();
    for (const sample of samples) {
      if (slices.isOver()) await slices.pause();
      const lines = families.get(sample.name);
      if (lines === undefined) families.set(sample.name, [this.#head(sample), lineOf(sample)]);
      else lines.push(lineOf(sample));
    }
    for (const lines of families.values()) yield lines.join('');
    let text = '';
    let isFirst = true;
    for (const sample of many) {
      if (slices.isOver()) await slices.pause();
      if (isFirst) text = this.#head(sample);
      isFirst = false;
      text += lineOf(sample);
      if (text.length < chunkChars) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }

  #head({ name, type }: MetricSample): string {
    const row = this.#rows[name];
    const help = row === undefined ? '' : `# HELP ${name} ${row.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`;
    return `${help}# TYPE ${name} ${row?.type ?? type ?? (name.endsWith('_total') ? 'counter' : 'gauge')}\n`;
  }
}

class Slices {
  #since = performance.now();
  #asked = 0;

  isOver(): boolean {
    return (++this.#asked & 63) === 0 && performance.now() - this.#since > sliceMs;
  }
  async pause(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.#since = performance.now();
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

const lineOf = ({ name, labels, value }: MetricSample): string => `${name}${labelText(labels)} ${valueText(value)}\n`;

function labelText(labels: MetricSample['labels']): string {
  if (!labels) return '';
  const pairs = Object.entries(labels).map(
    ([k, v]) => `${k}="${v.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const valueText = (value: number): string =>
  Number.isNaN(value) ? 'NaN' : value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
