export type { Registry } from './checks.ts';
export { errors as configErrors } from './errors.ts';
export * from './hub-schema.ts';
export { formatIssue } from './issue.ts';
export type { ConfigIssue } from './issue.ts';
export { hubJsonSchema } from './json-schema.ts';
export * from './parse-hub.ts';
export { editHubText } from './edit.ts';
export type { EditOp } from './edit.ts';
