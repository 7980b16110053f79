type Block = Record<string, unknown>;
export type Scalar = string | number | boolean;

/** What a template takes over into a device. */
const taken = ['driver', 'settings', 'path', 'groups'] as const;

type Node =
  | { readonly kind: 'plain'; readonly value: unknown; readonly secret: string | undefined }
  | { readonly kind: 'text'; readonly pieces: readonly (string | { readonly name: string })[] }
  | { readonly kind: 'block'; readonly entries: readonly (readonly [key: string, node: Node])[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] };

export interface VariableUse {
  readonly name: string;
  readonly path: readonly string[];
}

export interface Expansion {
  readonly variables: ReadonlyMap<string, Scalar>;
  /** What the device says itself: it is added or wins, null removes. */
  readonly own: Block;
  /** `!env NAME` where a variable came from outside. */
  secretOf?(variable: string): string | undefined;
  /** A value that must not be shown, with its path in the device. */
  onSecret?(path: readonly string[], reference: string): void;
}

/** A template made ready: each text is taken apart once, however many devices are made from it. */
export class Template {
  /** Every use of a variable, in the order of the file. */
  readonly uses: VariableUse[] = [];
  readonly #root: Extract<Node, { kind: 'block' }>;

  /** `secretOf` says which values, by their path in the template, came from outside. */
  constructor(block: Readonly<Block>, secretOf: (path: readonly string[]) => string | undefined = () => undefined) {
    const entries = taken.flatMap((key) =>
      Object.hasOwn(block, key) && block[key] !== null ? [[key, this.#node(block[key], [key], secretOf)] as const] : [],
    );
    this.#root = { kind: 'block', entries };
  }

  /** The device: what the template says with its variables filled in, and what the device says itself. Nothing is shared with either. */
  expand(expansion: Expansion): Block {
    const { template, variables, ...rest } = expansion.own;
    const own = Object.fromEntries(
      Object.entries(rest).filter(([key, value]) => value !== null || !(taken as readonly string[]).includes(key)),
    );
    return {
      ...(template === undefined ? {} : { template }),
      ...(variables === undefined ? {} : { variables: copy(variables) }),
      ...merged(this.#root, own, [], expansion),
    };
  }

  #node(value: unknown, path: readonly string[], secretOf: (path: readonly string[]) => string | undefined): Node {
    if (typeof value === 'string') {
      const secret = secretOf(path);
      const pieces = secret === undefined ? piecesOf(value) : [value];
      for (const piece of pieces) if (typeof piece !== 'string') this.uses.push({ name: piece.name, path });
      return pieces.every((piece) => typeof piece === 'string')
        ? { kind: 'plain', value: pieces.join(''), secret }
        : { kind: 'text', pieces };
    }
    if (Array.isArray(value)) return { kind: 'list', items: value.map((item, i) => this.#node(item, [...path, String(i)], secretOf)) };
    if (!isBlock(value)) return { kind: 'plain', value, secret: undefined };
    return {
      kind: 'block',
      entries: Object.entries(value).map(([key, entry]) => [key, this.#node(entry, [...path, key], secretOf)] as const),
    };
  }
}

const brace = /\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** `{{` and `}}` are braces; whatever else no variable's name stands in stays as it is. */
function piecesOf(text: string): (string | { name: string })[] {
  if (!text.includes('{') && !text.includes('}}')) return [text];
  const out: (string | { name: string })[] = [];
  let plain = '';
  let at = 0;
  for (const match of text.matchAll(brace)) {
    plain += text.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[1] === undefined) plain += match[0][0]!;
    else {
      if (plain !== '') out.push(plain);
      out.push({ name: match[1] });
      plain = '';
    }
  }
  plain += text.slice(at);
  return plain === '' && out.length > 0 ? out : [...out, plain];
}

function merged(node: Extract<Node, { kind: 'block' }>, own: Block, path: readonly string[], expansion: Expansion): Block {
  const out: Block = {};
  for (const [key, entry] of node.entries) {
    if (!Object.hasOwn(own, key)) {
      out[key] = made(entry, [...path, key], expansion);
      continue;
    }
    const value = own[key];
    if (value === null) continue;
    const whole = entry.kind !== 'block' || !isBlock(value) || (path.length === 2 && key === 'tags' && isTable(value));
    out[key] = whole ? copy(value) : merged(entry, value, [...path, key], expansion);
  }
  for (const [key, value] of Object.entries(own))
    if (!Object.hasOwn(out, key) && !(value === null && node.entries.some(([k]) => k === key))) out[key] = copy(value);
  return out;
}

function made(node: Node, path: readonly string[], expansion: Expansion): unknown {
  switch (node.kind) {
    case 'plain':
      if (node.secret !== undefined) expansion.onSecret?.(path, node.secret);
      return node.value;
    case 'block': {
      const out: Block = {};
      for (const [key, entry] of node.entries) out[key] = made(entry, [...path, key], expansion);
      return out;
    }
    case 'list':
      return node.items.map((item, i) => made(item, [...path, String(i)], expansion));
    case 'text':
      return filled(node.pieces, path, expansion);
  }
}

/** A text that is one variable takes its type. */
function filled(
  pieces: readonly (string | { readonly name: string })[],
  path: readonly string[],
  { variables, secretOf, onSecret }: Expansion,
): unknown {
  let out = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      out += piece;
      continue;
    }
    const secret = secretOf?.(piece.name);
    if (secret !== undefined) onSecret?.(path, secret);
    const value = variables.get(piece.name) ?? '';
    if (pieces.length === 1) return value;
    out += String(value);
  }
  return out;
}

/** `tags: { file: … }`: the tags stand in a table. */
export const isTable = (tags: unknown): boolean => isBlock(tags) && typeof tags.file === 'string';

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  return isBlock(value) ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copy(entry)])) : value;
}
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
