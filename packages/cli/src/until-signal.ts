import { errors } from './errors.ts';

const stopWithinMs = 4500;

/** Stops cleanly on the first SIGINT or SIGTERM, at once on the second, and in any case within five seconds. */
export function untilSignal(stop: () => Promise<void>): { readonly stopped: Promise<void>; forget(): void } {
  let stopping = false;
  let done: () => void;
  const stopped = new Promise<void>((resolve) => {
    done = resolve;
  });
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    const late = setTimeout(() => {
      const slow = errors.CLI_SLOW_STOP({ seconds: stopWithinMs / 1000 });
      process.stderr.write(`${slow.text} ${slow.next} [${slow.code}]\n`);
      process.exit(1);
    }, stopWithinMs);
    void stop().then(() => {
      clearTimeout(late);
      forget();
      done();
    });
  };
  const forget = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { stopped, forget };
}
