import { fail, ok } from '@omh/core';
import type { JsonSchema, Result } from '@omh/core';
import { checkMeaning, isBlock, namedSections } from './checks.ts';
import type { Registry } from './checks.ts';
import { errors } from './errors.ts';
import type { HubFiles } from './hub-files.ts';
import { HubSchema, IncludedSchema } from './hub-schema.ts';
import { TagTable } from './tag-schema.ts';
import type { HubConfig } from './hub-schema.ts';
import { expandInclude, maxFiles, pathFault } from './include.ts';
import type { HubFolder } from './include.ts';
import { IssueList } from './issue.ts';
import type { ConfigIssue, IssueSink } from './issue.ts';
import { didYouMean } from './did-you-mean.ts';
import { maxFileMb, Source, whyUnread } from './source.ts';
import { Sources } from './sources.ts';
import { TagTableText } from './tag-table.ts';
import { expandTemplates } from './template-reading.ts';
import type { TemplatedDevice } from './template-reading.ts';
import { checkSchema } from './validation.ts';

export interface ParseOptions {
  /** Where the files are; `!file` is not read through it. */
  readonly folder: HubFolder;
  readonly registry: Registry;
  /** `!env NAME`. */
  readonly env: (name: string) => string | undefined;
  /** `!file PATH`, path as written; throws when it cannot be read. One line end at the end is dropped. */
  readonly readFile: (path: string) => string;
  /** How a file is called in issues; its own name when absent. */
  readonly shown?: (name: string) => string;
}

/** A hub's configuration with the files it stands in. Plain data: it may cross to a worker. */
export interface ParsedHub {
  readonly config: HubConfig;
  readonly files: HubFiles;
  /** Path (`a/b/c`) → `!env NAME` or `!file PATH`: values of `config` that must not be shown. */
  readonly secrets: ReadonlyMap<string, string>;
}

type Block = Record<string, unknown>;
interface TableReference {
  readonly path: readonly string[];
  readonly group: Block;
  readonly file: string;
}

/**
 * Reads a hub file with everything it includes: YAML and tag tables, schema and meaning, defaults filled in. Tells every fault at once,
 * each at its place, in the order of the files. Throws only when `main` itself cannot be read.
 */
export function parseHub(main: string, options: ParseOptions): Result<ParsedHub, ConfigIssue[]> {
  const reading = new Reading(main, options);
  const data = reading.read();
  const { issues, sources } = reading;
  if (!issues.empty) return fail(issues.all(() => errors.CONFIG_MORE()));
  const files: HubFiles = {
    main,
    texts: sources.texts(),
    includes: reading.includes,
    owners: sources.owners(),
    templated: reading.templated,
  };
  return ok({ config: data as unknown as HubConfig, files, secrets: sources.secrets() });
}

/** One reading of all files of a hub. */
class Reading {
  readonly sources: Sources;
  readonly issues: IssueList;
  includes: string[] = [];
  templated: ReadonlyMap<string, TemplatedDevice> = new Map();
  readonly #main: string;
  readonly #options: ParseOptions;
  readonly #references: TableReference[] = [];

  constructor(main: string, options: ParseOptions) {
    this.#main = main;
    this.#options = options;
    this.sources = new Sources(options.shown ?? ((name) => name));
    this.issues = new IssueList(this.sources);
  }

