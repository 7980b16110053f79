import type { ProbedCandidate } from './probe.ts';
import type { Survey } from './spans.ts';

export interface TemplateSource {
  readonly driver: string;
  /** Those the device was reached with. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly survey?: Survey;
  /** Becomes the first tag. */
  readonly candidate?: ProbedCandidate;
  readonly name?: string;
}

/** What tells devices of one type apart. */
const own = ['host', 'port', 'unit', 'listen', 'backup', 'tls'];

/**
 * What was found, as the block `templates:` of a hub file: a second device of the type starts with the same limits and order, and reads no
 * gaps where the first one refuses some, so that it has nothing to find out.
 */
export function deviceTemplate({ driver, settings, survey, candidate, name = 'device' }: TemplateSource): string {
  const isSerial = driver === 'modbus-serial';
  const found: Record<string, unknown> = Object.fromEntries(Object.entries(settings).filter(([key]) => !own.includes(key)));
  if (survey?.maxRegisters !== undefined && survey.maxRegisters < 125) found['maxRegisters'] = survey.maxRegisters;
  if (survey?.maxBits !== undefined && survey.maxBits < 2000) found['maxBits'] = survey.maxBits;
  const areas = new Map<string, number>();
  for (const { area } of survey?.spans ?? []) areas.set(area, (areas.get(area) ?? 0) + 1);
  if ([...areas].some(([area, n]) => n > 1 && (area === 'holding' || area === 'input'))) found['maxGap'] = 0;
  if ([...areas].some(([area, n]) => n > 1 && (area === 'coil' || area === 'discrete'))) found['maxGapBits'] = 0;
  if (candidate !== undefined && candidate.order.length === 4) found['byteOrder'] = candidate.order;
  if (candidate !== undefined && candidate.order.length === 8) found['byteOrder64'] = candidate.order;
  const port = settings['port'];
  const variables = isSerial ? ['      port: {}'] : ['      host: {}', `      port: { default: ${typeof port === 'number' ? port : 502} }`];
  const lines = [
    'templates:',
    `  ${name}:`,
    `    description: ${JSON.stringify(describe(survey).replaceAll('{', '{{').replaceAll('}', '}}'))}`,
    '    variables:',
    ...variables,
    '      unit: { default: 1 }',
    `    driver: ${driver}`,
    '    settings:',
    ...(isSerial ? ["      port: '{port}'"] : ["      host: '{host}'", "      port: '{port}'"]),
    ...Object.entries(found).map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`),
    '    groups:',
    '      values:',
    '        interval: 1s',
    candidate === undefined ? '        tags: {}' : '        tags:',
  ];
  if (candidate !== undefined) {
    // The order stands in the settings.
    const place = candidate.address.replace(/^\d+!/, '').replace(candidate.order.length > 2 ? /#\w+$/ : /$^/, '');
    const decimal = candidate.decimal === undefined ? '' : `, decimal: ${candidate.decimal}`;
    lines.push(`          value: { address: '{unit}!${place}', type: ${candidate.type}${decimal} }`);
  }
  return `${lines.join('\n')}\n`;
}

function describe(survey: Survey | undefined): string {
  if (survey === undefined) return 'Found by omh probe.';
  const { identity, spans } = survey;
  const who = [identity?.['VendorName'], identity?.['ProductCode'], identity?.['MajorMinorRevision']].filter(
    (x) => x !== undefined && x !== '',
  );
  const what = spans.slice(0, 20).map((s) => `${s.area} ${s.from} to ${s.to}`);
  return `${who.length === 0 ? 'Found by omh probe' : who.join(' ')}; readable on the wire: ${what.join(', ') || 'nothing'}.`;
}
