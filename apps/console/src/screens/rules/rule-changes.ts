import type { RuleConfig } from '../../api/types.ts';
import { changesOf, isBlock, same, withoutDefaults, type Block, type Schema } from '../../form/schema.ts';
import { pathOf, type EditOp } from '../../plan/plan.ts';

export const rulesSchema = (schema: Schema | undefined): Schema => schema?.properties?.['rules'] ?? {};
const ruleSchema = (schema: Schema | undefined): Schema => (rulesSchema(schema).additionalProperties as Schema | undefined) ?? {};
/** What an action may hold; empty until the schema is read. */
export const actionSchema = (schema: Schema | undefined): Schema => ruleSchema(schema).properties?.['actions']?.items ?? {};

const blockOf = (value: unknown): Block => (isBlock(value) ? value : {});

/** The rule as a person writes it: without what is the default. */
function plain(rule: RuleConfig, schema: Schema | undefined): Block & { actions: Block[] } {
  const { sql, description, enabled, actions } = rule;
  return {
    sql,
    ...(description === undefined ? {} : { description }),
    ...(enabled === false ? { enabled } : {}),
    actions: actions.map((action) => withoutDefaults(actionSchema(schema), blockOf(JSON.parse(JSON.stringify(action))))),
  };
}

export function newRule(name: string, rule: RuleConfig, schema: Schema | undefined): EditOp[] {
  const { actions, ...rest } = plain(rule, schema);
  return [{ op: 'add', path: pathOf('rules', name), value: { ...rest, ...(actions.length === 0 ? {} : { actions }) } }];
}

/** The smallest changes: an action that stays keeps its place and its comments in the file. */
export function ruleChanges(name: string, from: RuleConfig, to: RuleConfig, schema: Schema | undefined): EditOp[] {
  const { actions: before, ...a } = plain(from, schema);
  const { actions: after, ...b } = plain(to, schema);
  const at = ['rules', name];
  const out = changesOf(at, a, b);
  if (before.length !== after.length) return [...out, { op: 'add', path: pathOf(...at, 'actions'), value: after }];
  after.forEach((action, i) => {
    const former = before[i]!;
    if (same(action, former)) return;
    const sameKind = Object.keys(action)[0] === Object.keys(former)[0];
    out.push(
      ...(sameKind
        ? changesOf([...at, 'actions', String(i)], former, action)
        : [{ op: 'replace' as const, path: pathOf(...at, 'actions', i), value: action }]),
    );
  });
  return out;
}
