export * from './dashboard.ts';
export { errors as dashboardErrors } from './errors.ts';
export * from './macros.ts';
export * from './time-expression.ts';
