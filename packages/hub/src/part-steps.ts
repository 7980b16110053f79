import { reasonOf, type Clock, type Logger } from '@omh/core';
import { errors } from './errors.ts';

/** One part that is started, stopped or changed, and how that is taken back. */
export interface PartStep {
  /** `device/press`. */
  readonly part: string;
  run(): Promise<void>;
  /** Also called when `run` ended half-way. */
  undo(): Promise<void>;
}

const undoLimitMs = 5000;

/**
 * Runs all steps within `limitMs`; when one fails or the time is over, everything is taken back, the last step first. Throws
 * HUB_PART_NOT_STARTED with the part that failed, or HUB_APPLY_TIMEOUT.
 */
export async function runSteps(
  steps: readonly PartStep[],
  { clock, log, limitMs }: { clock: Clock; log: Logger; limitMs: number },
): Promise<void> {
  const end = clock.monotonicMs() + limitMs;
  for (const [i, step] of steps.entries()) {
    try {
      const late = errors.HUB_APPLY_TIMEOUT({ seconds: Math.round(limitMs / 1000), part: step.part });
      await within(clock, Math.max(0, end - clock.monotonicMs()), step.run(), late);
    } catch (thrown) {
      for (const done of steps.slice(0, i + 1).reverse()) {
        try {
          await within(clock, undoLimitMs, done.undo(), errors.HUB_APPLY_TIMEOUT({ seconds: undoLimitMs / 1000, part: done.part }));
        } catch (fault) {
          log.error('a part did not go back to its former configuration', { part: done.part, err: fault });
        }
      }
      if ((thrown as { code?: unknown }).code === errors.HUB_APPLY_TIMEOUT.code) throw thrown;
      throw errors.HUB_PART_NOT_STARTED({ part: step.part, detail: reasonOf(thrown).text }, { cause: thrown });
    }
  }
}

async function within(clock: Clock, limitMs: number, work: Promise<void>, late: Error): Promise<void> {
  let cancel = (): void => {};
  const timer = new Promise<never>((_, reject) => {
    cancel = clock.after(limitMs, () => reject(late));
  });
  try {
    await Promise.race([work, timer]);
  } finally {
    cancel();
  }
}
