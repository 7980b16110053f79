import { formatDuration } from '@omh/core';
import { durationMs } from '../signals/wave.ts';
import type { FaultOf } from './config.ts';
import type { Fault } from './fault.ts';

export const stuck = (): Fault => ({ text: 'Its values stay as they are.', stuck: true });

export function wrongClock({ mode = 'freeze', by = '1h' }: FaultOf<'clock'>): Fault {
  const jump = durationMs(by.replace(/^-/, '')) * (by.startsWith('-') ? -1 : 1);
  return mode === 'freeze'
    ? { text: 'Its clock stands still.', clock: (wallMs, sinceMs) => wallMs - sinceMs }
    : { text: `Its clock is ${formatDuration(Math.abs(jump))} ${jump < 0 ? 'slow' : 'fast'}.`, clock: (wallMs) => wallMs + jump };
}
