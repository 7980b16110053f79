import { fail, ok } from '@omh/core';
import type { JsonSchema, OmhError, Result } from '@omh/core';
import { isBlock } from './checks.ts';
import { errors } from './errors.ts';
import { IssueList } from './issue.ts';
import type { ConfigIssue } from './issue.ts';
import { Source } from './source.ts';
import type { SourceReaders } from './source.ts';
import { Sources } from './sources.ts';
import { checkSchema } from './validation.ts';

export interface BlockOptions extends SourceReaders {
  /** How the file is called in issues. */
  readonly shown: string;
  readonly schema: JsonSchema;
  /** What a schema cannot say; asked only when the schema has nothing to say. */
  readonly check?: (data: unknown) => readonly { readonly path: readonly (string | number)[]; readonly error: OmhError }[];
}

/** Reads one YAML file against one schema, defaults filled in; every fault at once, each at its place. */
export function parseBlock(text: string, options: BlockOptions): Result<unknown, ConfigIssue[]> {
  const sources = new Sources(() => options.shown);
  const issues = new IssueList(sources);
  const source = new Source(text, options);
  const file = sources.addYaml(options.shown, source);
  for (const { path, error, offset } of source.faults) {
    issues.add(path, error, { spot: { file, offset } });
    if (error.code !== errors.CONFIG_DUPLICATE_KEY.code && path.length > 0) issues.close(path);
  }
  const { data } = source;
  if (!source.broken && checkSchema(options.schema, data, [], issues) && isBlock(data) && issues.empty)
    for (const { path, error } of options.check?.(data) ?? []) issues.add(path, error, { fix: error.next });
  return issues.empty ? ok(data) : fail(issues.all(() => errors.CONFIG_MORE()));
}
