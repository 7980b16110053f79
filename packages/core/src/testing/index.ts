export * from './append-log-suite.ts';
export * from './delivery-queue-suite.ts';
export * from './driver-suite.ts';
export * from './historian-suite.ts';
export * from './virtual-clock.ts';
export * from './message-bus-suite.ts';
