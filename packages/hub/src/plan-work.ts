import { editHubFiles, folderOf, overlay, planHub, type ConfigIssue, type EditOp, type ParsedHub, type Plan } from '@omh/config';
import { fail, ok, type Result } from '@omh/core';
import { ConfigFile } from './config-file.ts';
import { errors } from './errors.ts';
import { registry } from './registry.ts';

/** What the new configuration is made of: changes, the main file's new text, what stands on disk, or stored texts. */
export type PlanSource =
  | { readonly ops: readonly EditOp[] }
  | { readonly text: string }
  | { readonly files: Readonly<Record<string, string>> }
  | { readonly disk: true }
  | { readonly texts: Readonly<Record<string, string>> };

export interface PlanJob {
  /** Path of the hub file. */
  readonly file: string;
  readonly running: ParsedHub;
  readonly source: PlanSource;
}
export interface PlanMade {
  readonly target: ParsedHub;
  readonly plan: Plan;
}

/** Reads what the change makes of the files, and compares. Throws CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE. */
export function makePlan({ file: path, running, source }: PlanJob): Result<PlanMade, ConfigIssue[]> {
  const file = new ConfigFile(path);
  const folder =
    'ops' in source
      ? overlay(file.disk, editHubFiles(running.files, source.ops).texts)
      : 'text' in source
        ? overlay(file.disk, new Map([...running.files.texts, [file.main, source.text]]))
        : 'files' in source
          ? overlay(file.disk, new Map([...running.files.texts, ...Object.entries(source.files)]))
          : 'texts' in source
            ? folderOf(new Map(Object.entries(source.texts)))
            : file.disk;
  const parsed = file.parse(folder);
  if (!parsed.ok) return fail(parsed.error);
  if ('files' in source)
    for (const name of Object.keys(source.files)) if (!parsed.value.files.texts.has(name)) throw errors.HUB_FILE_NOT_READ({ file: name });
  return ok({ target: parsed.value, plan: planHub(running, parsed.value, registry) });
}
