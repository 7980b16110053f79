import { Type } from '@fastify/type-provider-typebox';
import { errors } from './errors.ts';

/** Ids and topics may be as long as a request's head can say. */
export const longestName = 12_000;
/** A client id, topic or the like in a path, percent-encoded there. */
export const BrokerName = Type.String({ minLength: 1, maxLength: longestName });

/** Query of a list of the broker. */
export const brokerPageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: longestName, description: 'Of the page before.' })),
};

/** Names of hostile clients are long: a page ends early rather than becoming larger than this. */
const mostCharacters = 4 << 20;

/** The rows of a page as far as they fit, and where the next begins; `cursorAt` is told a row and how many there are up to it. */
export function brokerPage<T>(
  page: { readonly items: readonly T[]; readonly next?: string },
  charactersOf: (row: T) => number,
  cursorAt: (row: T, count: number) => string,
): { rows: readonly T[]; cursor?: string } {
  let characters = 0;
  const end = page.items.findIndex((row, i) => (characters += charactersOf(row)) > mostCharacters && i > 0);
  if (end > 0) return { rows: page.items.slice(0, end), cursor: sayable(cursorAt(page.items[end - 1]!, end)) };
  return page.next === undefined ? { rows: page.items } : { rows: page.items, cursor: sayable(page.next) };
}

/** In the head of a request there is room for so many characters of a cursor, percent-encoded. */
const mostCursor = 1200;
/** A name that is too long goes on behind all names that begin as it does. */
const sayable = (name: string): string => (name.length <= mostCursor ? name : `${name.slice(0, mostCursor)}\uffff`);

/** A cursor that counts; 0 without one. Throws API_CURSOR_INVALID. */
export function countedCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,12}$/.test(cursor)) throw errors.API_CURSOR_INVALID();
  return Number(cursor);
}
