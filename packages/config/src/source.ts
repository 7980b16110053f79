import { LineCounter, isAlias, isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, Pair, Scalar, YAMLError } from 'yaml';
import type { OmhError } from '@omh/core';
import { errors } from './errors.ts';
import type { Aim } from './issue.ts';

export const maxFileMb = 20;
const maxDepth = 64;
/** What all aliases together may stand for. */
const maxNodes = 3_000_000;
const tooMuch = new RangeError('aliases');
const tooDeep = new RangeError('depth');

export interface SourceReaders {
  readonly env: (name: string) => string | undefined;
  readonly readFile: (path: string) => string;
}

/** Where one value stands in the text; a tree beside the value, made in the same walk. */
export interface Place {
  /** Offset of the value and of its key; a list entry has no key. */
  readonly value: number;
  readonly key: number | undefined;
  readonly fields: Map<string, Place> | undefined;
  readonly entries: readonly Place[] | undefined;
  /** Nodes in it, with all that its aliases stand for. */
  readonly size: number;
  /** `!env NAME` or `!file PATH` where the value came from outside: it is never shown. */
  readonly secret?: string;
  readonly scalar?: Scalar;
}

export interface SourceFault {
  readonly offset: number;
  readonly path: readonly (string | number)[];
  readonly error: OmhError;
}

/** A YAML text as plain data, with the place of every value. Never throws; what is wrong stands in `faults`. */
export class Source {
  readonly text: string;
  readonly faults: SourceFault[] = [];
  /** The data cannot be trusted to be what was meant: nothing more is worth checking. */
  broken = false;
  data: unknown = undefined;
  root: Place = { value: 0, key: undefined, fields: undefined, entries: undefined, size: 1 };
  readonly secrets = new Map<string, string>();
  /** What came from outside, with how it stands in the file. */
  readonly outside = new Map<string, string>();
  readonly #lines = new LineCounter();
  readonly #readers: SourceReaders;
  readonly #anchors = new Map<string, { data: unknown; place: Place } | 'open'>();
  #nodes = 0;

  /** `mayBeEmpty`: a text without content is an empty block. */
  constructor(text: string, readers: SourceReaders, mayBeEmpty = false) {
    this.text = text;
    this.#readers = readers;
    const size = text.length / 1e6;
    if (size > maxFileMb) {
      this.#break(0, errors.CONFIG_TOO_LARGE({ size: Math.ceil(size), limit: maxFileMb }));
      return;
    }
    try {
      this.#read(mayBeEmpty);
    } catch (error) {
      const what =
        error === tooMuch
          ? 'its aliases stand for too much'
          : error instanceof RangeError
            ? 'blocks stand in each other too deeply'
            : (error as Error).message;
      this.#break(0, errors.CONFIG_SYNTAX({ what }, { cause: error }));
    }
  }

