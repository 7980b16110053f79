import { elementOf, jsonText, keyOf, textOf } from '../value.ts';

/** `a.b[1].'x y'` inside `${…}`; empty is the whole value. */
export type TemplatePath = readonly (string | number)[];

/** Texts and paths in turn: `parts[0]` is text, `parts[1]` a path, and so on. */
export interface Template {
  readonly texts: readonly string[];
  readonly paths: readonly TemplatePath[];
}

/** Splits `a ${b.c} d` once. `${…}` that holds no path stays as it is written. */
export function parseTemplate(text: string): Template {
  const texts: string[] = [];
  const paths: TemplatePath[] = [];
  let rest = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('${', at);
    const placeholder = open === -1 ? undefined : placeholderAt(text, open);
    if (open === -1) {
      rest += text.slice(at);
      break;
    }
    if (placeholder === undefined) {
      rest += text.slice(at, open + 2);
      at = open + 2;
      continue;
    }
    texts.push(rest + text.slice(at, open));
    paths.push(placeholder.path);
    rest = '';
    at = placeholder.end;
  }
  texts.push(rest);
  return { texts, paths };
}

/** A missing value renders as `undefined`, maps and arrays as JSON. */
export function renderText(template: Template, value: unknown): string {
  let out = template.texts[0]!;
  for (let i = 0; i < template.paths.length; i++) {
    const path = template.paths[i]!;
    out += (path.length === 0 ? wholeText(value) : textOf(valueAtPath(value, path))) + template.texts[i + 1]!;
  }
  return out;
}

const wholeText = (value: unknown): string => (value === undefined ? 'undefined' : jsonText(value));

/** The value a path leads to; undefined where the way ends, also at index 0. A text that holds JSON opens on the way. */
export function valueAtPath(value: unknown, path: TemplatePath): unknown {
  let current = value;
  for (const step of path) {
    if (current === undefined) return undefined;
    current = typeof step === 'string' ? keyOf(current, step) : step === 0 ? undefined : elementOf(current, step);
  }
  return current;
}

/** The `${…}` that begins at `open`: its path and the offset behind its brace; undefined when it is none. */
export function placeholderAt(text: string, open: number): { readonly path: TemplatePath; readonly end: number } | undefined {
  step.lastIndex = open + 2;
  const path: (string | number)[] = [];
  if (text[step.lastIndex] === '.') step.lastIndex++;
  if (text[step.lastIndex] === '}') return text[step.lastIndex - 1] === '.' ? { path, end: step.lastIndex + 1 } : undefined;
  for (let first = true; ; first = false) {
    const match = step.exec(text);
    if (match === null) return undefined;
    const [, point, quoted, bare, index] = match;
    if (index === undefined ? (point === undefined) !== first : point !== undefined || first) return undefined;
    path.push(index === undefined ? (bare ?? quoted!.slice(1, -1)) : Number(index));
    if (text[step.lastIndex] === '}') return { path, end: step.lastIndex + 1 };
  }
}

const step = /(\.)?(?:('[^'\n]*'|"[^"\n]*")|([^\s.'"[\]{}$]+)|\[(-?\d{1,9})\])/y;
