import { nearest, parseDurationMs, topicFilterFault, topicNameFault } from '@omh/core';
import type { DataType, DriverModule, JsonSchema, OmhError, TagAccess, TagDefinition } from '@omh/core';
import { authenticatorSchemas } from './authentication-schema.ts';
import { checkBrokerFeatures } from './broker-features-checks.ts';
import type { AuthenticatorConfig } from './authentication-schema.ts';
import { errors } from './errors.ts';
import { checkExternalBroker } from './external-broker.ts';
import type { IssueList, IssueSink, Spot } from './issue.ts';
import { listenerTypes } from './listener-schema.ts';
import { nameFault, tagNameFault } from './names.ts';
import { checkDerived } from './derived-checks.ts';
import type { ExpressionFault } from './derived-checks.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Sources } from './sources.ts';
import { offsetInScalar } from './sql-position.ts';
import { show } from './schema-words.ts';
import { checkTag } from './tag-checks.ts';
import { checkSchema } from './validation.ts';

/** What a hub file may name: filled by the hub from the packages it has. */
export interface Registry {
  readonly drivers: ReadonlyMap<string, Pick<DriverModule, 'settings' | 'parseAddress' | 'title'>>;
  /** Schema of a simulator's block by its protocol. */
  readonly simulators: ReadonlyMap<string, JsonSchema>;
  /** What a simulator's schema cannot say of a block that has passed it. */
  simulatorFaults?(block: Block): readonly { readonly path: readonly (string | number)[]; readonly error: OmhError }[];
  /** Schema of an app's settings by its type. */
  readonly apps: ReadonlyMap<string, JsonSchema>;
  readonly dashboard: JsonSchema;
  /** Schema of `broker.limits`; any positive numbers when absent. */
  readonly brokerLimits?: JsonSchema;
  /** Why a key of an entry of `broker.authentication` cannot be used. */
  authenticatorFault?(entry: AuthenticatorConfig): { readonly key: string; readonly why: string } | undefined;
  /** Requests that one cycle over these tags takes; undefined when nobody can say. It predicts the load of a plan. */
  requestsPerCycle?(driver: string, settings: Readonly<Record<string, unknown>>, tags: readonly TagDefinition[]): number | undefined;
  /** Why a regular expression of linear time cannot be used. */
  patternFault?(pattern: string): string | undefined;
  /** Line and column inside the SQL, from 1. */
  checkRuleSql?(sql: string): { line: number; column: number; message: string } | undefined;
  /** Why the expression of a derived tag cannot be used; `names` are the tags it may read. */
  expressionFault?: ExpressionFault;
}

type Block = Record<string, unknown>;
interface Context {
  readonly registry: Registry;
  readonly sources: Sources;
  readonly issues: IssueList;
}

const minIntervalMs = 10;
const maxIntervalMs = 24 * 3_600_000;
export const namedSections = ['templates', 'simulators', 'devices', 'apps', 'rules', 'dashboards'] as const;

/** Everything the schema cannot say. Works on what is there, whatever the schema found, so that all faults are told at once. */
export function checkMeaning(file: Block, context: Context): void {
  checkNames(file, context);
  for (const [name, block] of entries(file.devices)) checkDevice(name, block, context);
  checkDerived(blockOf(file.devices), {
    expressionFault: context.registry.expressionFault,
    issues: context.issues,
    clauseOf,
    spotIn: (path, text, column) => spotIn(context.sources, path, text, 1, column),
  });
  checkPaths(file, context);
  for (const [name, block] of entries(file.simulators)) checkSimulator(name, block, context);
  for (const [name, block] of entries(file.apps)) checkApp(name, block, file, context);
  for (const [name, block] of entries(file.rules)) checkRule(name, block, context);
  for (const [name, block] of entries(file.dashboards))
    checkSchema(context.registry.dashboard, block, ['dashboards', name], context.issues);
  const limits = isBlock(file.broker) ? file.broker.limits : undefined;
  if (context.registry.brokerLimits && isBlock(limits))
    checkSchema(context.registry.brokerLimits, limits, ['broker', 'limits'], context.issues);
  if (isBlock(file.broker)) checkExternalBroker(file.broker, context.sources, context.issues);
  checkAcl(file, context);
  checkBrokerFeatures(blockOf(file.broker), context.registry, context.issues);
  checkAuthentication(file, context);
  checkListeners(file, context);
  checkPorts(file, context);
}