  position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    return line === 0 ? { line: 1, column: 1 } : { line, column: col };
  }

  /** The place of a path, or of its nearest part that exists. */
  place(path: readonly (string | number)[]): Place {
    let place = this.root;
    for (const segment of path) {
      const next = place.fields?.get(String(segment)) ?? place.entries?.[Number(segment)];
      if (next === undefined) return place;
      place = next;
    }
    return place;
  }
  /** Whether the whole path stands here. */
  has(path: readonly (string | number)[]): boolean {
    let place: Place | undefined = this.root;
    for (const segment of path) {
      place = place.fields?.get(String(segment)) ?? place.entries?.[Number(segment)];
      if (place === undefined) return false;
    }
    return true;
  }
  locate(path: readonly (string | number)[], aim: Aim): number {
    const place = this.place(path);
    return aim === 'key' ? (place.key ?? place.value) : place.value;
  }

  #read(mayBeEmpty: boolean): void {
    const document = parseYaml(this.text, this.#lines);
    // What follows a first fault of the syntax is its echo; of an open bracket everything is.
    const first = document.errors.find(isOpenBracket) ?? document.errors[0];
    const bracket = first && isOpenBracket(first) ? openBracket(document.contents, this.text, first.pos[0]) : undefined;
    if (bracket !== undefined) this.#break(bracket, errors.CONFIG_SYNTAX({ what: `this ${this.text[bracket]!} is not closed` }));
    else if (first !== undefined) this.#break(first.pos[0], faultOf(first));
    if (this.broken) return;
    for (const warning of document.warnings) {
      const tag = /^Unresolved tag: (\S+)/.exec(warning.message)?.[1];
      if (tag !== undefined) this.#break(warning.pos[0], errors.CONFIG_TAG({ tag }));
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      if (mayBeEmpty) this.data = {};
      else this.#break(0, errors.CONFIG_EMPTY());
      return;
    }
    const { data, place } = this.#walk(document.contents, undefined, []);
    this.data = data;
    this.root = { ...place, value: 0 };
  }

  #break(offset: number, error: OmhError): void {
    this.broken = true;
    this.faults.push({ offset, path: [], error });
  }

  #walk(node: Node | null, keyOffset: number | undefined, path: readonly (string | number)[]): { data: unknown; place: Place } {
    const range = node?.range;
    // What is empty has no place of its own.
    const start = (range && range[0] === range[1] ? keyOffset : undefined) ?? range?.[0] ?? keyOffset ?? 0;
    const leaf = { value: start, key: keyOffset, fields: undefined, entries: undefined, size: 1 };
    if (node === null) return { data: null, place: leaf };
    if (path.length > maxDepth) throw tooDeep;
    if (isAlias(node)) return this.#alias(node.source, leaf, path);
    this.#count(1);
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const result = isMap(node)
      ? this.#map(node.items, leaf, path)
      : isSeq(node)
        ? this.#list(node.items, leaf, path)
        : this.#scalar(node, leaf, path);
    if (anchor !== undefined) this.#anchors.set(anchor, result);
    return result;
  }

  #map(items: readonly unknown[], leaf: Place, path: readonly (string | number)[]): { data: unknown; place: Place } {
    const data: Record<string, unknown> = {};
    const fields = new Map<string, Place>();
    let size = 1;
    for (const item of items) {
      if (!isPair(item)) continue;
      const { key: keyNode, value } = item as Pair<Node | null, Node | null>;
      const key = isScalar(keyNode) ? String(keyNode.value ?? '') : '';
      const at = keyNode?.range?.[0] ?? leaf.value;
      const first = fields.get(key);
      const here = [...path, key];
      if (first !== undefined) {
        this.faults.push({
          offset: at,
          path: here,
          error: errors.CONFIG_DUPLICATE_KEY({ key, line: this.position(first.key ?? first.value).line }),
        });
        continue;
      }
      if (key === '__proto__' || key === '') {
        this.faults.push({ offset: at, path: here, error: errors.CONFIG_FORBIDDEN_KEY({ key: key === '' ? 'An empty text' : key }) });
        continue;
      }
      const child = this.#walk(value, at, here);
      data[key] = child.data;
      fields.set(key, child.place);
      size += child.place.size;
    }
    return { data, place: { ...leaf, fields, size } };
  }

  #list(items: readonly unknown[], leaf: Place, path: readonly (string | number)[]): { data: unknown; place: Place } {
    const data: unknown[] = [];
    const entries: Place[] = [];
    let size = 1;
    for (const [i, item] of items.entries()) {
      const child = this.#walk((isPair(item) ? null : item) as Node | null, undefined, [...path, i]);
      data.push(child.data);
      entries.push(child.place);
      size += child.place.size;
    }
    return { data, place: { ...leaf, entries, size } };
  }

  #scalar(node: Scalar, leaf: Place, path: readonly (string | number)[]): { data: unknown; place: Place } {
    if (node.tag !== '!env' && node.tag !== '!file') return { data: node.value, place: { ...leaf, scalar: node } };
    const name = String(node.value);
    const secret = `${node.tag} ${name}`;
    this.secrets.set(path.join('/'), secret);
    const place: Place = { ...leaf, secret };
    const data = node.tag === '!env' ? this.#env(name, place, path) : this.#file(name, place, path);
    this.outside.set(data, secret);
    return { data, place };
  }

  #env(name: string, place: Place, path: readonly (string | number)[]): string {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      this.faults.push({ offset: place.value, path, error: errors.CONFIG_ENV_NAME({ name: name === '' ? 'An empty text' : name }) });
      return '';
    }
    const value = this.#readers.env(name);
    if (value === undefined) this.faults.push({ offset: place.value, path, error: errors.CONFIG_ENV_MISSING({ name }) });
    return value ?? '';
  }
  #file(name: string, place: Place, path: readonly (string | number)[]): string {
    try {
      return this.#readers.readFile(name).replace(/\r?\n$/, '');
    } catch (error) {
      this.faults.push({
        offset: place.value,
        path,
        error: errors.CONFIG_FILE_UNREADABLE({ name, why: whyUnread(error) }, { cause: error }),
      });
      return '';
    }
  }

  #alias(name: string, leaf: Place, path: readonly (string | number)[]): { data: unknown; place: Place } {
    const target = this.#anchors.get(name);
    if (target === undefined || target === 'open') {
      const why = target === 'open' ? 'stands inside the block it names' : 'names no block above it';
      this.faults.push({ offset: leaf.value, path, error: errors.CONFIG_ALIAS({ name, why }) });
      return { data: null, place: leaf };
    }
    this.#count(target.place.size);
    if (target.place.secret !== undefined) this.secrets.set(path.join('/'), target.place.secret);
    return { data: structuredClone(target.data), place: { ...target.place, key: leaf.key } };
  }

  #count(nodes: number): void {
    this.#nodes += nodes;
    if (this.#nodes > maxNodes) throw tooMuch;
  }
}

