import { parseDurationMs } from '@omh/core';
import type { JsonSchema, OmhError } from '@omh/core';
import { checkAddress } from '../checks.ts';
import type { Registry } from '../checks.ts';
import { joinPath } from '../edit.ts';
import type { EditOp } from '../edit.ts';
import { editHubFiles } from '../edit-files.ts';
import { errors } from '../errors.ts';
import type { GroupConfig } from '../hub-schema.ts';
import type { IssueOptions, IssueSink } from '../issue.ts';
import { nameFault, tagNameFault } from '../names.ts';
import type { ParsedHub } from '../parse-hub.ts';
import { same } from '../same.ts';
import { show } from '../schema-words.ts';
import { checkTag } from '../tag-checks.ts';
import { withoutDefaults } from '../tag-defaults.ts';
import { Tag } from '../tag-schema.ts';
import type { TagConfig } from '../tag-schema.ts';
import { checkSchema } from '../validation.ts';
import { tagTableText } from './export-tags.ts';
import type { NotMapped, ReadTag, TagsRead, Where } from './tags-read.ts';

/** What is wrong with one tag, at the place in the file that was read. */
export interface ImportFault {
  readonly where: Where;
  /** `device/group/tag`, as far as it is known. */
  readonly tag: string;
  readonly code: string;
  readonly message: string;
  readonly fix?: string;
}

export interface TagImport {
  /** Tags that are new, that become what the file says, and that are so already. */
  readonly added: number;
  readonly replaced: number;
  readonly unchanged: number;
  /** Rows that are left out because something is wrong with them. */
  readonly refused: number;
  /** At most 1,000. */
  readonly faults: readonly ImportFault[];
  readonly notMapped: readonly NotMapped[];
  readonly newDevices: readonly string[];
  readonly newGroups: readonly string[];
  /** The changes of the hub file, of all rows that nothing is wrong with. */
  readonly ops: readonly EditOp[];
  /** Tag tables that the changes name and that are written first. */
  readonly newFiles: ReadonlyMap<string, string>;
}

export interface ImportOptions {
  readonly registry: Registry;
  /** For tags that do not say theirs. */
  readonly device?: string | undefined;
  readonly group?: string | undefined;
  /** Whether a file of this name stands beside the hub file: a new table gets another name. */
  readonly exists?: ((name: string) => boolean) | undefined;
}

const maxFaults = 1000;
/** More tags of one group stand in a table of their own. */
const inlineTags = 300;

/** What importing these tags means for a configuration: each is added or replaces the one of its name, all others stay. Pure. */
export function importTags(read: TagsRead, hub: ParsedHub, options: ImportOptions): TagImport {
  return new Importing(read, hub, options).run();
}

/** The texts that the import changes, by the name of their file. Throws CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE. */
export function importedTexts(hub: ParsedHub, { ops, newFiles }: TagImport): Map<string, string> {
  const after = ops.length === 0 ? hub.files.texts : editHubFiles(hub.files, ops).texts;
  return new Map([...newFiles, ...[...after].filter(([name, text]) => hub.files.texts.get(name) !== text)]);
}

interface Group {
  readonly device: string;
  readonly name: string;
  readonly interval: string | undefined;
  /** Each tag as it is written, and with its defaults. */
  readonly tags: Map<string, { readonly written: Partial<TagConfig>; readonly whole: TagConfig }>;
}

class Importing {
  readonly #read: TagsRead;
  readonly #hub: ParsedHub;
  readonly #options: ImportOptions;
  readonly #groups = new Map<string, Group>();
  readonly #seen = new Map<string, ReadTag>();
  readonly #notMapped: NotMapped[];
  readonly #faults: ImportFault[] = [];
  readonly #ops: EditOp[] = [];
  readonly #newFiles = new Map<string, string>();
  #refused = 0;

  constructor(read: TagsRead, hub: ParsedHub, options: ImportOptions) {
    this.#read = read;
    this.#hub = hub;
    this.#options = options;
    this.#notMapped = [...read.notMapped];
  }