  read(): Block {
    const { issues, sources } = this;
    const main = this.#open(this.#main, this.#options.folder.read(this.#main), false);
    const data = main.data;
    if (main.broken) return {};
    const included = isBlock(data) ? this.#included(data) : [];
    const broken = included.some(({ source }) => source.broken);
    this.templated = expandTemplates(
      [{ file: 0, source: main }, ...included].filter(({ source }) => isBlock(source.data) && !source.broken),
      { issues, sources, table: (path, name, at) => this.#templateTable(path, name, sources.sink(at.file, issues)) },
    );
    this.#checkBlock(HubSchema as unknown as JsonSchema, data, issues);
    for (const { file, source } of included) {
      if (source.broken) continue;
      const sink = sources.sink(file, issues);
      if (isBlock(source.data)) this.#refuseMainKeys(source.data, sink);
      this.#checkBlock(IncludedSchema as unknown as JsonSchema, source.data, sink);
      if (isBlock(data) && isBlock(source.data)) this.#merge(data, source.data, file, source);
    }
    if (!isBlock(data)) return {};
    for (const reference of this.#references) this.#readTable(reference);
    if (broken) return data;
    fillIn(data);
    checkMeaning(data, { registry: this.#options.registry, sources, issues });
    return data;
  }

  #open(name: string, text: string, mayBeEmpty: boolean): Source {
    const source = new Source(text, this.#options, mayBeEmpty);
    const file = this.sources.addYaml(name, source);
    for (const { path, error, offset } of source.faults) {
      const tag = error.code === errors.CONFIG_TAG.code ? didYouMean(String(error.params.tag), ['!env', '!file']) : undefined;
      this.issues.add(path, error, { spot: { file, offset }, fix: tag });
      if (error.code !== errors.CONFIG_DUPLICATE_KEY.code && path.length > 0) this.issues.close(path);
    }
    return source;
  }

  #included(data: Block): { file: number; source: Source }[] {
    const { folder } = this.#options;
    const patterns = typeof data.include === 'string' ? [data.include] : Array.isArray(data.include) ? (data.include as unknown[]) : [];
    const out: { file: number; source: Source }[] = [];
    const seen = new Set([this.#main]);
    for (const [i, pattern] of patterns.entries()) {
      if (typeof pattern !== 'string') continue;
      const at = Array.isArray(data.include) ? ['include', String(i)] : ['include'];
      const tell = (why: string): void => this.issues.add(at, errors.CONFIG_INCLUDE({ pattern, why }));
      const why = pathFault(pattern, true) ?? (/\.ya?ml$/.test(pattern) ? undefined : 'it does not end in .yaml or .yml');
      if (why !== undefined) {
        tell(why);
        continue;
      }
      this.includes.push(pattern);
      const found = expandInclude(pattern, folder);
      if ('why' in found) {
        tell(found.why);
        continue;
      }
      for (const name of found.files) {
        if (seen.has(name)) continue;
        seen.add(name);
        if (seen.size > maxFiles) {
          this.issues.add(at, errors.CONFIG_TOO_MANY_FILES({ limit: maxFiles }));
          return out;
        }
        try {
          const source = this.#open(name, folder.read(name), true);
          out.push({ file: this.sources.names().length - 1, source });
        } catch (error) {
          this.issues.add(at, errors.CONFIG_FILE_UNREADABLE({ name, why: whyUnread(error) }, { cause: error }));
        }
      }
    }
    return out;
  }

  #checkBlock(schema: JsonSchema, data: unknown, sink: IssueSink): void {
    if (isBlock(data)) {
      dropEmptySections(data);
      this.#takeReferences(data, sink);
    }
    checkSchema(schema, data, [], sink);
  }

  #refuseMainKeys(data: Block, sink: IssueSink): void {
    for (const key of Object.keys(data)) {
      if (!(key in HubSchema.properties) || key in IncludedSchema.properties) continue;
      sink.add([key], errors.CONFIG_MAIN_ONLY({ key, main: this.sources.shown(0) }), { aim: 'key', fix: errors.CONFIG_MAIN_ONLY.row.next });
      delete data[key];
    }
  }

  /** `tags: { file: … }` is taken out, so that the schema sees a group whose tags are still to come. */
  #takeReferences(data: Block, sink: IssueSink): void {
    for (const [device, block] of Object.entries(blockOf(data.devices))) {
      for (const [group, entry] of Object.entries(blockOf(blockOf(block).groups))) {
        const tags = blockOf(blockOf(entry).tags);
        if (typeof tags.file !== 'string') continue;
        const path = ['devices', device, 'groups', group, 'tags'];
        delete (entry as Block).tags;
        const why = tableFault(tags.file);
        if (why !== undefined) sink.add([...path, 'file'], errors.CONFIG_TABLE_FILE({ file: tags.file, why }));
        else if (checkSchema(TagTable as unknown as JsonSchema, tags, path, sink))
          this.#references.push({ path, group: entry as Block, file: tags.file });
      }
    }
  }

  #merge(data: Block, more: Block, file: number, source: Source): void {
    for (const section of namedSections) {
      const into = data[section];
      if (!isBlock(into)) continue;
      for (const [name, value] of Object.entries(blockOf(more[section]))) {
        const path = [section, name];
        const offset = source.locate(path, 'key');
        if (Object.hasOwn(into, name)) {
          const first = this.sources.position(this.sources.locate(path, 'key'));
          const error = errors.CONFIG_DEFINED_TWICE({ path: path.join('/'), other: `${first.file}:${first.line}` });
          this.issues.add(path, error, { spot: { file, offset }, fix: errors.CONFIG_DEFINED_TWICE.row.next });
          continue;
        }
        into[name] = value;
        this.sources.own(path, file);
      }
    }
  }

  #readTable({ path, group, file: name }: TableReference): void {
    const known = this.#table(path, name, this.issues);
    if (known !== undefined) group.tags = known.table.tags(path, known.file, this.sources.sink(known.file, this.issues));
  }

