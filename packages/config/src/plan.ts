import type { JsonSchema } from '@omh/core';
import { isBlock } from './checks.ts';
import type { Registry } from './checks.ts';
import type { AppConfig, DeviceConfig, GroupConfig, HubConfig, SimulatorConfig } from './hub-schema.ts';
import { HubSchema } from './hub-schema.ts';
import { masked } from './parse-hub.ts';
import type { ParsedHub } from './parse-hub.ts';
import { countOf } from './count-of.ts';
import { warningsOf } from './plan-warnings.ts';
import {
  aboutDevice,
  deviceWords,
  fieldsChanged,
  firstOf,
  groupSizes,
  intervalText,
  namesOf,
  sizeOf,
  tagCount,
  templateWords,
  textOf,
} from './plan-words.ts';
import type { Words } from './plan-words.ts';
import type { PlanWarning } from './plan-warnings.ts';
import { same } from './same.ts';

/** live: nothing is interrupted · reconnect: the link of this device or app is opened anew · restart: the part, or the hub, starts anew. */
export type Effect = 'live' | 'reconnect' | 'restart';

export interface PlanChange {
  readonly kind: 'add' | 'remove' | 'change';
  /** As in the configuration, e.g. `devices/press/groups/line1/interval`; a group of tags stands under its `tags`. */
  readonly path: string;
  /** Secrets as `!env NAME` and `!file PATH`; many tags at once as their names. */
  readonly from?: unknown;
  readonly to?: unknown;
  readonly effect: Effect;
  /** `group press/line1: interval 1 s → 500 ms`. */
  readonly sentence: string;
}

/** What apply does with one part; `adjust` keeps its link. */
export interface PartChange {
  readonly section: 'devices' | 'apps' | 'rules' | 'simulators';
  readonly name: string;
  readonly how: 'add' | 'remove' | 'replace' | 'adjust';
}

export interface Plan {
  readonly changes: readonly PlanChange[];
  readonly warnings: readonly PlanWarning[];
  readonly parts: readonly PartChange[];
}

type Block = Record<string, unknown>;
const hubSections = ['hub', 'http', 'broker', 'historian'] as const;
const maxChanges = 2000;
/** So many changed tags of a group are told one by one. */
const maxTold = 20;

/** What leads from one configuration to the other, in words and in parts. Pure; 10,000 tags take tens of milliseconds. */
export function planHub(from: ParsedHub, to: ParsedHub, registry: Registry): Plan {
  const planner = new Planner(from, to);
  planner.run();
  const { changes } = planner;
  const more = changes.length - maxChanges;
  if (more > 0) {
    changes.length = maxChanges;
    changes.push({ kind: 'change', path: '', effect: 'live', sentence: `${more} more changes` });
  }
  return { changes, warnings: warningsOf(from.config, to.config, registry), parts: planner.parts };
}

/** The changes that the running hub takes over only when it starts again: its name, its broker's limits, its historian. */
export function restartChanges(from: ParsedHub, to: ParsedHub): PlanChange[] {
  const planner = new Planner(from, to);
  planner.hub();
  return planner.changes.filter((change) => change.effect === 'restart');
}

class Planner {
  readonly #reworked = new Set<string>();
  readonly changes: PlanChange[] = [];
  readonly parts: PartChange[] = [];
  readonly #from: ParsedHub;
  readonly #to: ParsedHub;

  constructor(from: ParsedHub, to: ParsedHub) {
    this.#from = from;
    this.#to = to;
  }

