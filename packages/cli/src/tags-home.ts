import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { folderOf, overlay, parseHub, type HubConfig, type ParsedHub } from '@omh/config';
import { ConfigFile, InvalidHubFile, loadPlugins, registry } from '@omh/hub';
import { writeFileDurably } from '@omh/storage';
import { errors } from './errors.ts';
import { ask, needHub, type FindOptions, type HubAddress } from './hub-client.ts';

/** What an import leads to: sentences, and the way to make them true. */
export interface TagsChange {
  readonly sentences: readonly string[];
  /** Says what was done. */
  carryOut(comment: string): Promise<string>;
}

/** Where tags live: in a hub file, or in the hub that runs. */
export interface TagsHome {
  readonly parsed: ParsedHub;
  /** Whether a file of this name stands beside the hub file. */
  exists(name: string): boolean;
  /** Checks the whole configuration with these texts. Throws InvalidHubFile, or what the hub answers. */
  plan(texts: ReadonlyMap<string, string>): Promise<TagsChange>;
}

export async function fileHome(name: string): Promise<TagsHome> {
  await loadPlugins(name);
  const file = new ConfigFile(name, name);
  const loaded = file.load();
  if (!loaded.ok) throw new InvalidHubFile(name, loaded.error);
  return {
    parsed: file.parsed,
    exists: (path) => existsSync(join(file.folder, path)),
    plan(texts) {
      const next = file.parse(overlay(file.disk, new Map([...file.parsed.files.texts, ...texts])));
      if (!next.ok) throw new InvalidHubFile(name, next.error);
      return Promise.resolve({
        sentences: [],
        carryOut() {
          file.writable(texts.keys());
          // Tables first: a hub file never names one that is not there.
          for (const [path, text] of [...texts].sort(([a], [b]) => Number(a === file.main) - Number(b === file.main))) {
            const full = join(file.folder, path);
            mkdirSync(dirname(full), { recursive: true });
            writeFileDurably(full, text);
          }
          return Promise.resolve(`Wrote ${[...texts.keys()].join(', ')}.`);
        },
      });
    },
  };
}

interface ConfigAnswer {
  readonly file: string;
  readonly revision: number;
  readonly config: HubConfig;
  readonly files: readonly { readonly name: string }[];
}
interface PlanAnswer {
  readonly planId: string;
  readonly changes: readonly { readonly sentence: string }[];
  readonly warnings: readonly { readonly text: string }[];
}

export async function hubHome(flags: FindOptions): Promise<TagsHome> {
  const hub = needHub(flags);
  const { revision, files } = await ask<ConfigAnswer>(hub, 'GET', '/api/v1/config');
  const texts = new Map<string, string>();
  for (const { name } of files) texts.set(name, await textOf(hub, name));
  const main = files[0]!.name;
  // What comes from outside is known to the hub alone, and no tag depends on it.
  const parsed = parseHub(main, { folder: folderOf(texts), registry, env: () => 'kept by the hub', readFile: () => 'kept by the hub' });
  if (!parsed.ok) throw errors.CLI_TAGS_FAR({ why: parsed.error[0]!.message });
  return {
    parsed: parsed.value,
    exists: (path) => texts.has(path),
    async plan(changed) {
      const body = { base: revision, files: Object.fromEntries(changed) };
      const plan = await ask<PlanAnswer>(hub, 'POST', '/api/v1/config/plan', body);
      return {
        sentences: [...plan.changes.map(({ sentence }) => sentence), ...plan.warnings.map(({ text }) => `Warning: ${text}`)],
        async carryOut(comment) {
          const answer = await ask<{ revision: number }>(hub, 'POST', '/api/v1/config/apply', { planId: plan.planId, comment });
          return `Applied as revision ${answer.revision}.`;
        },
      };
    },
  };
}

const textOf = async (hub: HubAddress, name: string): Promise<string> =>
  (await ask<{ text: string }>(hub, 'GET', `/api/v1/config/file?name=${encodeURIComponent(name)}`)).text;

/** The configuration that runs, with templates filled in. */
export const runningConfig = async (flags: FindOptions): Promise<HubConfig> =>
  (await ask<ConfigAnswer>(needHub(flags), 'GET', '/api/v1/config')).config;
