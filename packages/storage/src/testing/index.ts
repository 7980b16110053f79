export * from './simulated-files.ts';
export * from './kill-round.ts';
