import type { JsonSchema } from '@omh/core';

/** One rule of a schema that a value breaks. */
export interface SchemaFault {
  /** Where the value stands inside what was checked: keys and indexes as they are; empty for the whole. */
  readonly path: readonly string[];
  /** The keyword that is broken, as in the schema; `false schema` where nothing may stand. */
  readonly keyword: string;
  /**
   * What the keyword asks: `missingProperty` for `required`, `additionalProperty` for `additionalProperties`, `propertyName` for
   * `propertyNames`, `passing` (branches that fit) for `oneOf`, `limit` for bounds.
   */
  readonly params: Readonly<Record<string, unknown>>;
  /** The schema that holds the keyword. */
  readonly schema: JsonSchema;
  readonly value: unknown;
}

/** A schema made ready: tells the walk what is wrong with a value. */
export type Check = (value: unknown, walk: Walk) => void;

/** One walk through a value; `path` is where it stands just now. */
export class Walk {
  readonly faults: SchemaFault[] = [];
  readonly path: string[] = [];
  readonly #limit: number;

  /** Ends after `limit` faults. */
  constructor(limit: number) {
    this.#limit = limit;
  }
  get full(): boolean {
    return this.faults.length >= this.#limit;
  }

  tell(keyword: string, params: Readonly<Record<string, unknown>>, schema: JsonSchema, value: unknown): void {
    if (!this.full) this.faults.push({ path: this.path.slice(), keyword, params, schema, value });
  }
  /** Checks what stands one step further in. */
  into(key: string, check: Check, value: unknown): void {
    if (check === anything) return;
    this.path.push(key);
    check(value, this);
    this.path.pop();
  }
}

export const anything: Check = () => {};
export const nothing: Check = (value, walk) => walk.tell('false schema', {}, {}, value);

/** Whether a value passes, told as early as possible. */
export function passes(check: Check, value: unknown): boolean {
  const walk = new Walk(1);
  check(value, walk);
  return !walk.full;
}
