import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows, type Verb } from '@omh/access';
import type { Micros, Principal } from '@omh/core';
import type { ChildRow, Hub, Sight } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';
import { unknown } from './tag-target.ts';
import { ValueRow, valueToJson } from './values.ts';

export const NamespaceRow = Type.Object({
  name: Type.String(),
  path: Type.String(),
  folder: Type.Boolean({ description: 'Something stands below it.' }),
  tags: Type.Integer({ description: 'Tags at this place and below.' }),
  good: Type.Integer(),
  uncertain: Type.Integer(),
  bad: Type.Integer(),
  value: Type.Optional(ValueRow),
  similar: Type.Optional(listOf(Type.String(), 'Siblings whose names differ in case, blanks, _ or - only.')),
});
export type NamespaceRow = Static<typeof NamespaceRow>;
export const NamespaceAnswer = Type.Object({
  path: Type.String({ description: 'What was asked for; empty at the top.' }),
  rows: listOf(NamespaceRow, 'Folders by name, then tags in the order of the file; for a search the tags that were found.'),
  cursor: Type.Optional(Type.String({ description: 'Hand it back for the next page.' })),
});
export type NamespaceAnswer = Static<typeof NamespaceAnswer>;

const verb = 'values.read';

export function registerNamespace(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/namespace',
    {
      config: { permission: verb, narrowed: true },
      schema: {
        operationId: 'getNamespace',
        tags: ['values'],
        summary: 'What is below a namespace path, with counts, or a search over all paths.',
        querystring: Type.Object({
          path: Type.Optional(Type.String({ maxLength: 2000, description: 'A path; absent: the top.' })),
          search: Type.Optional(
            Type.String({ maxLength: 200, description: 'Words that stand in path, description, unit, address, device or group.' }),
          ),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, default: 200 })),
          cursor: Type.Optional(Type.String({ maxLength: 200, description: 'Of the page before.' })),
        }),
        response: { 200: NamespaceAnswer, ...problemResponses },
      },
    },
    async (request) => {
      const { search, limit = 200, cursor } = request.query;
      const path = (request.query.path ?? '').replace(/^\/+|\/+$/g, '');
      const sight = sightOf(signedIn(request));
      const now = hub.clock.now();
      if (search === undefined) {
        const page = hub.namespace.children(path, sight, limit, cursor);
        if (page === undefined) return unknown('path', path, []);
        return { path, rows: page.rows.map((row) => rowOf(row, hub, now)), ...(page.cursor === undefined ? {} : { cursor: page.cursor }) };
      }
      const sees = (at: string): boolean => (path === '' || at.startsWith(`${path}/`)) && sight.tag(at);
      const found = await hub.namespace.search(search, sees, limit, cursor);
      if (found === undefined) throw errors.API_CURSOR_INVALID();
      const rows = found.tags.flatMap(({ id, name, path: at }) => {
        const value = hub.values.get(id);
        if (value === undefined) return [];
        const counts = { good: 0, uncertain: 0, bad: 0, [value.quality]: 1 };
        return [rowOf({ name, path: at, folder: false, tags: 1, counts, value }, hub, now)];
      });
      return { path, rows, ...(found.cursor === undefined ? {} : { cursor: found.cursor }) };
    },
  );
}

function rowOf({ name, path, folder, tags, counts, value, similar }: ChildRow, hub: Hub, now: Micros): NamespaceRow {
  const row: NamespaceRow = { name, path, folder, tags, ...counts };
  const last = hub.values.get(value?.tag.id);
  if (last !== undefined) row.value = valueToJson(last, now);
  if (similar !== undefined) row.similar = [...similar];
  return row;
}

/** What a principal may see of the tree. */
function sightOf(principal: Principal): Sight {
  const whole = (path: string): boolean => allows(principal, verb, path === '' ? '#' : `${path}/#`);
  if (whole('')) return { whole: () => true, some: () => true, tag: () => true };
  return { whole, some: (path) => reaches(principal, verb, path), tag: (path) => allows(principal, verb, path) };
}

/** Whether a permission covers anything at a path or below it. */
function reaches(principal: Principal, wanted: Verb, path: string): boolean {
  const levels = path.split('/');
  return principal.permissions.some((permission) => {
    const space = permission.indexOf(' ');
    const granted = space < 0 ? permission : permission.slice(0, space);
    if (granted !== '*' && granted !== wanted) return false;
    if (space < 0) return true;
    const filter = permission.slice(space + 1).split('/');
    const end = filter.indexOf('#');
    const fixed = end < 0 ? filter : filter.slice(0, end);
    if (end < 0 && fixed.length < levels.length) return false;
    return fixed.every((level, i) => i >= levels.length || level === '+' || level === levels[i]);
  });
}
