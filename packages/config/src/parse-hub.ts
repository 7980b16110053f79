import { fail, ok } from '@omh/core';
import type { JsonSchema, Result } from '@omh/core';
import { checkMeaning, isBlock } from './checks.ts';
import type { Registry } from './checks.ts';
import { errors } from './errors.ts';
import { HubSchema } from './hub-schema.ts';
import type { HubConfig } from './hub-schema.ts';
import { IssueList } from './issue.ts';
import type { ConfigIssue } from './issue.ts';
import { didYouMean } from './did-you-mean.ts';
import { Source } from './source.ts';
import { checkSchema } from './validation.ts';

export interface ParseOptions {
  /** How the file is called in issues. */
  readonly file: string;
  readonly registry: Registry;
  /** `!env NAME`. */
  readonly env: (name: string) => string | undefined;
  /** `!file PATH`, path as written; throws when it cannot be read. One line end at the end is dropped. */
  readonly readFile: (path: string) => string;
}

export interface ParsedHub {
  readonly config: HubConfig;
  readonly text: string;
  readonly file: string;
  /** Path (`a/b/c`) → `!env NAME` or `!file PATH`: values of `config` that must not be shown. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** Reads a hub file: YAML, schema and meaning, defaults filled in. Tells every fault at once, each at its place, in the order of the file. */
export function parseHubText(text: string, options: ParseOptions): Result<ParsedHub, ConfigIssue[]> {
  const source = new Source(text, options);
  const issues = new IssueList(options.file, source);
  for (const { path, error, offset } of source.faults) {
    const tag = error.code === errors.CONFIG_TAG.code ? didYouMean(String(error.params.tag), ['!env', '!file']) : undefined;
    issues.add(path, error, { offset, fix: tag });
    if (error.code !== errors.CONFIG_DUPLICATE_KEY.code && path.length > 0) issues.close(path);
  }
  if (!source.broken) {
    const { data, registry } = { data: source.data, registry: options.registry };
    if (isBlock(data)) dropEmptySections(data);
    checkSchema(HubSchema as unknown as JsonSchema, data, [], source, issues);
    if (isBlock(data)) {
      fillIn(data);
      checkMeaning(data, { registry, source, issues });
    }
  }
  if (!issues.empty) return fail(issues.all(() => errors.CONFIG_MORE()));
  return ok({ config: source.data as HubConfig, text, file: options.file, secrets: source.secrets });
}

/** The config as it may leave the process: secrets as `!env NAME` and `!file PATH`. */
export function withoutSecrets(config: HubConfig, secrets: ReadonlyMap<string, string>): HubConfig {
  if (secrets.size === 0) return config;
  const copy = structuredClone(config);
  for (const [path, shown] of secrets) {
    const segments = path.split('/');
    let block: unknown = copy;
    for (const segment of segments.slice(0, -1))
      block = isBlock(block) || Array.isArray(block) ? (block as Record<string, unknown>)[segment] : undefined;
    if (isBlock(block) || Array.isArray(block)) (block as Record<string, unknown>)[segments.at(-1)!] = shown;
  }
  return copy;
}

/** `devices:` with nothing behind it means none, as does leaving it out. */
function dropEmptySections(file: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(file))
    if (value === null && key in HubSchema.properties && key !== 'hub' && key !== 'version') delete file[key];
}

/** Defaults that depend on something else in the file. */
function fillIn(file: Record<string, unknown>): void {
  const { broker, hub, devices, apps } = file;
  if (isBlock(broker)) {
    broker.listeners ??= {
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
