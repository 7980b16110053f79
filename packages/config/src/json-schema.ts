import type { JsonSchema } from '@omh/core';
import { authenticatorSchemas } from './authentication-schema.ts';
import type { Registry } from './checks.ts';
import { HubSchema, IncludedSchema } from './hub-schema.ts';
import { TagTable } from './tag-schema.ts';

interface Node {
  properties?: Record<string, Node>;
  additionalProperties?: Node;
  [keyword: string]: unknown;
}

/**
 * The schema editors complete and check the hub file with: one document, what `omh schema` prints (draft 2020-12). `included`: the one
 * for files that `include` names. `use: 'form'` describes whole devices; `'editor'` also lets a device with a template leave out what that says.
 */
export function hubJsonSchema(registry: Registry, kind: 'hub' | 'included' = 'hub', use: 'form' | 'editor' = 'form'): JsonSchema {
  const schema = JSON.parse(JSON.stringify(kind === 'hub' ? HubSchema : IncludedSchema)) as Node;
  const section = (name: string): Node => schema.properties![name]!;
  const entry = (name: string): Node => section(name).additionalProperties!;
  choose(
    entry('devices'),
    'driver',
    [...registry.drivers].map(([id, driver]) => [id, driver.title, { properties: { settings: driver.settings } }]),
  );
  choose(
    entry('apps'),
    'type',
    [...registry.apps].map(([id, settings]) => [id, id, { properties: { settings } }]),
  );
  choose(
    entry('simulators'),
    'protocol',
    [...registry.simulators].map(([id, block]) => [id, id, tolerant(block)]),
  );
  section('dashboards').additionalProperties = registry.dashboard;
  const tags = entry('devices').properties!.groups!.additionalProperties!.properties!.tags!;
  const { title, description, effect, ...text } = TagTable.properties.file as unknown as Node;
  tags.properties = { file: { title, description, effect, anyOf: [text, tags.additionalProperties] } };
  if (use === 'editor') mayLeaveOut(entry('devices'));
  const drivers = { enum: [...registry.drivers.keys()] };
  entry('templates').properties!.driver = { ...entry('templates').properties!.driver, ...drivers };
  if (kind === 'hub') {
    const authentication = section('broker').properties!.authentication as unknown as { items: Node };
    choose(
      authentication.items,
      'type',
      [...authenticatorSchemas].map(([id, block]) => [id, String(block.title), block]),
    );
  }
  if (kind === 'hub' && registry.brokerLimits) {
    const broker = section('broker').properties!;
    broker.limits = { ...broker.limits, ...registry.brokerLimits };
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: kind === 'hub' ? 'hub.schema.json' : 'hub-included.schema.json',
    ...(withoutRequiredDefaults(schema) as object),
  };
}

/** What a device must say is asked of those without a template; in the others null removes a group or a tag. */
function mayLeaveOut(device: Node): void {
  const groups = device.properties!.groups!;
  const group = groups.additionalProperties!;
  const tags = group.properties!.tags!;
  const tag = tags.additionalProperties!;
  const asked = (node: Node): Node => {
    const needed = {
      required: (node.required as string[] | undefined)?.filter((key) => node.properties![key]!.default === undefined) ?? [],
    };
    delete node.required;
    return needed;
  };
  const ofTag = asked(tag);
  const ofTags = { properties: { file: true }, additionalProperties: { type: 'object', ...ofTag } };
  const ofGroup = { type: 'object', ...asked(group), properties: { tags: ofTags } };
  const otherwise = { ...asked(device), properties: { groups: { additionalProperties: ofGroup } } };
  for (const node of [group, tag]) node.type = ['object', 'null'];
  device.if = { required: ['template'] };
  device.then = {};
  device.else = otherwise;
}

/** What `key` says decides what else may stand there. */
function choose(entry: Node, key: string, options: readonly (readonly [id: string, title: string, then: object])[]): void {
  const properties = entry.properties!;
  properties[key] = { ...properties[key], enum: options.map(([id]) => id), enumDescriptions: options.map(([, title]) => title) };
  entry.allOf = options.map(([id, , then]) => ({ if: { properties: { [key]: { const: id } }, required: [key] }, then }));
}

/** A simulator's own schema may leave out the key `protocol` that chose it. */
function tolerant(block: JsonSchema): JsonSchema {
  const properties = block.properties as Record<string, unknown> | undefined;
  return properties === undefined || 'protocol' in properties ? block : { ...block, properties: { protocol: true, ...properties } };
}

/** A key with a default may be left out of a file, though it is always there after reading. */
function withoutRequiredDefaults(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutRequiredDefaults);
  if (typeof node !== 'object' || node === null) return node;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node))
    out[key] = key === 'default' || key === 'enum' || key === 'const' ? value : withoutRequiredDefaults(value);
  const { properties, required } = out as { properties?: Record<string, { default?: unknown }>; required?: string[] };
  if (Array.isArray(required) && properties !== undefined) {
    const needed = required.filter((key) => properties[key]?.default === undefined);
    if (needed.length > 0) out.required = needed;
    else delete out.required;
  }
  return out;
}