  /** A template's table: its cells may hold variables, so nothing but its form is checked. */
  #templateTable(path: readonly string[], name: string, sink: IssueSink): Block | undefined {
    const why = tableFault(name);
    if (why !== undefined) sink.add([...path, 'file'], errors.CONFIG_TABLE_FILE({ file: name, why }));
    const known = why === undefined ? this.#table(path, name, sink) : undefined;
    return known?.table.looseTags(path, known.file, this.sources.sink(known.file, this.issues));
  }

  #table(path: readonly string[], name: string, sink: IssueSink): { file: number; table: TagTableText } | undefined {
    const { sources } = this;
    let known = sources.table(name);
    if (known === undefined) {
      let text: string;
      try {
        text = this.#options.folder.read(name);
      } catch (error) {
        sink.add([...path, 'file'], errors.CONFIG_FILE_UNREADABLE({ name, why: whyUnread(error) }, { cause: error }));
        return undefined;
      }
      const size = text.length / 1e6;
      if (size > maxFileMb || sources.names().length >= maxFiles) {
        const error =
          size > maxFileMb
            ? errors.CONFIG_TOO_LARGE({ size: Math.ceil(size), limit: maxFileMb })
            : errors.CONFIG_TOO_MANY_FILES({ limit: maxFiles });
        sink.add([...path, 'file'], error);
        return undefined;
      }
      const table = new TagTableText(text);
      known = { table, file: sources.addTable(name, table) };
    }
    sources.own(path, known.file);
    return known;
  }
}

/** Why this is no name of a tag table. */
const tableFault = (name: string): string | undefined =>
  pathFault(name, false) ?? (name.endsWith('.csv') ? undefined : 'it does not end in .csv');

/** The config as it may leave the process: secrets as `!env NAME` and `!file PATH`. */
export function withoutSecrets(config: HubConfig, secrets: ReadonlyMap<string, string>): HubConfig {
  return secrets.size === 0 ? config : (masked(config, '', secrets) as HubConfig);
}

/** A value of the configuration as it may leave the process; `path` is where it stands. What holds no secret is not copied. */
export function masked(value: unknown, path: string, secrets: ReadonlyMap<string, string>): unknown {
  const shown = secrets.get(path);
  if (shown !== undefined) return shown;
  const within = path === '' ? '' : `${path}/`;
  const inside = [...secrets.keys()].filter((key) => key.startsWith(within));
  if (inside.length === 0 || typeof value !== 'object' || value === null) return value;
  const copy: Block | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as Block) };
  for (const name of new Set(inside.map((key) => key.slice(within.length).split('/', 1)[0]!))) {
    const block = copy as Block;
    if (name in block) block[name] = masked(block[name], within + name, secrets);
  }
  return copy;
}

/** `devices:` with nothing behind it means none, as does leaving it out. */
function dropEmptySections(file: Block): void {
  for (const [key, value] of Object.entries(file))
    if (value === null && key in HubSchema.properties && key !== 'hub' && key !== 'version') delete file[key];
}

/** Defaults that depend on something else in the file. */
function fillIn(file: Block): void {
  const { broker, hub, devices, apps } = file;
  if (isBlock(broker)) {
    broker.listeners ??=
      broker.url !== undefined
        ? {}
        : {
            tcp: { host: '127.0.0.1', port: 1883, anonymous: false },
            ws: { host: '127.0.0.1', port: 8083, anonymous: false, path: '/mqtt' },
          };
    for (const listener of Object.values(isBlock(broker.listeners) ? broker.listeners : {})) {
      if (isBlock(listener)) listener.host ??= listener.anonymous === true ? '127.0.0.1' : '0.0.0.0';
    }
  }
  const site = isBlock(hub) && typeof hub.site === 'string' ? `${hub.site}/` : '';
  if (isBlock(devices)) for (const [name, device] of Object.entries(devices)) if (isBlock(device)) device.path ??= `${site}${name}`;
  if (!isBlock(apps)) return;
  for (const [name, app] of Object.entries(apps)) {
    if (!isBlock(app) || app.type !== 'mqtt' || !Array.isArray(app.subscriptions)) continue;
    for (const s of app.subscriptions as unknown[]) if (isBlock(s)) s.topic ??= `/neuron/${name}/${String(s.device)}/${String(s.group)}`;
  }
}

const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});
