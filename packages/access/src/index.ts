export * from './access.ts';
export * from './allows.ts';
export { errors as accessErrors } from './errors.ts';
export * from './verbs.ts';
