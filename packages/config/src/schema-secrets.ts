import { fits } from './schema-check.ts';

/** How a hub file names a secret that stands elsewhere: `!env NAME` or `!file PATH`. */
export const secretReference = /^!(?:(env) ([A-Za-z_]\w*)|(file) (\S+))$/;

type Block = Readonly<Record<string, unknown>>;
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The texts that a schema calls `format: secret`, with their paths. Follows what `fillDefaults` follows. */
export function* secretsIn(
  schema: unknown,
  value: unknown,
  path: readonly string[] = [],
): Iterable<{ path: readonly string[]; value: string }> {
  if (!isBlock(schema)) return;
  if (schema.format === 'secret' && typeof value === 'string') yield { path, value };
  if (isBlock(value)) {
    const properties = isBlock(schema.properties) ? schema.properties : {};
    for (const [key, entry] of Object.entries(value)) {
      const own = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
      if (isBlock(own)) yield* secretsIn(own, entry, [...path, key]);
    }
  } else if (Array.isArray(value) && isBlock(schema.items)) {
    for (const [i, entry] of value.entries()) yield* secretsIn(schema.items, entry, [...path, String(i)]);
  }
  if (Array.isArray(schema.allOf)) for (const part of schema.allOf) yield* secretsIn(part, value, path);
  if (schema.if !== undefined) yield* secretsIn(fits(schema.if, value) ? schema.then : schema.else, value, path);
}
