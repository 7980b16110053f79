import { dirname } from 'node:path';
import { Type, type Static } from '@fastify/type-provider-typebox';
import { tagFormats, type TagFormat } from '@omh/config/exchange';
import type { Hub, ImportMade } from '@omh/hub';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import { signedIn } from '../permission.ts';
import { FieldsError, problemResponses } from '../problem.ts';
import { listOf } from '../schemas.ts';
import { PlanAnswer, withPlaces } from './revisions.ts';
import { unknown } from './tag-target.ts';

const Where = {
  where: Type.String({ description: '`line 5, column 3`, `cell C5`, or a path in the file.' }),
  line: Type.Optional(Type.Integer({ description: 'From 1.' })),
  column: Type.Optional(Type.Integer({ description: 'From 1.' })),
};
const modes = ['dry-run', 'plan', 'apply'] as const;
export const TagImportAnswer = Type.Object({
  format: Type.Unsafe<TagFormat>({ type: 'string', enum: tagFormats }),
  added: Type.Integer(),
  replaced: Type.Integer(),
  unchanged: Type.Integer({ description: 'Tags that are so already.' }),
  refused: Type.Integer({ description: 'Rows that something is wrong with.' }),
  faults: listOf(
    Type.Object({ ...Where, tag: Type.String(), code: Type.String(), message: Type.String(), fix: Type.Optional(Type.String()) }),
    'What is wrong; at most 1,000.',
  ),
  notMapped: listOf(Type.Object({ ...Where, what: Type.String(), why: Type.String() }), 'What the file says that has no counterpart here.'),
  newDevices: Type.Array(Type.String()),
  newGroups: Type.Array(Type.String()),
  files: listOf(Type.String(), 'Files of the configuration that would change; with mode apply, that changed.'),
  plan: Type.Optional(PlanAnswer),
  revision: Type.Optional(Type.Integer({ description: 'With mode apply: the one that runs now.' })),
});
export type TagImportAnswer = Static<typeof TagImportAnswer>;

/** 250,000 tags, the most of one file, are hardly larger. */
const mostBytes = 32 * 1024 * 1024;
const mimeOf = { csv: 'text/csv; charset=utf-8', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' } as const;

export function registerTagsExchange(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/tags/export',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'exportTags',
        tags: ['config'],
        summary: 'All tags as a table, one row each, that the import reads back as it is.',
        querystring: Type.Object({
          device: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
          format: Type.Optional(Type.Unsafe<'csv' | 'xlsx'>({ type: 'string', enum: ['csv', 'xlsx'], default: 'csv' })),
        }),
        response: {
          200: {
            description: 'The table.',
            content: { 'text/csv': { schema: Type.String() }, [mimeOf.xlsx]: { schema: Type.String({ format: 'binary' }) } },
          },
          ...problemResponses,
        },
      },
    },
    async ({ query: { device, format = 'csv' } }, reply) => {
      if (device !== undefined && !Object.hasOwn(hub.config.devices, device)) unknown('device', device, Object.keys(hub.config.devices));
      const table = await hub.tagExchange.write(format, device);
      const file = `${(device ?? 'tags').replace(/[^\w.-]+/g, '_')}.${format}`;
      return reply
        .type(mimeOf[format])
        .header('content-disposition', `attachment; filename="${file}"`)
        .send(Buffer.from(table.buffer, table.byteOffset, table.byteLength) as unknown as string);
    },
  );

  // The body is a file: whatever a client calls it, it is taken as bytes.
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    (scope as unknown as App).post(
      '/api/v1/tags/import',
      {
        bodyLimit: mostBytes,
        // Only apply changes something.
        config: { permission: 'config.write', audit: false },
        schema: {
          operationId: 'importTags',
          tags: ['config'],
          summary: 'Adds or replaces the tags of a file that is the body; all others stay. Or says what that would do.',
          description: 'The body is the file as it is: CSV, XLSX, or what Neuron, Kepware, Telegraf or a ThingsBoard gateway keeps.',
          querystring: Type.Object({
            format: Type.Optional(
              Type.Unsafe<TagFormat | 'auto'>({
                type: 'string',
                enum: ['auto', ...tagFormats],
                default: 'auto',
                description: 'auto: told by the content.',
              }),
            ),
            mode: Type.Optional(
              Type.Unsafe<(typeof modes)[number]>({
                type: 'string',
                enum: modes,
                default: 'dry-run',
                description: 'dry-run: the report · plan: with a plan for POST /config/apply · apply: plan and apply in one.',
              }),
            ),
            partial: Type.Optional(Type.Boolean({ default: false, description: 'Leave out the tags that something is wrong with.' })),
            device: Type.Optional(Type.String({ maxLength: 200, description: 'For tags that do not say theirs.' })),
            group: Type.Optional(Type.String({ maxLength: 200, description: 'For tags that do not say theirs.' })),
            comment: Type.Optional(Type.String({ maxLength: 2000, description: 'With mode apply: why; kept with the revision.' })),
          }),
          response: { 200: TagImportAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { format = 'auto', mode = 'dry-run', partial = false, device, group, comment } = request.query;
        const { body } = request;
        if (!Buffer.isBuffer(body) || body.length === 0) throw errors.API_BODY_EMPTY();
        const base = hub.revision;
        const made = await hub.tagExchange.read({ bytes: body, device, group, ...(format === 'auto' ? {} : { format }) });
        const report = reportOf(made);
        if (mode === 'dry-run') return report;
        if (made.refused > 0 && !partial) throw refusal(made);
        if (made.texts.size === 0) return report;
        const plan = await planned(hub, base, made);
        if (mode === 'plan') return { ...report, plan };
        request.audited = { what: 'tags', detail: { added: made.added, replaced: made.replaced } };
        const why = comment ?? `Import of ${made.added + made.replaced} tags`;
        const { revision } = await hub.apply(plan.planId, why, signedIn(request));
        return { ...report, revision };
      },
    );
  });
}

function reportOf({
  format,
  added,
  replaced,
  unchanged,
  refused,
  faults,
  notMapped,
  newDevices,
  newGroups,
  texts,
}: ImportMade): TagImportAnswer {
  return {
    format,
    added,
    replaced,
    unchanged,
    refused,
    faults: faults.map(({ where: { text, ...place }, ...fault }) => ({ where: text, ...place, ...fault })),
    notMapped: notMapped.map(({ where: { text, ...place }, ...rest }) => ({ where: text, ...place, ...rest })),
    newDevices: [...newDevices],
    newGroups: [...newGroups],
    files: [...texts.keys()],
  };
}

function refusal({ refused, faults }: ImportMade): FieldsError {
  return new FieldsError(
    errors.API_IMPORT_REFUSED({ refused }),
    faults.map(({ where, tag, message, fix }) => ({
      pointer: '',
      message: `${where.text}: ${tag}: ${message}${fix === undefined ? '' : ` ${fix}`}`,
      ...(where.line === undefined ? {} : { line: where.line }),
      ...(where.column === undefined ? {} : { column: where.column }),
    })),
  );
}

async function planned(hub: Hub, base: number, { texts }: ImportMade): Promise<PlanAnswer> {
  try {
    const { planId, changes, warnings, files } = await hub.plan({ base, files: Object.fromEntries(texts) });
    return { planId, base, changes: [...changes], warnings: [...warnings], files: [...files] };
  } catch (thrown) {
    throw withPlaces(thrown, dirname(hub.configFile));
  }
}