  run(): void {
    this.hub();
    this.#section('simulators', 'simulator', {
      effects: { add: 'live', remove: 'restart' },
      about: (s: SimulatorConfig) => s.protocol,
      changed: (name) => {
        this.#leaves(['simulators', name], `simulator ${name}: `, () => 'restart', ', it restarts');
        return 'replace';
      },
    });
    this.#templates();
    this.#section('devices', 'device', {
      effects: { add: 'live', remove: 'live' },
      about: aboutDevice,
      shown: (device, path, side) => ({ ...(this.#shown(device, path, side) as Block), groups: groupSizes(device) }),
      changed: (name, a, b) => this.#changedDevice(name, a, b),
    });
    this.#section('apps', 'app', {
      effects: { add: 'live', remove: 'live' },
      about: (app: AppConfig) => app.type,
      changed: (name, a, b) => this.#app(name, a, b),
    });
    this.#section('rules', 'rule', {
      effects: { add: 'live', remove: 'live' },
      changed: (name) => {
        this.#leaves(['rules', name], `rule ${name}: `, () => 'live');
        return 'replace';
      },
    });
    this.#section('dashboards', 'dashboard', {
      effects: { add: 'live', remove: 'live' },
      changed: (name) => {
        this.#leaves(['dashboards', name], `dashboard ${name}: `, () => 'live');
        return undefined;
      },
    });
  }

  hub(): void {
    for (const section of hubSections) {
      const schema = HubSchema.properties[section] as unknown as JsonSchema;
      this.#leaves(
        [section],
        `${section}: `,
        (path) => effectOf(schema, path),
        (effect) => (effect === 'restart' ? ', from the next start of the hub on' : ''),
      );
    }
    this.#leaf(['include'], this.#from.config.include, this.#to.config.include, 'live', 'include');
    this.#leaf(['plugins'], this.#from.config.plugins, this.#to.config.plugins, 'restart', 'plugins');
  }

  #section<T>(
    section: 'simulators' | 'devices' | 'apps' | 'rules' | 'dashboards',
    noun: string,
    with_: {
      effects: { add: Effect; remove: Effect };
      about?: (block: T) => string;
      shown?: (block: T, path: string[], side: ParsedHub) => unknown;
      changed: (name: string, from: T, to: T) => 'replace' | 'adjust' | undefined;
    },
  ): void {
    const a = this.#from.config[section] as unknown as Record<string, T>;
    const b = this.#to.config[section] as unknown as Record<string, T>;
    const shown = with_.shown ?? ((block, path, side) => this.#shown(block, path, side));
    const note = (name: string, how: PartChange['how']): void => {
      if (section !== 'dashboards') this.parts.push({ section, name, how });
    };
    for (const [name, block] of Object.entries(a)) {
      const path = [section, name];
      if (Object.hasOwn(b, name)) {
        const before = this.changes.length;
        const how = same(block, b[name]) ? undefined : with_.changed(name, block, b[name]!);
        if (how !== undefined) note(name, how);
        else if (this.changes.length === before && !same(this.#shown(block, path, this.#from), this.#shown(b[name], path, this.#to)))
          with_.changed(name, block, b[name]!);
        continue;
      }
      this.#push({
        kind: 'remove',
        path: path.join('/'),
        from: shown(block, path, this.#from),
        effect: with_.effects.remove,
        sentence: `${noun} ${name} removed`,
      });
      note(name, 'remove');
    }
    for (const [name, block] of Object.entries(b)) {
      if (Object.hasOwn(a, name)) continue;
      const path = [section, name];
      const about = with_.about?.(block);
      const sentence = `${noun} ${name} added${about === undefined ? '' : `: ${about}`}`;
      this.#push({ kind: 'add', path: path.join('/'), to: shown(block, path, this.#to), effect: with_.effects.add, sentence });
      note(name, 'add');
    }
  }

  /** What changes in a template is told once; its devices follow. */
  #templates(): void {
    const [a, b] = [this.#from.config.templates, this.#to.config.templates];
    const used = new Map<string, number>();
    for (const [device, { template }] of this.#to.files.templated)
      if (!same(this.#from.config.devices[device], this.#to.config.devices[device])) used.set(template, (used.get(template) ?? 0) + 1);
    for (const [name, template] of Object.entries(a)) {
      const next = Object.hasOwn(b, name) ? b[name] : undefined;
      if (next === undefined)
        this.#push({ kind: 'remove', path: `templates/${name}`, effect: 'live', sentence: `template ${name} removed` });
      else if (!same(template, next)) {
        this.#reworked.add(name);
        const words = templateWords(name, used.get(name) ?? 0);
        this.#leaves(['templates', name, 'variables'], `${words.own}variable `, () => 'live');
        this.#leaf(['templates', name, 'description'], template.description, next.description, 'live', `template ${name}: description`);
        this.#device(['templates', name], template as unknown as DeviceConfig, next as unknown as DeviceConfig, words);
      }
    }
    for (const name of Object.keys(b))
      if (!Object.hasOwn(a, name))
        this.#push({ kind: 'add', path: `templates/${name}`, effect: 'live', sentence: `template ${name} added` });
  }

  #changedDevice(name: string, a: DeviceConfig, b: DeviceConfig): 'replace' | 'adjust' {
    const [before, after] = [this.#from.files.templated.get(name), this.#to.files.templated.get(name)];
    const at = ['devices', name];
    this.#leaf([...at, 'template'], a.template, b.template, 'live', `device ${name}: template`);
    this.#leaves([...at, 'variables'], `device ${name}: variable `, () => 'live');
    const told = this.changes.length;
    const how = this.#device(at, a, b, deviceWords(name));
    if (before === undefined || after === undefined || before.template !== after.template || !this.#reworked.has(after.template))
      return how;
    // What the device says itself did not change here: the template's change is told already.
    const own = this.changes
      .splice(told)
      .filter(({ path }) => !same(saidAt(before.own, path), saidAt(after.own, path)) || !same(a.variables, b.variables));
    const covered = new Set(
      this.changes
        .filter(({ path }) => path.startsWith(`templates/${after.template}/`))
        .map(({ path }) => path.split('/').slice(2).join('/')),
    );
    this.changes.push(...own.filter(({ path }) => !covered.has(path.split('/').slice(2).join('/'))));
    return how;
  }

  #device(at: readonly string[], a: DeviceConfig, b: DeviceConfig, words: Words): 'replace' | 'adjust' {
    const link = !same(a.driver, b.driver) || !same(a.settings, b.settings);
    this.#leaf([...at, 'driver'], a.driver, b.driver, 'reconnect', `${words.own}driver`, words.link);
    this.#leaves([...at, 'settings'], `${words.own}settings `, () => 'reconnect', words.link);
    this.#leaf([...at, 'path'], a.path, b.path, 'live', `${words.own}namespace path`);
    for (const [group, block] of Object.entries(a.groups)) {
      const path = [...at, 'groups', group];
      const next = Object.hasOwn(b.groups, group) ? b.groups[group] : undefined;
      if (next !== undefined) this.#group(path, block, next, words);
      else {
        const sentence = `${words.group(group)} removed: ${tagCount(block)}`;
        this.#push({ kind: 'remove', path: path.join('/'), from: sizeOf(block), effect: 'live', sentence });
      }
    }
    for (const [group, block] of Object.entries(b.groups)) {
      if (Object.hasOwn(a.groups, group)) continue;
      const path = [...at, 'groups', group].join('/');
      const sentence = `${words.group(group)} added: ${tagCount(block)} every ${intervalText(block.interval)}`;
      this.#push({ kind: 'add', path, to: sizeOf(block), effect: 'live', sentence });
    }
    return link ? 'replace' : 'adjust';
  }

  #group(at: readonly string[], a: GroupConfig, b: GroupConfig, words: Words): void {
    const group = at[3]!;
    if (a.interval !== b.interval) {
      const sentence = `${words.group(group)}: interval ${intervalText(a.interval)} → ${intervalText(b.interval)}`;
      this.#push({ kind: 'change', path: [...at, 'interval'].join('/'), from: a.interval, to: b.interval, effect: 'live', sentence });
    }
    const tags = [...at, 'tags'].join('/');
    const inside = words.of(group);
    const gone = Object.keys(a.tags).filter((tag) => !Object.hasOwn(b.tags, tag));
    const come = Object.keys(b.tags).filter((tag) => !Object.hasOwn(a.tags, tag));
    const changed = Object.keys(a.tags).filter((tag) => Object.hasOwn(b.tags, tag) && !same(a.tags[tag], b.tags[tag]));
    if (gone.length > 0) {
      const sentence = words.told(`${countOf(gone.length, 'tag')} removed from ${inside}${namesOf(gone)}`);
      this.#push({ kind: 'remove', path: tags, from: firstOf(gone), effect: 'live', sentence });
    }
    if (come.length > 0) {
      const sentence = words.told(`${countOf(come.length, 'tag')} added to ${inside}${namesOf(come)}`);
      this.#push({ kind: 'add', path: tags, to: firstOf(come), effect: 'live', sentence });
    }
    if (changed.length > maxTold) {
      const fields = new Set(changed.flatMap((tag) => fieldsChanged(a.tags[tag] as Block, b.tags[tag] as Block)));
      const sentence = words.told(`${countOf(changed.length, 'tag')} changed in ${inside}: ${[...fields].join(', ')}`);
      this.#push({ kind: 'change', path: tags, from: firstOf(changed), to: firstOf(changed), effect: 'live', sentence });
      return;
    }
    for (const tag of changed) this.#leaves([...at, 'tags', tag], words.told(`tag ${inside}/${tag}: `), () => 'live');
  }

  #app(name: string, a: AppConfig, b: AppConfig): 'replace' {
    const outside = [a, b].some((app) => isBlock(app.settings) && typeof app.settings.url === 'string');
    const effect: Effect = outside ? 'reconnect' : 'live';
    const behind = outside ? `; app ${name} reconnects` : '';
    this.#leaf(['apps', name, 'type'], a.type, b.type, effect, `app ${name}: type`, behind);
    this.#leaves(['apps', name, 'settings'], `app ${name}: settings `, () => effect, behind);
    this.#subscriptions(name, a.subscriptions, b.subscriptions, effect, behind);
    return 'replace';
  }

  #subscriptions(app: string, a: AppConfig['subscriptions'], b: AppConfig['subscriptions'], effect: Effect, behind: string): void {
    type Subscription = AppConfig['subscriptions'][number];
    const path = `apps/${app}/subscriptions`;
    const keyOf = ({ device, group, topic, qos, retain, format, staticTags }: Subscription): string =>
      JSON.stringify([device, group, topic, qos, retain, format, staticTags]);
    const [had, has] = [new Set(a.map(keyOf)), new Set(b.map(keyOf))];
    const gone = a.filter((s) => !has.has(keyOf(s)));
    const come = b.filter((s) => !had.has(keyOf(s)));
    const groupOf = ({ device, group }: Subscription): string => `${device}/${group}`;
    const left = new Map(gone.map((s) => [groupOf(s), s]));
    const to = ({ topic }: Subscription): string => (topic === undefined ? '' : ` to ${topic}`);
    for (const s of come) {
      const former = left.get(groupOf(s));
      left.delete(groupOf(s));
      const elsewhere = former !== undefined && former.topic !== s.topic;
      const how = former === undefined || elsewhere ? '' : ' in another way';
      const sentence = `app ${app}: sends ${groupOf(s)}${to(s)}${how}${elsewhere ? `, no longer${to(former)}` : ''}${behind}`;
      this.#push(
        former === undefined
          ? { kind: 'add', path, to: s, effect, sentence }
          : { kind: 'change', path, from: former, to: s, effect, sentence },
      );
    }
    for (const s of left.values())
      this.#push({ kind: 'remove', path, from: s, effect, sentence: `app ${app}: no longer sends ${groupOf(s)}${behind}` });
    if (come.length + left.size === 0 && !same(a, b))
      this.#push({ kind: 'change', path, effect, sentence: `app ${app}: subscriptions in another order${behind}` });
  }

  /** Every place below `path` where the two sides differ; lists count as one place. */
  #leaves(
    path: string[],
    before: string,
    effectAt: (path: readonly string[]) => Effect,
    behind: string | ((effect: Effect) => string) = '',
  ): void {
    const go = (at: string[], a: unknown, b: unknown): void => {
      if (this.changes.length > maxChanges * 2) return;
      const deep = isBlock(a) && isBlock(b) && at.length < 24;
      if (!deep) {
        const effect = effectAt(at.slice(1));
        const end = typeof behind === 'string' ? behind : behind(effect);
        this.#leaf(at, a, b, effect, before + at.slice(path.length).join(' '), end);
        return;
      }
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) go([...at, key], a[key], b[key]);
    };
    go(path, valueAt(this.#from.config, path), valueAt(this.#to.config, path));
  }

  #leaf(path: string[], a: unknown, b: unknown, effect: Effect, what: string, behind = ''): void {
    const from = this.#shown(a, path, this.#from);
    const to = this.#shown(b, path, this.#to);
    if (same(a, b) && same(from, to)) return;
    const kind = a === undefined ? 'add' : b === undefined ? 'remove' : 'change';
    const move =
      kind === 'add'
        ? ` ${textOf(to)} added`
        : kind === 'remove'
          ? ' removed'
          : same(from, to)
            ? ' has another value'
            : ` ${textOf(from)} → ${textOf(to)}`;
    const sentence = `${what}${move}${behind}`.replaceAll('  ', ' ');
    this.#push({ kind, path: path.join('/'), ...(a === undefined ? {} : { from }), ...(b === undefined ? {} : { to }), effect, sentence });
  }

  #shown(value: unknown, path: readonly string[], side: ParsedHub): unknown {
    if (value === undefined) return undefined;
    return masked(value, path.join('/'), side.secrets);
  }

  #push(change: PlanChange): void {
    this.changes.push(change);
  }
}

function effectOf(schema: JsonSchema, path: readonly string[]): Effect {
  let node: Block = schema;
  let effect = (node.effect as Effect | undefined) ?? 'restart';
  for (const segment of path) {
    const next = (isBlock(node.properties) ? node.properties[segment] : undefined) ?? node.additionalProperties;
    if (!isBlock(next)) break;
    node = next;
    effect = (node.effect as Effect | undefined) ?? effect;
  }
  return effect;
}

function valueAt(config: HubConfig, path: readonly string[]): unknown {
  let value: unknown = config;
  for (const segment of path) value = isBlock(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
  return value;
}

/** What a device's own block says below a path of the configuration. */
function saidAt(own: Readonly<Block>, path: string): unknown {
  let value: unknown = own;
  for (const segment of path.split('/').slice(2)) {
    if (!isBlock(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  return value;
}