function checkAuthentication(file: Block, { registry, issues }: Context): void {
  const list = isBlock(file.broker) ? file.broker.authentication : undefined;
  if (!Array.isArray(list)) return;
  for (const [n, entry] of (list as unknown[]).entries()) {
    const schema = isBlock(entry) && typeof entry.type === 'string' ? authenticatorSchemas.get(entry.type) : undefined;
    if (!isBlock(entry) || schema === undefined) continue;
    const at = ['broker', 'authentication', String(n)];
    if (!checkSchema(schema, entry, at, issues)) continue;
    for (const action of ['publish', 'subscribe']) {
      for (const [m, filter] of ((blockOf(entry.grant)[action] ?? []) as string[]).entries()) {
        const why = topicFilterFault(filter);
        if (why !== undefined) issues.add([...at, 'grant', action, String(m)], errors.CONFIG_FILTER({ filter: show(filter), why }));
      }
    }
    const fault = registry.authenticatorFault?.(entry as unknown as AuthenticatorConfig);
    if (fault !== undefined) issues.add([...at, fault.key], errors.CONFIG_AUTHENTICATOR({ key: fault.key, why: clauseOf(fault.why)[0] }));
  }
}

function checkAcl(file: Block, { issues }: Context): void {
  const acl = isBlock(file.broker) ? file.broker.acl : undefined;
  if (!Array.isArray(acl)) return;
  for (const [n, rule] of acl.entries()) {
    if (!isBlock(rule) || !Array.isArray(rule.topics)) continue;
    for (const [m, topic] of rule.topics.entries()) {
      if (typeof topic !== 'string') continue;
      const fault = topicFilterFault(topic.startsWith('eq ') ? topic.slice(3) : topic);
      if (fault !== undefined) issues.add(['broker', 'acl', n, 'topics', m], errors.CONFIG_FILTER({ filter: show(topic), why: fault }));
    }
  }
}

function checkNames(file: Block, { issues }: Context): void {
  const check = (path: string[]): void => {
    const name = path.at(-1)!;
    const why = nameFault(name) ?? (path.length > 4 ? tagNameFault(name) : undefined);
    if (why !== undefined)
      issues.add(path, errors.CONFIG_NAME({ name: show(name), why }), { aim: 'key', fix: errors.CONFIG_NAME.row.next });
  };
  for (const section of namedSections) for (const name of Object.keys(blockOf(file[section]))) check([section, name]);
  for (const [device, block] of entries(file.devices)) {
    for (const group of Object.keys(blockOf(block.groups))) check(['devices', device, 'groups', group]);
    for (const [group, { tags }] of entries(block.groups)) {
      for (const tag of Object.keys(blockOf(tags))) check(['devices', device, 'groups', group, 'tags', tag]);
    }
  }
}

function checkDevice(name: string, device: Block, { registry, issues }: Context): void {
  const at = ['devices', name];
  const driver = typeof device.driver === 'string' ? registry.drivers.get(device.driver) : undefined;
  if (typeof device.driver === 'string' && driver === undefined) {
    const fix = didYouMean(device.driver, registry.drivers.keys());
    issues.add([...at, 'driver'], errors.CONFIG_UNKNOWN_DRIVER({ name: show(device.driver) }), { fix });
  }
  if (driver !== undefined && isBlock(device.settings)) checkSchema(driver.settings, device.settings, [...at, 'settings'], issues);
  for (const [group, block] of entries(device.groups)) {
    checkInterval([...at, 'groups', group, 'interval'], block.interval, issues);
    for (const [tag, definition] of entries(block.tags)) {
      if (issues.full) return;
      const path = [...at, 'groups', group, 'tags', tag];
      checkTag(path, definition, issues);
      if (driver !== undefined) checkAddress(path, definition, device, driver, issues);
    }
  }
}

function checkInterval(path: string[], interval: unknown, issues: IssueList): void {
  const ms = typeof interval === 'string' ? parseDurationMs(interval) : undefined;
  if (ms !== undefined && (ms < minIntervalMs || ms > maxIntervalMs)) {
    issues.add(path, errors.CONFIG_INTERVAL({ subject: 'interval', found: interval as string }));
  }
}

/** The address in the grammar of the device's driver. */
export function checkAddress(
  path: readonly string[],
  tag: Block,
  device: Block,
  driver: Pick<DriverModule, 'parseAddress'>,
  issues: IssueSink,
): void {
  const { address, type, access, count } = tag;
  const driverId = String(device.driver);
  if (typeof address !== 'string' || address === '' || typeof type !== 'string' || typeof access !== 'string') return;
  try {
    const result = driver.parseAddress(
      address,
      { type: type as DataType, access: access as TagAccess, ...(typeof count === 'number' ? { count } : {}) },
      blockOf(device.settings),
    );
    if (!result.ok) {
      const [why, hint] = clauseOf(result.error[0]?.message ?? 'it is not understood');
      issues.add([...path, 'address'], errors.CONFIG_ADDRESS({ address, driver: driverId, why }), { fix: result.error[0]?.fix ?? hint });
    } else if (!result.value.writable && access !== 'read') {
      issues.add([...path, 'access'], errors.CONFIG_NOT_WRITABLE({ address }), { fix: errors.CONFIG_NOT_WRITABLE.row.next });
    }
  } catch (cause) {
    issues.add([...path, 'address'], errors.CONFIG_ADDRESS({ address, driver: driverId, why: 'its driver cannot read it' }, { cause }));
  }
}

