import { msFromMicros, type GroupCycle } from '@omh/core';
import { itemAt, put, type FormatOptions, type PayloadFormat, type StaticTags, type TagItem } from './payload-format.ts';

/** What a message is made of, looked at once per message and only where the template asks. */
class Parts {
  readonly cycle: GroupCycle;
  readonly #good: { readonly name: string; readonly value: unknown }[] = [];
  readonly #bad: { readonly name: string; readonly error: number }[] = [];

  constructor(cycle: GroupCycle, from: number, to: number, { reportErrors, labels }: FormatOptions) {
    this.cycle = cycle;
    for (let i = from; i < to; i++) {
      const item: TagItem = itemAt(cycle, i, labels);
      if ('value' in item) this.#good.push(item);
      else if (reportErrors) this.#bad.push(item);
    }
  }
  tags(): unknown {
    return this.#good;
  }
  tagValues(): unknown {
    const out = {};
    for (const { name, value } of this.#good) put(out, name, value);
    return out;
  }
  tagErrors(): unknown {
    return this.#bad;
  }
  tagErrorValues(): unknown {
    const out = {};
    for (const { name, error } of this.#bad) put(out, name, error);
    return out;
  }
}

type Piece = (parts: Parts) => unknown;

const pieces = (staticTags: StaticTags): Readonly<Record<string, Piece>> => {
  const list = Object.entries(staticTags).map(([name, value]) => ({ name, value }));
  return {
    timestamp: ({ cycle }) => msFromMicros(cycle.batch.receiveTime),
    node: ({ cycle }) => cycle.device,
    group: ({ cycle }) => cycle.group,
    tags: (parts) => parts.tags(),
    tag_values: (parts) => parts.tagValues(),
    tag_errors: (parts) => parts.tagErrors(),
    tag_error_values: (parts) => parts.tagErrorValues(),
    static_tags: () => list,
    static_tag_values: () => staticTags,
  };
};

/** `${name}` of these stands for a part of the message; any other text and every number is itself. */
export const templateVariables: readonly string[] = Object.keys(pieces({}));
export type Template = Readonly<Record<string, unknown>>;

/** A JSON object of the user's with `${…}` as whole values; the schema has checked names and depth. Compiled once. */
export const templateFormat = (template: Template, options: FormatOptions): PayloadFormat => {
  const known = pieces(options.staticTags);
  const compile = (part: unknown): Piece => {
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      const members = Object.entries(part).map(([name, inner]) => [name, compile(inner)] as const);
      return (parts) => {
        const out = {};
        for (const [name, inner] of members) put(out, name, inner(parts));
        return out;
      };
    }
    const name = typeof part === 'string' ? /^\$\{(\w+)\}$/.exec(part)?.[1] : undefined;
    const found = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
    return found ?? (() => part);
  };
  const root = compile(template);
  return {
    contentType: 'application/json',
    encode: (cycle, from, to) => root(new Parts(cycle, from, to, options)),
  };
};
