export * from './simulated-files.ts';
export * from './kill-round.ts';
export * from './queue-round.ts';
