import { setFlagsFromString } from 'node:v8';

// File system and crypto work of every part shares this pool; four threads would make an fsync wait behind a password hash.
// It is read when the pool is first used, so it is set before anything else is loaded.
process.env['UV_THREADPOOL_SIZE'] ??= '16';
// Garbage is collected when the heap has grown by half, not when it has doubled: a hub of 100,000 tags takes a quarter less memory,
// and no more time.
setFlagsFromString('--heap-growing-percent=50');
// `omh … | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
const { run } = await import('./program.ts');
await run(process.argv);
