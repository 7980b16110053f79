import { formatDuration } from '@omh/core';
import { durationMs } from '../signals/wave.ts';
import type { FaultOf } from './config.ts';
import type { Fault } from './fault.ts';

export function slow(config: FaultOf<'slow'>): Fault {
  const delay = durationMs(config.delay);
  const jitter = config.jitter === undefined ? 0 : durationMs(config.jitter);
  return {
    text: `It takes ${formatDuration(delay)} longer${jitter === 0 ? '' : ` and up to ${formatDuration(jitter)} more`} for an answer.`,
    deliver(delivery, chance) {
      delivery.delayMs += delay + (jitter === 0 ? 0 : jitter * chance());
    },
  };
}

export function late(config: FaultOf<'late'>): Fault {
  const delay = durationMs(config.delay);
  return {
    text: `Its answers come ${formatDuration(delay)} late, after those to later requests.`,
    deliver(delivery) {
      delivery.lateMs += delay;
    },
  };
}

export function split({ bytes = 1, pause = '1ms' }: FaultOf<'split'>): Fault {
  const pauseMs = durationMs(pause);
  return {
    text: `Its answers come in pieces of ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}.`,
    deliver(delivery) {
      delivery.segment = bytes;
      delivery.pauseMs = pauseMs;
    },
  };
}

export function glue({ wait = '50ms' }: FaultOf<'glue'>): Fault {
  const glueMs = durationMs(wait);
  return {
    text: 'Two of its answers come in one piece.',
    deliver(delivery) {
      delivery.glueMs = glueMs;
    },
  };
}