/** Duplicate keys are found by `Source` itself: the library compares each key with each. */
export const parseYaml = (text: string, lineCounter?: LineCounter, keepSourceTokens = false): Document.Parsed =>
  parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
    keepSourceTokens,
    customTags: [
      { tag: '!env', resolve: (value: string) => value },
      { tag: '!file', resolve: (value: string) => value },
    ],
    ...(lineCounter === undefined ? {} : { lineCounter }),
  });

const sentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'tabs cannot indent, spaces do',
  BAD_INDENT: 'the line is indented to a place where nothing begins',
  MULTIPLE_DOCS: 'a second document begins with ---, a hub file has one',
  MULTILINE_IMPLICIT_KEY: 'a key and its colon must stand in one line; often a quote or a colon is missing above',
  BLOCK_AS_IMPLICIT_KEY: 'a second colon stands in this line; put texts with a colon in quotes',
  NON_STRING_KEY: 'a key must be plain text',
  BAD_ALIAS: 'a name with * refers to nothing; put texts that begin with * or & in quotes',
  BAD_SCALAR_START: 'a text cannot begin with this character; put it in quotes',
  BAD_DQ_ESCAPE: 'the text in double quotes has an unknown \\ sequence; use single quotes or \\\\',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
};

/** Why a file could not be read, as the end of a sentence. */
export function whyUnread(thrown: unknown): string {
  switch ((thrown as { code?: string }).code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'EACCES':
      return 'access is denied';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return (thrown as Error).message;
  }
}

const isOpenBracket = (error: YAMLError): boolean => error.code === 'BAD_INDENT' && error.message.startsWith('Flow');

/** Where the innermost flow collection begins that reaches `end` without its closing bracket. */
function openBracket(contents: unknown, text: string, end: number): number | undefined {
  let found: number | undefined;
  visit(contents as Node | null, {
    Collection(_, node) {
      const { range } = node;
      if (!range || range[0] >= end || range[2] < end) return;
      const close = text[range[0]] === '{' ? '}' : text[range[0]] === '[' ? ']' : undefined;
      if (close !== undefined && text[range[1] - 1] !== close) found = range[0];
    },
  });
  return found;
}

function faultOf(error: YAMLError): OmhError {
  const plain = error.message.replace(/\s+at line[\s\S]*$/, '').replace(/[.:]?\s*$/, '');
  if (isOpenBracket(error)) return errors.CONFIG_SYNTAX({ what: 'a { or [ above is not closed' });
  const what =
    error.code === 'MISSING_CHAR' || error.code === 'UNEXPECTED_TOKEN' || sentences[error.code] === undefined
      ? plain.charAt(0).toLowerCase() + plain.slice(1)
      : sentences[error.code]!;
  return errors.CONFIG_SYNTAX({ what });
}
