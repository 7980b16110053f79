import type { AnyFunction } from './signature.ts';

export type FunctionLibrary = ReadonlyMap<string, AnyFunction>;

/** Functions by lower-case name; a name that comes twice is a mistake of the maker. */
export function functionLibrary(...tables: readonly (readonly AnyFunction[])[]): FunctionLibrary {
  const library = new Map<string, AnyFunction>();
  for (const f of tables.flat()) {
    if (library.has(f.name)) throw new Error(`function ${f.name} is declared twice`);
    library.set(f.name, f);
  }
  return library;
}

/** How many arguments a function takes, for people. */
export function arityText(f: { readonly min: number; readonly max: number }): string {
  if (f.max === Infinity) return f.min === 0 ? 'any number' : `${f.min} or more`;
  return f.min === f.max ? String(f.min) : `${f.min} to ${f.max}`;
}
