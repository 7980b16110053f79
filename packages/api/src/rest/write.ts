import { Type, type Static } from '@fastify/type-provider-typebox';
import { allows } from '@omh/access';
import { OmhError, type Principal, type Tag } from '@omh/core';
import type { Hub } from '@omh/hub';
import type { FastifyRequest } from 'fastify';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import type { JsonValue } from '../json-value.ts';
import { signedIn } from '../permission.ts';
import { FieldsError, problemResponses, type ProblemField } from '../problem.ts';
import { AnyJson, listOf, StrictObject } from '../schemas.ts';
import { tagByKey, tagByPath } from './tag-target.ts';

const Name = Type.String({ maxLength: 2000 });
const byName = { device: Name, group: Name, tag: Name, value: AnyJson };
const byPath = { path: Type.String({ minLength: 1, maxLength: 2000 }), value: AnyJson };
const reason = Type.Optional(Type.String({ maxLength: 500, description: 'Why; stands in the audit log.' }));
const mostItems = 1000;

export const WriteBody = Type.Union(
  [
    StrictObject({ ...byName, reason }),
    StrictObject({ ...byPath, reason }),
    StrictObject({
      items: Type.Array(Type.Union([StrictObject(byName), StrictObject(byPath)]), { minItems: 1, maxItems: mostItems }),
      reason,
    }),
  ],
  {
    description:
      'The tag by name or by path, and its engineering value or label; or many of them. 64-bit integers beyond 2^53 as decimal strings.',
  },
);
export type WriteBody = Static<typeof WriteBody>;
const Confirmed = Type.Unsafe<'ok' | 'failed'>({ type: 'string', enum: ['ok', 'failed'] });
export const WriteAnswer = Type.Object({
  result: Type.Unsafe<'ok' | 'partial'>({ type: 'string', enum: ['ok', 'partial'], description: 'partial: see each item.' }),
  items: Type.Optional(
    listOf(
      Type.Object({ path: Type.String(), result: Confirmed, code: Type.Optional(Type.String()), detail: Type.Optional(Type.String()) }),
      'For many, in their order.',
    ),
  ),
});
export type WriteAnswer = Static<typeof WriteAnswer>;

type One = { readonly value: JsonValue } & (
  | { readonly path: string }
  | { readonly device: string; readonly group: string; readonly tag: string }
);

export function registerWrite(app: App, { hub }: ApiContext): void {
  app.post(
    '/api/v1/write',
    {
      // Each tag that is written is recorded by itself.
      config: { permission: 'tag.write', narrowed: true, audit: false },
      schema: {
        operationId: 'writeTag',
        tags: ['values'],
        summary: 'Writes one tag or many; answers after the device confirmed. Where one of many may not be written, none is.',
        body: WriteBody,
        response: { 200: WriteAnswer, ...problemResponses },
      },
    },
    async (request): Promise<WriteAnswer> => {
      const principal = signedIn(request);
      const { body } = request;
      return 'items' in body ? writeMany(hub, body, principal, request) : writeOne(hub, body, principal, request);
    },
  );
}

async function writeOne(
  hub: Hub,
  body: One & { readonly reason?: string },
  principal: Principal,
  request: FastifyRequest,
): Promise<WriteAnswer> {
  const tag = tagOf(hub, body);
  request.audited = { what: tag.path, detail: detailOf(body.value, body.reason) };
  if (!allows(principal, 'tag.write', tag.path)) throw notAllowed(principal, tag);
  try {
    await hub.write({ device: tag.device, group: tag.group, tag: tag.name }, body.value, principal, body.reason);
  } catch (thrown) {
    throw thrown instanceof OmhError && thrown.status < 500 ? new FieldsError(thrown, [fieldOf(thrown, '', body)]) : thrown;
  }
  return { result: 'ok' };
}

