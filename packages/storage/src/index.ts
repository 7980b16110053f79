export * from './data-directory.ts';
export * from './documents.ts';
export { writeFileDurably } from './durable-file.ts';
export { errors as storageErrors } from './errors.ts';
export * from './run-endpoint.ts';
