import { complain } from './complain.ts';
import { errors } from './errors.ts';

const stopWithinMs = 4500;
/** One Ctrl-C reaches a program more than once: from the terminal, and again from npm, which hands on its own copy. */
const sameSignalMs = 500;

export interface Signalled {
  /** A signal came and the stop is under way or over. */
  readonly stopping: boolean;
  /** Resolves when `stop`, called because of a signal, is over. */
  readonly stopped: Promise<void>;
  forget(): void;
}

/** Stops cleanly on the first SIGINT or SIGTERM, at once on a later one, and in any case within five seconds. */
export function untilSignal(stop: () => Promise<void>): Signalled {
  let since: number | undefined;
  let done: () => void;
  const stopped = new Promise<void>((resolve) => {
    done = resolve;
  });
  const onSignal = (): void => {
    if (since !== undefined) {
      if (performance.now() - since > sameSignalMs) process.exit(130);
      return;
    }
    since = performance.now();
    const late = setTimeout(() => {
      const slow = errors.CLI_SLOW_STOP({ seconds: stopWithinMs / 1000 });
      process.stderr.write(`${slow.text} ${slow.next} [${slow.code}]\n`);
      process.exit(1);
    }, stopWithinMs);
    void stop()
      .catch((thrown: unknown) => {
        process.exitCode = complain(thrown);
      })
      .then(() => {
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
  return {
    get stopping() {
      return since !== undefined;
    },
    stopped,
    forget,
  };
}
