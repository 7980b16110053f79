import { Type } from '@fastify/type-provider-typebox';

/** Query of a list in order of a name. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000, default: 1000 })),
  cursor: Type.Optional(Type.String({ maxLength: 200, description: 'Of the page before.' })),
};

/** The rows after a name, and the name to go on from when there are more. Rows are in order of it. */
export function pageAfter<T>(
  rows: readonly T[],
  nameOf: (row: T) => string,
  query: { readonly limit?: number; readonly cursor?: string },
): { rows: T[]; cursor?: string } {
  const { limit = 1000, cursor } = query;
  const from = cursor === undefined ? 0 : rows.findIndex((row) => nameOf(row) > cursor);
  const page = from < 0 ? [] : rows.slice(from, from + limit);
  return from >= 0 && from + limit < rows.length ? { rows: page, cursor: nameOf(page.at(-1)!) } : { rows: page };
}
