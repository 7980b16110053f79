export * from './errors.ts';
export * from './metrics.ts';
export * from './rule-config.ts';
export { Rule, type RuleDeps } from './rule.ts';
export { ruleFunctions } from './rule-functions.ts';
export { checkRuleSql, testRule, type RuleTest } from './test-rule.ts';