function checkPaths(file: Block, { issues }: Context): void {
  const owners = new Map<string, string>();
  for (const [device, block] of entries(file.devices)) {
    for (const [group, { tags }] of entries(block.groups)) {
      for (const tag of Object.keys(blockOf(tags))) {
        const path = `${String(block.path)}/${tag}`;
        const other = owners.get(path);
        if (other === undefined) owners.set(path, `${device}/${group}/${tag}`);
        else
          issues.add(['devices', device, 'groups', group, 'tags', tag], errors.CONFIG_DUPLICATE_PATH({ path, other }), {
            aim: 'key',
            fix: errors.CONFIG_DUPLICATE_PATH.row.next,
          });
      }
    }
  }
}

function checkSimulator(name: string, block: Block, { registry, issues }: Context): void {
  if (typeof block.protocol !== 'string') return;
  const schema = registry.simulators.get(block.protocol);
  if (schema === undefined) {
    issues.add(['simulators', name, 'protocol'], errors.CONFIG_UNKNOWN_PROTOCOL({ name: show(block.protocol) }), {
      fix: didYouMean(block.protocol, registry.simulators.keys()),
    });
    return;
  }
  if (isBlock(schema.properties) && 'protocol' in schema.properties) {
    if (!checkSchema(schema, block, ['simulators', name], issues)) return;
    for (const { path, error } of registry.simulatorFaults?.(block) ?? [])
      issues.add(['simulators', name, ...path], error, { fix: error.next });
    return;
  }
  const { protocol: _chosen, ...rest } = block;
  checkSchema(schema, rest, ['simulators', name], issues);
  Object.assign(block, rest);
}

function checkApp(name: string, app: Block, file: Block, { registry, issues }: Context): void {
  const at = ['apps', name];
  if (typeof app.type === 'string') {
    const schema = registry.apps.get(app.type);
    if (schema === undefined) {
      issues.add([...at, 'type'], errors.CONFIG_UNKNOWN_APP_TYPE({ name: show(app.type) }), {
        fix: didYouMean(app.type, registry.apps.keys()),
      });
    } else if (isBlock(app.settings)) checkSchema(schema, app.settings, [...at, 'settings'], issues);
  }
  if (!Array.isArray(app.subscriptions)) return;
  for (const [i, subscription] of (app.subscriptions as unknown[]).entries()) {
    if (!isBlock(subscription)) continue;
    const path = [...at, 'subscriptions', String(i)];
    checkReference(path, subscription, file, issues);
    if (typeof subscription.topic === 'string') checkTopic([...path, 'topic'], subscription.topic, issues);
  }
}

function checkReference(path: string[], { device, group }: Block, file: Block, issues: IssueList): void {
  if (typeof device !== 'string') return;
  const devices = blockOf(file.devices);
  if (!Object.hasOwn(devices, device)) {
    issues.add([...path, 'device'], errors.CONFIG_UNKNOWN_DEVICE({ name: show(device) }), {
      fix: didYouMean(device, Object.keys(devices)),
    });
    return;
  }
  const groups = blockOf(blockOf(devices[device]).groups);
  if (typeof group === 'string' && !Object.hasOwn(groups, group)) {
    issues.add([...path, 'group'], errors.CONFIG_UNKNOWN_GROUP({ device, name: show(group) }), {
      fix: didYouMean(group, Object.keys(groups)),
    });
  }
}

function checkTopic(path: string[], topic: string, issues: IssueList): void {
  const why = topic.includes('${') || topic === '' ? undefined : topicNameFault(topic);
  if (why !== undefined) issues.add(path, errors.CONFIG_TOPIC({ topic: show(topic), why }));
}