async function writeMany(
  hub: Hub,
  { items, reason }: { readonly items: readonly One[]; readonly reason?: string },
  principal: Principal,
  request: FastifyRequest,
): Promise<WriteAnswer> {
  const tags: Tag[] = [];
  const faults: { readonly error: OmhError; readonly i: number }[] = [];
  for (const [i, item] of items.entries()) {
    try {
      const tag = tagOf(hub, item);
      if (allows(principal, 'tag.write', tag.path)) tags.push(tag);
      else faults.push({ error: notAllowed(principal, tag), i });
    } catch (thrown) {
      if (!(thrown instanceof OmhError)) throw thrown;
      faults.push({ error: thrown, i });
      // Looking for the nearest name takes a while; a request of wrong names only must not hold up the loop.
      if (faults.length >= mostUnknown) break;
    }
  }
  refuse(faults, items);
  const results = await hub.deviceAdmin.writeMany(
    items.map(({ value }, i) => ({ tag: tags[i]!, value })),
    principal,
    reason,
  );
  audit(hub, request, principal, { tags, items, reason, results });
  const failed = results.flatMap((error, i) => (error === undefined ? [] : [{ error, i }]));
  if (failed.length === items.length) refuse(failed, items);
  return {
    result: failed.length === 0 ? 'ok' : 'partial',
    items: tags.map(({ path }, i) => {
      const error = results[i];
      return error === undefined ? { path, result: 'ok' } : { path, result: 'failed', code: error.code, detail: error.text };
    }),
  };
}
const mostUnknown = 20;

/** Answers with the first that is refused for itself, and with the place of each. */
function refuse(faults: readonly { readonly error: OmhError; readonly i: number }[], items: readonly One[]): void {
  const own = faults.filter(({ error }) => error.code !== 'ACQUISITION_HELD_BACK');
  const first = (own[0] ?? faults[0])?.error;
  if (first !== undefined)
    throw new FieldsError(
      first,
      own.map(({ error, i }) => fieldOf(error, `/items/${i}`, items[i]!)),
    );
}

/** Where in the body the fault lies. */
function fieldOf(error: OmhError, at: string, item: One): ProblemField {
  const { code, text: message } = error;
  if (code === 'ACQUISITION_REASON_MISSING') return { pointer: '/reason', message };
  const isValue = valueFaults.has(code);
  return { pointer: `${at}/${isValue ? 'value' : 'path' in item ? 'path' : 'tag'}`, message };
}
const valueFaults: ReadonlySet<string> = new Set([
  'ACQUISITION_WRONG_TYPE',
  'ACQUISITION_OUT_OF_RANGE',
  'ACQUISITION_BELOW_LIMIT',
  'ACQUISITION_ABOVE_LIMIT',
  'ACQUISITION_STEP',
  'ACQUISITION_READ_BACK',
]);

/** As for one tag: what was done, and what the device or its link failed at. What was asked wrongly changed nothing. */
function audit(
  hub: Hub,
  request: FastifyRequest,
  principal: Principal,
  done: {
    readonly tags: readonly Tag[];
    readonly items: readonly One[];
    readonly reason: string | undefined;
    readonly results: readonly (OmhError | undefined)[];
  },
): void {
  for (const [i, tag] of done.tags.entries()) {
    const error = done.results[i];
    if (error !== undefined && error.status < 500) continue;
    hub.access.audit.record({
      who: principal.name,
      kind: principal.kind,
      from: request.ip,
      verb: 'tag.write',
      what: tag.path,
      result: error === undefined ? 'ok' : 'failed',
      detail: {
        method: request.method,
        ...detailOf(done.items[i]!.value, done.reason),
        ...(error === undefined ? {} : { code: error.code }),
      },
    });
  }
}
const detailOf = (value: JsonValue, reason: string | undefined): Record<string, string | number | boolean> => ({
  ...(typeof value === 'object' ? {} : { value }),
  ...(reason === undefined ? {} : { reason }),
});

const tagOf = (hub: Hub, item: One): Tag =>
  ('path' in item ? tagByPath(hub, item.path) : tagByKey(hub, `${item.device}/${item.group}/${item.tag}`)).tag;
const notAllowed = (principal: Principal, { path }: Tag): OmhError =>
  errors.API_NOT_ALLOWED({ principal: principal.name, verb: `tag.write ${path}` });
