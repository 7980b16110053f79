import { Type, type Static } from '@fastify/type-provider-typebox';
import { OmhError, type Issue } from '@omh/core';
import type { ApiContext, App } from '../context.ts';
import { errors } from '../errors.ts';
import type { EditOp } from '@omh/config';
import type { Hub } from '@omh/hub';
import { signedIn } from '../permission.ts';
import { escapePointer, FieldsError, problemResponses, type ProblemField } from '../problem.ts';
import { AnyObject, NameParams } from '../schemas.ts';
import { unknown } from './tag-target.ts';

export const ConfigAnswer = Type.Object({
  file: Type.String(),
  text: Type.Optional(Type.String({ description: 'The hub file as it stands; secrets stay !env and !file. Absent with section.' })),
  revision: Type.Integer(),
  config: AnyObject,
  files: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.Unsafe<'yaml' | 'table'>({ type: 'string', enum: ['yaml', 'table'] }),
      bytes: Type.Integer(),
    }),
    { description: 'All files of the configuration, the main file first.' },
  ),
  pending: Type.Array(Type.String(), { description: 'Applied changes that take effect when the hub starts again, a sentence each.' }),
  readOnly: Type.Optional(Type.String({ description: 'Why the files cannot be changed from here.' })),
});
export type ConfigAnswer = Static<typeof ConfigAnswer>;
export const RevisionAnswer = Type.Object({ revision: Type.Integer() });
export const ConfigFileAnswer = Type.Object({ name: Type.String(), text: Type.String(), revision: Type.Integer() });
export type ConfigFileAnswer = Static<typeof ConfigFileAnswer>;
export type RevisionAnswer = Static<typeof RevisionAnswer>;

const sections = ['devices', 'apps', 'rules', 'dashboards'] as const;
type Section = (typeof sections)[number];
const singular: Record<Section, string> = { devices: 'Device', apps: 'App', rules: 'Rule', dashboards: 'Dashboard' };

export function registerConfig(app: App, { hub }: ApiContext): void {
  app.get(
    '/api/v1/config',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getConfig',
        tags: ['config'],
        summary: 'The hub file: text and meaning; with section, only that part of the meaning.',
        querystring: Type.Object({
          section: Type.Optional(Type.String({ maxLength: 100, description: 'A section of the file: devices, apps, rules …' })),
          name: Type.Optional(Type.String({ maxLength: 200, description: 'One block of that section.' })),
        }),
        response: { 200: ConfigAnswer, ...problemResponses },
      },
    },
    async ({ query: { section, name } }) => {
      const readOnly = hub.readOnly();
      const config: Readonly<Record<string, unknown>> = { ...hub.publicConfig() };
      return {
        file: hub.configFile,
        ...(section === undefined ? { text: hub.configText() } : {}),
        revision: hub.revision,
        config: section === undefined ? { ...config } : partOf(config, section, name),
        files: [...hub.configFiles()].map(([name, text], i) => ({
          name,
          kind: i > 0 && /\.csv$/i.test(name) ? ('table' as const) : ('yaml' as const),
          bytes: Buffer.byteLength(text),
        })),
        pending: hub.pendingRestart().map((change) => change.sentence),
        ...(readOnly === undefined ? {} : { readOnly }),
      };
    },
  );
  app.get(
    '/api/v1/config/file',
    {
      config: { permission: 'config.read' },
      schema: {
        operationId: 'getConfigFile',
        tags: ['config'],
        summary: 'The text of one file of the configuration, as the running revision has it.',
        querystring: Type.Object({ name: Type.String({ maxLength: 1000 }) }),
        response: { 200: ConfigFileAnswer, ...problemResponses },
      },
    },
    async ({ query: { name } }) => {
      const text = hub.configFiles().get(name);
      if (text === undefined) throw errors.API_NO_SUCH_FILE({ file: name });
      return { name, text, revision: hub.revision };
    },
  );

  for (const section of sections) {
    app.put(
      `/api/v1/${section}/:name`,
      {
        config: { permission: 'config.write' },
        schema: {
          operationId: `put${singular[section]}`,
          tags: ['config'],
          summary: 'Adds the block or replaces it, as in hub.yaml.',
          params: NameParams,
          body: AnyObject,
          response: { 200: RevisionAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { name } = request.params;
        return edit(
          hub,
          section,
          name,
          { op: Object.hasOwn(hub.config[section], name) ? 'replace' : 'add', path: path(section, name), value: request.body },
          request,
        );
      },
    );

    app.delete(
      `/api/v1/${section}/:name`,
      {
        config: { permission: 'config.write' },
        schema: {
          operationId: `delete${singular[section]}`,
          tags: ['config'],
          summary: 'Takes the block out of the hub file.',
          params: NameParams,
          response: { 200: RevisionAnswer, ...problemResponses },
        },
      },
      async (request) => {
        const { name } = request.params;
        if (!Object.hasOwn(hub.config[section], name)) unknown(singular[section].toLowerCase(), name, Object.keys(hub.config[section]));
        return edit(hub, section, name, { op: 'remove', path: path(section, name) }, request);
      },
    );
  }
}

/** A section, or one block of it, at its place. */
function partOf(config: Readonly<Record<string, unknown>>, section: string, name: string | undefined): Record<string, unknown> {
  const whole = Object.hasOwn(config, section) ? config[section] : unknown('section', section, Object.keys(config));
  if (name === undefined) return { [section]: whole };
  const blocks = (typeof whole === 'object' && whole !== null ? whole : {}) as Readonly<Record<string, unknown>>;
  return { [section]: { [name]: Object.hasOwn(blocks, name) ? blocks[name] : unknown(section, name, Object.keys(blocks)) } };
}

const path = (section: Section, name: string): string => `${section}/${escapePointer(name)}`;

async function edit(
  hub: Hub,
  section: Section,
  name: string,
  op: EditOp,
  request: Parameters<typeof signedIn>[0],
): Promise<RevisionAnswer> {
  try {
    const { revision } = await hub.edit([op], signedIn(request));
    return { revision };
  } catch (thrown) {
    throw withFields(thrown, `${section}/${name}`);
  }
}

/** What is wrong and, where there is one, the next step. */
export const sentenceOf = (issue: Issue): string => (issue.fix === undefined ? issue.message : `${issue.message} ${issue.fix}`);

/** The validator's findings as fields of the body that was sent; what lies elsewhere in the file is named in the message. */
function withFields(thrown: unknown, block: string): unknown {
  const issues = (thrown as { issues?: readonly Issue[] } | undefined)?.issues;
  if (!Array.isArray(issues)) return thrown;
  const fields = (issues as readonly Issue[]).map((issue): ProblemField => {
    const at = issue.path.replace(/^\//, '');
    const message = sentenceOf(issue);
    if (at === block) return { pointer: '', message };
    return at.startsWith(`${block}/`)
      ? { pointer: at.slice(block.length), message }
      : { pointer: '', message: at === '' ? message : `${at}: ${message}` };
  });
  return new FieldsError(
    thrown instanceof OmhError && thrown.status === 400
      ? thrown
      : errors.API_CONFIG_INVALID({ fault: fields[0]?.message ?? 'it is refused.' }),
    fields,
  );
}
