import type { JsonSchema } from '@omh/core';

type Block = Record<string, unknown>;

const strange: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  70_000,
  1e300,
  '',
  ' ',
  'a',
  'a/b',
  '1s',
  '10 min',
  'x'.repeat(300),
  '\u{1f600}',
  '4',
  'modbus-tcp',
  'mqtt',
  'on',
  [],
  [1],
  ['a', 'a'],
  {},
  { a: 1 },
  { host: 1 },
  { file: 'tags/a.csv' },
  { version: 1 },
  [[]],
  [{}],
]; // prettier-ignore
const keys = ['a', 'port', 'host', 'driver', 'settings', 'toString', 'constructor', 'tags', 'file', 'a/b', 'x~y', 'type', 'qos', ''];

/** Makes values from a schema, mostly ones that fit, and spoils them. Seeded: the same seed gives the same values. */
export class Invention {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** Whole number below `n` (mulberry32). */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }
  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  of(schema: unknown): unknown {
    if (typeof schema !== 'object' || schema === null) return this.one(strange);
    const s = schema as JsonSchema & Block;
    if ('const' in s) return s.const;
    if (Array.isArray(s.enum)) return structuredClone(this.one(s.enum as unknown[]));
    if (s.default !== undefined && this.below(3) === 0) return structuredClone(s.default);
    const branches = (s.anyOf ?? (s.properties === undefined ? s.oneOf : undefined)) as unknown[] | undefined;
    if (branches !== undefined) return this.of({ ...s, anyOf: undefined, oneOf: undefined, ...(this.one(branches) as object) });
    switch (Array.isArray(s.type) ? this.one(s.type as string[]) : s.type) {
      case 'string':
        return this.#text(s);
      case 'integer':
      case 'number':
        return this.#number(s);
      case 'boolean':
        return this.below(2) === 0;
      case 'array':
        return Array.from({ length: this.below(3) }, () => this.of(s.items));
      case 'object':
        return this.#block(s);
      default:
        return s.properties === undefined ? this.one(strange) : this.#block(s);
    }
  }

  /** Changes one place anywhere in the value: another value, a key more, a key less, an entry twice. */
  spoil(value: unknown): void {
    const places: [Block, string][] = [];
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const key of Object.keys(node)) {
        places.push([node as Block, key]);
        visit((node as Block)[key]);
      }
    };
    visit(value);
    if (places.length === 0) return;
    const [owner, key] = this.one(places);
    const far = this.one(places);
    switch (this.below(5)) {
      case 0:
        if (Array.isArray(owner)) owner.splice(Number(key), 1);
        else delete owner[key];
        break;
      case 1:
        if (Array.isArray(owner)) owner.push(structuredClone(owner[Number(key)]));
        else owner[this.one(keys)] = structuredClone(this.one(strange));
        break;
      case 2:
        owner[key] = structuredClone(far[0][far[1]]);
        break;
      default:
        owner[key] = structuredClone(this.one(strange));
    }
  }

  #text({ pattern, minLength = 0 }: { pattern?: unknown; minLength?: number }): string {
    const fitting = ['1s', '250ms', 'acme/dallas', 'name', '/mqtt', 'mqtt://h:1', 'a/b/c', 'now-15m', '!', '0'];
    const matching = typeof pattern === 'string' ? fitting.filter((text) => new RegExp(pattern, 'u').test(text)) : fitting;
    const text = matching.length === 0 ? this.one(fitting) : this.one(matching);
    return text.padEnd(minLength, 'x');
  }
  #number({ minimum = -1000, maximum = 1000, type }: { minimum?: number; maximum?: number; type?: unknown }): number {
    const n = minimum + this.below(Math.max(1, Math.min(1e9, maximum - minimum + 2)));
    return type === 'integer' || this.below(2) === 0 ? n : n + 0.5;
  }
  #block(schema: Block): Block {
    const out: Block = {};
    const required = new Set((schema.required ?? []) as string[]);
    for (const [key, inner] of Object.entries((schema.properties ?? {}) as Block))
      if (required.has(key) ? this.below(20) > 0 : this.below(3) === 0) out[key] = this.of(inner);
    if (typeof schema.additionalProperties === 'object')
      for (let i = this.below(3); i > 0; i--) out[this.one(['line1', 'press 2', 'ofen_ä', 'a/b'])] = this.of(schema.additionalProperties);
    for (const part of (schema.allOf ?? []) as Block[]) {
      const condition = part.if as { properties?: Record<string, { const?: unknown }> } | undefined;
      const [key, wanted] = Object.entries(condition?.properties ?? {})[0] ?? [];
      if (key !== undefined && out[key] === wanted?.const && typeof part.then === 'object')
        Object.assign(out, this.#block(part.then as Block), { [key]: out[key] });
    }
    return out;
  }
}
