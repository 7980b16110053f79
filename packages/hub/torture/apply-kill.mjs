// The kill test of apply, often enough to hit the rare moments.
process.env.OMH_CRASH_ROUNDS ??= '300';
await import('../dist/crash.test.js');