function checkRule(name: string, rule: Block, { registry, sources, issues }: Context): void {
  const at = ['rules', name];
  if (typeof rule.sql === 'string' && rule.sql !== '' && registry.checkRuleSql) {
    const fault = checkedSql(registry.checkRuleSql, rule.sql);
    if (fault !== undefined) {
      const path = [...at, 'sql'];
      const spot = spotIn(sources, path, rule.sql, fault.line, fault.column);
      const [why, fix] = clauseOf(fault.message);
      issues.add(path, errors.CONFIG_RULE_SQL({ line: fault.line, column: fault.column, why }), { fix, spot });
    }
  }
  if (!Array.isArray(rule.actions)) return;
  for (const [i, action] of (rule.actions as unknown[]).entries()) {
    const republish = isBlock(action) ? action.republish : undefined;
    if (isBlock(republish) && typeof republish.topic === 'string')
      checkTopic([...at, 'actions', String(i), 'republish', 'topic'], republish.topic, issues);
  }
}

/** Where a character of a text stands in its file; undefined where escapes make that unknown. */
function spotIn(sources: Sources, path: readonly string[], value: string, line: number, column: number): Spot | undefined {
  const { file, text, place } = sources.at(path);
  const offset = place && offsetInScalar(text, place, value, line, column);
  return offset === undefined ? undefined : { file, offset };
}

function checkedSql(
  check: NonNullable<Registry['checkRuleSql']>,
  sql: string,
): { line: number; column: number; message: string } | undefined {
  try {
    return check(sql);
  } catch (error) {
    return { line: 1, column: 1, message: (error as Error).message };
  }
}

const tlsKeys = ['cert', 'key', 'ca', 'passphrase', 'clientCertificate', 'minVersion'];

/** What the schema of listeners with names of their own cannot say. */
function checkListeners(file: Block, { issues }: Context): void {
  for (const [name, block] of entries(blockOf(file.broker).listeners)) {
    const at = ['broker', 'listeners', name];
    const standard = listenerTypes.find((type) => type === name);
    if (standard === undefined && block.type === undefined) {
      const near = nearest(name, listenerTypes);
      if (near === undefined) issues.add(at, errors.CONFIG_MISSING_KEY({ key: 'type', where: name }), { aim: 'key' });
      else issues.add(at, errors.CONFIG_UNKNOWN_KEY({ key: name, where: 'listeners' }), { aim: 'key', fix: `Did you mean "${near}"?` });
      continue;
    }
    const type = standard ?? block.type;
    const missing = (key: string): void => issues.add(at, errors.CONFIG_MISSING_KEY({ key, where: name }), { aim: 'key' });
    if (type === 'tls' || type === 'wss') {
      // The schema of tls and wss asks for these two itself.
      if (standard === undefined) for (const key of ['cert', 'key']) if (block[key] === undefined) missing(key);
      const asks = block.clientCertificate === 'request' || block.clientCertificate === 'require';
      if (asks && block.ca === undefined) missing('ca');
    } else if (standard === undefined) {
      for (const key of tlsKeys)
        if (key in block) issues.add([...at, key], errors.CONFIG_UNKNOWN_KEY({ key, where: name }), { aim: 'key' });
    }
  }
}

function checkPorts(file: Block, { issues }: Context): void {
  const taken: { port: number; host: string; path: string }[] = [];
  const any = (host: string): boolean => host === '0.0.0.0' || host === '::';
  const take = (block: unknown, path: string[]): void => {
    if (!isBlock(block) || typeof block.port !== 'number' || block.port === 0) return;
    const host = typeof block.host === 'string' ? block.host : '127.0.0.1';
    const here = host === 'localhost' ? '127.0.0.1' : host;
    const other = taken.find((t) => t.port === block.port && (t.host === here || any(t.host) || any(here)));
    if (other !== undefined)
      issues.add([...path, 'port'], errors.CONFIG_PORT_TAKEN({ port: block.port, other: other.path }), {
        fix: errors.CONFIG_PORT_TAKEN.row.next,
      });
    else taken.push({ port: block.port, host: here, path: path.join('/') });
  };
  take(file.http, ['http']);
  const listeners = blockOf(blockOf(file.broker).listeners);
  for (const [name, block] of entries(listeners)) take(block, ['broker', 'listeners', name]);
  for (const [name, block] of entries(file.simulators)) take(block, ['simulators', name]);
}

/** Another room's sentence as the end of ours, and its question as the next step. */
function clauseOf(sentence: string): [why: string, hint: string | undefined] {
  const hint = /Did you mean [^?]*\?$/.exec(sentence)?.[0];
  const rest = (hint === undefined ? sentence : sentence.slice(0, -hint.length)).trim().replace(/\.$/, '');
  return [/^(The|An?|It|There|This) /.test(rest) ? rest.charAt(0).toLowerCase() + rest.slice(1) : rest, hint];
}

export const isBlock = (value: unknown): value is Block => typeof value === 'object' && value !== null && !Array.isArray(value);
const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});
const entries = (value: unknown): [string, Block][] =>
  Object.entries(blockOf(value)).filter((entry): entry is [string, Block] => isBlock(entry[1]));
