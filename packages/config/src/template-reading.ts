import { didYouMean } from './did-you-mean.ts';
import { errors } from './errors.ts';
import type { IssueList } from './issue.ts';
import type { Source } from './source.ts';
import type { Sources } from './sources.ts';
import { isTable, Template } from './template.ts';
import type { Scalar } from './template.ts';

type Block = Record<string, unknown>;
interface ReadFile {
  readonly file: number;
  readonly source: Source;
}
interface Known {
  readonly template: Template;
  /** Each variable with its default. */
  readonly variables: ReadonlyMap<string, Scalar | undefined>;
}

export interface TemplateContext {
  readonly sources: Sources;
  readonly issues: IssueList;
  /** The tags of a table that a template names, unchecked; undefined when it cannot be read, which is told. */
  table(path: readonly string[], name: string, at: ReadFile): Block | undefined;
}

/** A device as it stands in its file, before its template is filled in. */
export interface TemplatedDevice {
  readonly template: string;
  readonly own: Readonly<Block>;
}

/** Fills in the templates of all devices, in place. Everything wrong with variables is told where it is corrected. */
export function expandTemplates(files: readonly ReadFile[], context: TemplateContext): Map<string, TemplatedDevice> {
  const out = new Map<string, TemplatedDevice>();
  const known = new Map<string, Known>();
  for (const at of files)
    for (const [name, block] of blocks(blockOf(at.source.data).templates))
      if (!known.has(name)) known.set(name, readTemplate(name, block, at, context));
  for (const at of files) {
    const devices = blockOf(blockOf(at.source.data).devices);
    for (const [name, own] of blocks(devices)) {
      if (typeof own.template !== 'string' || out.has(name)) continue;
      out.set(name, { template: own.template, own });
      devices[name] = expandDevice(name, own, own.template, known, at, context);
    }
  }
  return out;
}

function readTemplate(name: string, block: Block, at: ReadFile, context: TemplateContext): Known {
  const { source, file } = at;
  for (const [group, entry] of blocks(block.groups)) {
    if (!isTable(entry.tags)) continue;
    const path = ['templates', name, 'groups', group, 'tags'];
    entry.tags = context.table(path, String(blockOf(entry.tags).file), at) ?? {};
  }
  const template = new Template(block, (path) => source.secrets.get(['templates', name, ...path].join('/')));
  const variables = new Map(blocks(block.variables).map(([key, entry]) => [key, isScalar(entry.default) ? entry.default : undefined]));
  const used = new Set<string>();
  for (const { name: variable, path } of template.uses) {
    if (variables.has(variable)) used.add(variable);
    else {
      const fix = didYouMean(variable, variables.keys()) ?? errors.CONFIG_VARIABLE_UNKNOWN.row.next;
      const spot = context.sources.spotOfTemplate(['templates', name, ...path], file);
      context.issues.add(['templates', name, ...path], errors.CONFIG_VARIABLE_UNKNOWN({ name: variable, template: name }), { fix, spot });
      context.issues.settle(spot);
    }
  }
  for (const variable of variables.keys()) {
    if (used.has(variable)) continue;
    const path = ['templates', name, 'variables', variable];
    const { CONFIG_VARIABLE_UNUSED } = errors;
    const spot = { file, offset: source.locate(path, 'key') };
    context.issues.add(path, CONFIG_VARIABLE_UNUSED({ name: variable, template: name }), { fix: CONFIG_VARIABLE_UNUSED.row.next, spot });
  }
  return { template, variables };
}

function expandDevice(
  name: string,
  own: Block,
  called: string,
  templates: ReadonlyMap<string, Known>,
  at: ReadFile,
  context: TemplateContext,
): Block {
  const { source, file } = at;
  const { issues, sources } = context;
  const path = ['devices', name];
  const known = templates.get(called);
  if (known === undefined) {
    const spot = { file, offset: source.locate([...path, 'template'], 'value') };
    issues.add([...path, 'template'], errors.CONFIG_TEMPLATE_UNKNOWN({ name: called }), {
      fix: didYouMean(called, templates.keys()),
      spot,
    });
    issues.silence(name);
    return own;
  }
  const given = blockOf(own.variables);
  for (const variable of Object.keys(given)) {
    if (known.variables.has(variable)) continue;
    const at = [...path, 'variables', variable];
    const fix = didYouMean(variable, known.variables.keys()) ?? errors.CONFIG_VARIABLE_FOREIGN.row.next;
    const spot = { file, offset: source.locate(at, 'key') };
    issues.add(at, errors.CONFIG_VARIABLE_FOREIGN({ name: variable, template: called }), { fix, spot });
  }
  const variables = new Map<string, Scalar>();
  for (const [variable, otherwise] of known.variables) {
    const value = Object.hasOwn(given, variable) && isScalar(given[variable]) ? given[variable] : otherwise;
    if (value !== undefined) variables.set(variable, value);
    else if (!Object.hasOwn(given, variable) || given[variable] === null) {
      const spot = { file, offset: source.locate([...path, 'variables'], 'key') };
      const { CONFIG_VARIABLE_MISSING } = errors;
      issues.add([...path, 'variables', variable], CONFIG_VARIABLE_MISSING({ name: variable, template: called, device: name }), {
        fix: CONFIG_VARIABLE_MISSING.row.next,
        spot,
      });
    }
  }
  // What a missing variable would have been is not worth a word.
  if (variables.size < known.variables.size) issues.silence(name);
  sources.expanded(name, called);
  return known.template.expand({
    variables,
    own,
    secretOf: (variable) => source.secrets.get(`devices/${name}/variables/${variable}`),
    onSecret: (inside, reference) => sources.hidden([...path, ...inside], reference),
  });
}

const isScalar = (value: unknown): value is Scalar => ['string', 'number', 'boolean'].includes(typeof value);
const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});
const blocks = (value: unknown): [string, Block][] =>
  Object.entries(blockOf(value)).filter((entry): entry is [string, Block] => isBlock(entry[1]));
