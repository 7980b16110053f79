import { Scalar, stringify } from 'yaml';
import { secretReference } from './schema-secrets.ts';

/** How a neighbour stands: on one line in braces, or line by line. */
export type Shape = 'line' | 'block';

const style = {
  indent: 2,
  lineWidth: 0,
  blockQuote: 'literal',
  doubleQuotedMinMultiLineLength: 1e9,
  aliasDuplicateObjects: false,
  version: '1.2',
  schema: 'core',
} as const;
export const maxFlowWidth = 120;
/** Longer texts of a list stand on lines of their own. */
const maxListText = 40;

function tagged(_key: unknown, value: unknown): unknown {
  const found = typeof value === 'string' ? secretReference.exec(value) : null;
  if (found === null) return value;
  const scalar = new Scalar(found[2] ?? found[4]);
  scalar.tag = `!${found[1] ?? found[3]}`;
  return scalar;
}

const trimmed = (text: string): string => text.replace(/\n$/, '');
export const flowValue = (value: unknown): string =>
  trimmed(stringify([value], tagged, { ...style, collectionStyle: 'flow' }))
    .slice(1, -1)
    .trim();
export const flowPair = (key: string, value: unknown): string =>
  trimmed(stringify({ [key]: value }, tagged, { ...style, collectionStyle: 'flow' }))
    .slice(1, -1)
    .trim();

/** A key with its value. `path` is where it stands in the file; `shape` is how its neighbours stand, when there are any. */
export function blockPair(key: string, value: unknown, path: readonly string[], shape: Shape | undefined): string {
  const short = shape === 'line' && isStructure(value) ? flowPair(key, value) : undefined;
  if (short !== undefined && short.length <= maxFlowWidth) return short;
  const layout = new Layout([key, value]);
  return layout.text({ [key]: layout.settle(value, path, shape === 'block' || isOpen(path)) });
}
export function blockItem(value: unknown, path: readonly string[], shape: Shape | undefined): string {
  const short = shape === 'line' && isStructure(value) ? flowValue(value) : undefined;
  if (short !== undefined && short.length <= maxFlowWidth) return `- ${short}`;
  const layout = new Layout(value);
  return layout.text([layout.settle(value, path, true)]);
}

/** Lays a value out as a person writes it: what is named stands open, the few plain facts of one thing stand on one line. */
class Layout {
  readonly #lines: string[] = [];
  /** Begins what stands for a line until the rest is written; occurs nowhere in the value. */
  readonly #mark: string;

  constructor(value: unknown) {
    const all = JSON.stringify(value);
    let mark = 'line';
    while (all.includes(mark)) mark += '_';
    this.#mark = mark;
  }

  settle(value: unknown, path: readonly string[], open = isOpen(path)): unknown {
    if (Array.isArray(value)) {
      if (!open && isShortList(value)) return this.#line(`[${value.map(flowValue).join(', ')}]`);
      return value.map((item) => this.settle(item, [...path, '-'], true));
    }
    if (!isBlock(value)) return value;
    if (!open && isFlat(value) && flowValue(value).length <= maxFlowWidth) return this.#line(flowValue(value));
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.settle(entry, [...path, key])]));
  }
  text(value: unknown): string {
    const marks = new RegExp(`${this.#mark}(\\d+)\\.`, 'g');
    return trimmed(stringify(value, tagged, style)).replace(marks, (_, n: string) => this.#lines[Number(n)]!);
  }
  #line(text: string): string {
    return `${this.#mark}${this.#lines.push(text) - 1}.`;
  }
}

/** Sections, the entries of sections with many keys, groups, and a rule's actions. */
function isOpen(path: readonly string[]): boolean {
  return (
    path.length === 1 ||
    (path.length === 2 && ['devices', 'templates', 'apps', 'rules', 'dashboards'].includes(path[0]!)) ||
    (path.length === 3 && path[0] === 'rules' && path[2] === 'actions') ||
    (path.length === 4 && (path[0] === 'devices' || path[0] === 'templates') && path[2] === 'groups')
  );
}

const isFlat = (value: unknown): boolean => isBlock(value) && Object.keys(value).length > 0 && Object.values(value).every(isPlain);
const isShortList = (list: readonly unknown[]): boolean =>
  list.length > 0 &&
  list.every((item) => isFlat(item) || (isPlain(item) && String(item).length <= maxListText)) &&
  flowValue(list).length <= maxFlowWidth;

/** A text that needs quotes only inside braces is easier to read outside of them. */
const isPlain = (value: unknown): boolean =>
  !isStructure(value) && (typeof value !== 'string' || flowValue(value) === trimmed(stringify(value, tagged, style)));
const isStructure = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isBlock = (value: unknown): value is Record<string, unknown> => isStructure(value) && !Array.isArray(value);