  run(): TagImport {
    for (const tag of this.#read.tags) this.#tag(tag);
    const { devices } = this.#hub.config;
    const counts = { added: 0, replaced: 0, unchanged: 0 };
    const newDevices = new Set<string>();
    const newGroups: string[] = [];
    const fresh = new Map<string, Record<string, unknown>>();
    for (const group of this.#groups.values()) {
      const there = Object.hasOwn(devices, group.device) ? devices[group.device] : undefined;
      const existing = there !== undefined && Object.hasOwn(there.groups, group.name) ? there.groups[group.name] : undefined;
      for (const [name, { whole }] of group.tags) {
        const before = existing !== undefined && Object.hasOwn(existing.tags, name) ? existing.tags[name] : undefined;
        counts[before === undefined ? 'added' : same(before, whole) ? 'unchanged' : 'replaced']++;
      }
      if (there === undefined) {
        newDevices.add(group.device);
        const groups = fresh.get(group.device) ?? {};
        groups[group.name] = this.#newGroup(group);
        fresh.set(group.device, groups);
      } else if (existing === undefined) {
        newGroups.push(`${group.device}/${group.name}`);
        this.#put(['devices', group.device, 'groups', group.name], this.#newGroup(group));
      } else this.#into(group, existing);
    }
    for (const [device, groups] of fresh) {
      const { driver, settings } = this.#read.devices.get(device)!;
      this.#put(['devices', device], { driver, ...(Object.keys(settings).length === 0 ? {} : { settings }), groups });
    }
    this.#tellKept();
    return {
      ...counts,
      refused: this.#refused,
      faults: this.#faults,
      notMapped: this.#notMapped,
      newDevices: [...newDevices],
      newGroups,
      ops: this.#ops,
      newFiles: this.#newFiles,
    };
  }

  /** Checks one row and puts it to its group. */
  #tag(read: ReadTag): void {
    const device = read.device ?? this.#options.device;
    const group = read.group ?? this.#options.group;
    const key = [device, group, read.name].map((part) => part ?? '?').join('/');
    let wrong = false;
    const tell = (field: string | undefined, error: OmhError, fix?: string): void => {
      wrong = true;
      if (this.#faults.length >= maxFaults) return;
      const fault = { where: this.#read.locate(read, field), tag: key, code: error.code, message: error.message };
      this.#faults.push(fix === undefined ? fault : { ...fault, fix });
    };
    for (const [field, name] of [
      ['device', device],
      ['group', group],
      ['name', read.name],
    ] as const) {
      const why = name === undefined ? undefined : (nameFault(name) ?? (field === 'name' ? tagNameFault(name) : undefined));
      if (why !== undefined) tell(field, errors.CONFIG_NAME({ name: show(name), why }), errors.CONFIG_NAME.row.next);
    }
    if (device === undefined) tell('device', errors.CONFIG_IMPORT_DEVICE(), errors.CONFIG_IMPORT_DEVICE.row.next);
    if (group === undefined) tell('group', errors.CONFIG_IMPORT_GROUP(), errors.CONFIG_IMPORT_GROUP.row.next);
    const known = device === undefined ? undefined : this.#deviceOf(device);
    if (device !== undefined && known === undefined && !wrong)
      tell('device', errors.CONFIG_IMPORT_NO_DEVICE({ name: device }), errors.CONFIG_IMPORT_NO_DEVICE.row.next);
    const first = this.#seen.get(key);
    if (first !== undefined) {
      const error = errors.CONFIG_IMPORT_TWICE({ name: key, first: this.#read.locate(first).text });
      tell('name', error, errors.CONFIG_IMPORT_TWICE.row.next);
    } else this.#seen.set(key, read);
    const ms = read.interval === undefined ? undefined : (parseDurationMs(read.interval) ?? 0);
    if (ms !== undefined && (ms < 10 || ms > 86_400_000))
      tell('interval', errors.CONFIG_INTERVAL({ subject: 'interval', found: show(read.interval) }));
    const at = [read.name];
    const whole = { ...read.tag } as TagConfig;
    const sink: IssueSink = {
      full: false,
      secret: () => undefined,
      add: (path, error, told: IssueOptions = {}) => tell(path.length > 1 ? String(path[1]) : undefined, error, told.fix),
    };
    checkSchema(Tag as unknown as JsonSchema, whole, at, sink);
    checkTag(at, whole, sink);
    if (known !== undefined) {
      const driver = this.#options.registry.drivers.get(known.driver);
      if (driver !== undefined) checkAddress(at, whole, known, driver, sink);
    }
    if (wrong || device === undefined || group === undefined) {
      this.#refused++;
      return;
    }
    const place = `${device}/${group}`;
    let into = this.#groups.get(place);
    if (into === undefined) this.#groups.set(place, (into = { device, name: group, interval: read.interval, tags: new Map() }));
    into.tags.set(read.name, { written: read.tag, whole });
  }

  #deviceOf(name: string): { driver: string; settings: Record<string, unknown> } | undefined {
    const { devices } = this.#hub.config;
    return Object.hasOwn(devices, name) ? devices[name] : this.#read.devices.get(name);
  }

  #newGroup(group: Group): Record<string, unknown> {
    const tags = Object.fromEntries([...group.tags].map(([name, { written }]) => [name, withoutDefaults(written)]));
    return { interval: group.interval ?? '1s', tags: group.tags.size > inlineTags ? { file: this.#table(group, tags) } : tags };
  }

  #into(group: Group, existing: GroupConfig): void {
    const at = ['devices', group.device, 'groups', group.name];
    const ours = this.#read.format === 'csv' || this.#read.format === 'xlsx';
    if (group.interval !== undefined && parseDurationMs(group.interval) !== parseDurationMs(existing.interval)) {
      if (ours) this.#put([...at, 'interval'], group.interval);
      else
        this.#notMapped.push({
          where: { text: 'the file' },
          what: `the interval ${group.interval} of group ${group.device}/${group.name}`,
          why: `the hub's ${existing.interval} is kept`,
        });
    }
    const changed = [...group.tags].filter(([name, { whole }]) => !Object.hasOwn(existing.tags, name) || !same(existing.tags[name], whole));
    if (changed.length === 0) return;
    const { owners, templated } = this.#hub.files;
    const before = Object.keys(existing.tags).length;
    const after = before + changed.filter(([name]) => !Object.hasOwn(existing.tags, name)).length;
    // A group that outgrows the file moves to a table; one that is made from a template stays with it.
    if (!owners.has([...at, 'tags'].join('/')) && !templated.has(group.device) && after > inlineTags && after > before) {
      const all: Record<string, Partial<TagConfig>> = { ...existing.tags };
      for (const [name, { written }] of changed) all[name] = withoutDefaults(written);
      this.#put([...at, 'tags'], { file: this.#table(group, all) });
      return;
    }
    for (const [name, { written }] of changed) this.#put([...at, 'tags', name], withoutDefaults(written));
  }

  #table({ device, name }: Group, tags: Readonly<Record<string, Partial<TagConfig>>>): string {
    const plain = `${device}-${name}`.replace(/[^\p{L}\p{N}_.-]+/gu, '_').slice(0, 100);
    const taken = (file: string): boolean =>
      this.#hub.files.texts.has(file) || this.#newFiles.has(file) || this.#options.exists?.(file) === true;
    let file = `tags/${plain}.csv`;
    for (let n = 2; taken(file); n++) file = `tags/${plain}-${n}.csv`;
    this.#newFiles.set(file, tagTableText(tags));
    return file;
  }

  /** Links that both sides describe stay as the hub has them. */
  #tellKept(): void {
    const { devices } = this.#hub.config;
    for (const [name, { driver, settings }] of this.#read.devices) {
      if (!Object.hasOwn(devices, name)) {
        if (!this.#ops.some(({ path }) => path === joinPath(['devices', name])))
          this.#notMapped.push({ where: { text: 'the file' }, what: `the device ${name}`, why: 'none of its tags can be imported' });
        continue;
      }
      const has = devices[name]!;
      const differ = Object.entries(settings).filter(([key, value]) => has.driver !== driver || !same(has.settings[key], value));
      if (has.driver === driver && differ.length === 0) continue;
      const what = `${has.driver === driver ? differ.map(([key]) => key).join(', ') : 'the driver'} of device ${name}`;
      this.#notMapped.push({ where: { text: 'the file' }, what, why: 'the device exists; its settings are kept' });
    }
  }

  #put(path: readonly string[], value: unknown): void {
    this.#ops.push({ op: 'add', path: joinPath(path), value });
  }
}
