import { code, page, table } from './markdown.mjs';

const effects = {
  live: 'at once',
  reconnect: 'reconnects',
  restart: 'restarts the part',
};

/** The page of the hub file, from its JSON Schema and the schemas of what the file may name. */
export function configPage(schema, registry) {
  const blocks = objectBlocks('', schema, schema, new Set());
  const named = (title, key, entries) =>
    [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([id, one]) => [
        `## ${title} ${code(id)}`,
        key === 'driver'
          ? `${one.title}. Goes under \`settings:\` of a device with \`driver: ${id}\`.`
          : `Goes under ${key.replace('ID', id)}.`,
        ...objectBlocks('', one.settings ?? one, one.settings ?? one, new Set(), 3),
      ]);
  return page(
    'The hub file',
    [
      '`hub.yaml` says what the plant is. `omh init` writes a commented one, `omh validate` checks it, `omh schema` prints the JSON Schema that this page is made from and that editors complete from.',
      '"Change" says what happens to a running hub when the value changes. `<name>` is a name you choose. Secrets are `!env NAME` or `!file PATH`, never text in the file.',
    ].join('\n\n'),
    ...blocks,
    ...named('Driver', 'driver', registry.drivers),
    ...named('Simulator', '`simulators: <name>:` with `protocol: ID`', registry.simulators),
    ...named('App', '`settings:` of an app with `type: ID`', registry.apps),
  );
}

/** Follows `$ref`, and merges what `allOf` and conditions add, so that one object shows all it may hold. */
function resolved(schema, whole) {
  let current = schema;
  for (let hops = 0; current?.$ref !== undefined && hops < 20; hops++) {
    const target = current.$ref.startsWith('#/')
      ? current.$ref
          .slice(2)
          .split('/')
          .reduce((node, key) => node?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], whole)
      : Object.values(whole.$defs ?? {}).find((one) => one.$id === current.$ref);
    const { $ref: _, ...beside } = current;
    current = { ...target, ...beside };
  }
  return current ?? {};
}

/** Alternatives of a value; on an object with keys of its own they only say which keys go together. */
const choicesOf = (one) => (one.properties === undefined ? (one.anyOf ?? one.oneOf) : undefined);

function typeText(schema, whole) {
  const one = resolved(schema, whole);
  if (one.const !== undefined) return code(typeof one.const === 'string' ? one.const : JSON.stringify(one.const));
  if (one.enum !== undefined) return one.enum.map((value) => code(String(value))).join(', ');
  const choices = choicesOf(one);
  if (choices !== undefined) return [...new Set(choices.map((choice) => typeText(choice, whole)))].join(' or ');
  if (one.type === 'array') return `list of ${typeText(one.items ?? {}, whole)}`.replace(/ block$/, ' blocks');
  if (one.type === 'object') {
    if (!one.additionalProperties || typeof one.additionalProperties !== 'object') return 'block';
    const entry = typeText(one.additionalProperties, whole);
    return entry === 'block' ? 'named blocks' : `names, each with ${entry}`;
  }
  const range = one.minimum !== undefined || one.maximum !== undefined ? ` ${one.minimum ?? '…'} to ${one.maximum ?? '…'}` : '';
  return `${one.unit ?? one.format ?? (Array.isArray(one.type) ? one.type.join(' or ') : (one.type ?? 'anything'))}${range}`;
}

/** The object schemas below one, each as a heading and a table of its keys. */
function objectBlocks(path, schema, whole, seen, depth = 2) {
  const one = resolved(schema, whole);
  if (seen.has(one.properties ?? one)) return [];
  seen.add(one.properties ?? one);
  const out = [];
  const properties = Object.entries(one.properties ?? {});
  if (properties.length > 0) {
    if (path !== '' || depth === 2) out.push(`${'#'.repeat(Math.min(depth, 4))} ${path === '' ? 'Top level' : code(path)}`);
    if (one.description && path !== '') out.push(one.description);
    out.push(
      table(
        ['Key', 'Value', 'Default', 'Change', 'What it is'],
        properties.map(([key, value]) => {
          const property = resolved(value, whole);
          const required = (one.required ?? []).includes(key) && property.default === undefined;
          return [
            code(key),
            typeText(value, whole),
            property.default === undefined ? (required ? '**required**' : '') : code(JSON.stringify(property.default)),
            effects[property.effect] ?? '',
            property.description ?? property.title ?? '',
          ];
        }),
      ),
    );
  }
  for (const [key, value] of properties) out.push(...insideBlocks(path === '' ? key : `${path}.${key}`, value, whole, seen, depth));
  return out;
}

function insideBlocks(path, schema, whole, seen, depth) {
  const one = resolved(schema, whole);
  const choices = choicesOf(one);
  if (choices !== undefined) return choices.flatMap((choice) => insideBlocks(path, choice, whole, seen, depth));
  if (one.type === 'array') return insideBlocks(`${path}[]`, one.items ?? {}, whole, seen, depth);
  if (one.additionalProperties && typeof one.additionalProperties === 'object')
    return insideBlocks(`${path}.<name>`, one.additionalProperties, whole, seen, depth);
  return one.properties === undefined ? [] : objectBlocks(path, one, whole, seen, depth + (path.includes('.') ? 1 : 0) > 3 ? 3 : depth);
}
