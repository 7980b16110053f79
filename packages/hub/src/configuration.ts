import { isDeepStrictEqual } from 'node:util';
import {
  expandInclude,
  folderOf,
  overlay,
  planHub,
  restartChanges,
  type EditOp,
  type HubConfig,
  type ParsedHub,
  type PartChange,
  type PlanChange,
  type PlanWarning,
} from '@omh/config';
import { rfc3339, type Clock, type Logger, type Principal } from '@omh/core';
import { InvalidHubFile, type ConfigFile } from './config-file.ts';
import { compareWithDisk, type Drift } from './drift.ts';
import { errors } from './errors.ts';
import { fileDiffs, type FileDiff } from './file-diff.ts';
import { withPorts, type PortOverrides } from './overrides.ts';
import { runSteps, type PartStep } from './part-steps.ts';
import { runPlan } from './plan-runner.ts';
import { PlanStore, type KeptPlan } from './plan-store.ts';
import type { PlanSource } from './plan-work.ts';
import { registry } from './registry.ts';
import type { Revision, Revisions, StoredRevision } from './revisions.ts';

/** `base`: the revision the change was made on. One of the others says what the configuration becomes. */
export type PlanRequest = { readonly base: number } & (
  | { readonly ops: readonly EditOp[] }
  /** The main file's whole text. */
  | { readonly text: string }
  /** Whole texts of files of the configuration by name; a new name must be one that an include reads. */
  | { readonly files: Readonly<Record<string, string>> }
  /** What stands on disk: takes over a hand edit. */
  | { readonly disk: true }
  /** What an earlier revision had. */
  | { readonly revision: number }
);

export interface PlanAnswer {
  readonly planId: string;
  readonly base: number;
  readonly changes: readonly PlanChange[];
  readonly warnings: readonly PlanWarning[];
  /** Names of the files whose text changes, also where that means nothing to the parts: comments and order. */
  readonly files: readonly string[];
}

export interface ConfigurationOptions {
  readonly file: ConfigFile;
  readonly revisions: Revisions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ports: PortOverrides;
  /** What the parts do to go from one configuration to the other; rejects when one of them cannot be made. */
  readonly steps: (parts: readonly PartChange[], next: HubConfig) => Promise<readonly PartStep[]>;
  /** What a plan leaves behind that only the running parts know. */
  readonly warnings: (parts: readonly PartChange[], next: HubConfig) => readonly PlanWarning[];
}

const applyLimitMs = 10_000;

/** The one road on which the configuration changes: plan, apply, rollback, one at a time, each a revision. */
export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #file: ConfigFile;
  readonly #revisions: Revisions;
  readonly #plans: PlanStore;
  readonly #started: ParsedHub;
  #config: HubConfig;
  #applying: Promise<unknown> | undefined;

  /** The file is loaded, an interrupted apply is recovered. What stands on disk becomes a revision where it differs from the current one. */
  constructor(options: ConfigurationOptions, firstRevision: number) {
    this.#options = options;
    this.#file = options.file;
    this.#revisions = options.revisions;
    this.#plans = new PlanStore(options.clock);
    this.#started = this.#file.parsed;
    this.#config = withPorts(this.#started.config, options.ports);
    this.#takeOver(firstRevision);
  }

  /** What runs, ports of the command line included. */
  get config(): HubConfig {
    return this.#config;
  }
  get parsed(): ParsedHub {
    return this.#file.parsed;
  }
  get revision(): number {
    return this.#revisions.current!;
  }
  /** Parts and files are on their way from one revision to the next. */
  get applying(): boolean {
    return this.#applying !== undefined;
  }
  /** Applied changes that wait for the next start of the hub. */
  pending(): PlanChange[] {
    return restartChanges(this.#started, this.parsed);
  }

  /** Throws HUB_STALE_BASE, HUB_FILE_CHANGED, InvalidHubFile, CONFIG_EDIT_PATH, CONFIG_EDIT_VALUE, HUB_NO_SUCH_REVISION. */
  async plan(request: PlanRequest): Promise<PlanAnswer> {
    const kept = await this.#makePlan(request);
    const { changes, parts } = kept.plan;
    const warnings = [...kept.plan.warnings, ...this.#options.warnings(parts, kept.target.config)];
    return { planId: this.#plans.add(kept), base: kept.base, changes, warnings, files: changedFiles(this.parsed, kept.target) };
  }

  /** Throws HUB_APPLY_BUSY, HUB_NO_SUCH_PLAN, HUB_STALE_BASE, HUB_FILE_CHANGED, HUB_FILE_READ_ONLY, HUB_PART_NOT_STARTED, HUB_APPLY_TIMEOUT. */
  async apply(planId: string, comment: string, principal: Principal): Promise<{ revision: number }> {
    if (this.#applying !== undefined) throw errors.HUB_APPLY_BUSY();
    const kept = this.#plans.get(planId);
    return this.#alone(() => this.#apply(kept, comment, principal));
  }

  /** Plan and apply of an earlier revision; it becomes a new one. */
  async rollback(revision: number, comment: string, principal: Principal): Promise<{ revision: number }> {
    if (this.#applying !== undefined) throw errors.HUB_APPLY_BUSY();
    return this.#alone(async () =>
      this.#apply(
        await this.#makePlan({ base: this.revision, revision }),
        comment === '' ? `Back to revision ${revision}` : comment,
        principal,
      ),
    );
  }

  /** Plan and apply in one; waits for its turn. */
  async edit(ops: readonly EditOp[], comment: string, principal: Principal): Promise<{ revision: number }> {
    while (this.#applying !== undefined) await this.#applying;
    return this.#alone(async () => this.#apply(await this.#makePlan({ base: this.revision, ops }), comment, principal));
  }

  list(limit: number, cursor?: number): Promise<{ revisions: Revision[]; cursor?: number }> {
    return this.#revisions.list(limit, cursor);
  }
  stored(revision: number): StoredRevision {
    return this.#revisions.stored(revision);
  }
  /** The text of what a plan would change. Throws HUB_NO_SUCH_PLAN. */
  planDiff(planId: string): FileDiff[] {
    return fileDiffs(this.parsed.files.texts, this.#plans.get(planId).target.files.texts);
  }
  /** What leads from one revision to the other; from nothing when `from` is 0. Throws HUB_NO_SUCH_REVISION. */
  revisionDiff(revision: number, from: number): FileDiff[] {
    const textsOf = (n: number): Map<string, string> => new Map(n < 1 ? [] : Object.entries(this.stored(n).files));
    return fileDiffs(textsOf(from), textsOf(revision));
  }
  /** What differs between the running revision and the files on disk; undefined when nothing does. */
  drift(): Drift | undefined {
    return this.#applying === undefined ? compareWithDisk(this.#file) : undefined;
  }

  async #makePlan(request: PlanRequest): Promise<KeptPlan> {
    const { base } = request;
    if (base !== this.revision) throw errors.HUB_STALE_BASE({ base, current: this.revision });
    const fromDisk = 'disk' in request;
    if (!fromDisk) this.#refuseDrift(this.parsed);
    const source: PlanSource = 'revision' in request ? { texts: this.#revisions.stored(request.revision).files } : request;
    const made = await runPlan({ file: this.#file.path, running: this.parsed, source });
    if (!made.ok) throw new InvalidHubFile(this.#file.path, made.error);
    // Who may change the configuration may not run code in the hub by it.
    if (!fromDisk && !isDeepStrictEqual(made.value.target.config.plugins, this.parsed.config.plugins)) throw errors.HUB_PLUGINS_BY_HAND();
    return { base, fromDisk, ...made.value };
  }

  #refuseDrift(expected: ParsedHub): void {
    const { texts } = expected.files;
    for (const [name, text] of this.#file.onDisk(expected.files))
      if (texts.get(name) !== text) throw errors.HUB_FILE_CHANGED({ file: name === this.#file.main ? this.#file.path : name });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const run = work();
    const settled = run.then(
      () => {},
      () => {},
    );
    this.#applying = settled;
    try {
      return await run;
    } finally {
      this.#applying = undefined;
    }
  }

  async #apply({ base, target, plan, fromDisk }: KeptPlan, comment: string, principal: Principal): Promise<{ revision: number }> {
    if (base !== this.revision) throw errors.HUB_STALE_BASE({ base, current: this.revision });
    this.#refuseDrift(fromDisk ? target : this.parsed);
    const { clock, log, ports, steps } = this.#options;
    const remove = fromDisk ? [] : this.#inTheWay(target);
    const texts = target.files.texts;
    const changed = [...texts].filter(([name, text]) => this.#file.read(name) !== text).map(([name]) => name);
    this.#file.writable([...changed, ...remove]);
    const entry = { at: rfc3339(clock.now()), by: principal.name, comment, changes: plan.changes };
    if (!fromDisk) this.#revisions.begin(entry, texts, remove);
    const next = withPorts(target.config, ports);
    try {
      await runSteps(await steps(plan.parts, next), { clock, log, limitMs: applyLimitMs });
    } catch (thrown) {
      if (!fromDisk) this.#revisions.undo();
      throw thrown;
    }
    // A hand edit has its files already: the revision is all there is to write.
    if (fromDisk) this.#revisions.record(entry, texts);
    else this.#revisions.commit();
    this.#file.accept(target);
    this.#config = next;
    this.#plans.clear();
    const { revision } = this;
    log.info('the configuration was changed', { revision, by: principal.name, changes: plan.changes.slice(0, 20).map((c) => c.sentence) });
    return { revision };
  }

  /** Files of the running revision that the target's include would read though they are not part of it: they go. */
  #inTheWay({ files }: ParsedHub): string[] {
    const folder = overlay(this.#file.disk, files.texts);
    const found = files.includes.flatMap((pattern) => {
      const expansion = expandInclude(pattern, folder);
      return 'files' in expansion ? expansion.files : [];
    });
    const extra = [...new Set(found)].filter((name) => !files.texts.has(name) && name !== files.main);
    for (const name of extra) if (!this.parsed.files.texts.has(name)) throw errors.HUB_FILE_IN_THE_WAY({ file: name });
    return extra;
  }

  /** Whoever starts the hub starts it with what stands in the files. */
  #takeOver(firstRevision: number): void {
    const { clock } = this.#options;
    const { texts } = this.parsed.files;
    const at = rfc3339(clock.now());
    const current = this.#revisions.current;
    if (current === undefined) {
      this.#revisions.record({ at, by: 'hub', comment: 'As found at the first start', changes: [] }, texts, firstRevision);
      return;
    }
    let changes: readonly PlanChange[] = [];
    try {
      const { files } = this.#revisions.stored(current);
      const names = Object.keys(files);
      if (names.length === texts.size && names.every((name) => files[name] === texts.get(name))) return;
      const former = this.#file.parse(folderOf(new Map(Object.entries(files))));
      if (former.ok) changes = planHub(former.value, this.parsed, registry).changes;
    } catch (thrown) {
      this.#options.log.warn('the former revision cannot be compared', { err: thrown });
    }
    this.#revisions.record({ at, by: 'hub', comment: 'Changed on disk while the hub was stopped', changes }, texts);
  }
}

function changedFiles(running: ParsedHub, target: ParsedHub): string[] {
  const before = running.files.texts;
  const after = target.files.texts;
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}
