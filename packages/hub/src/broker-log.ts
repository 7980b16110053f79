import type { BrokerOptions } from '@omh/broker';
import type { Clock, Logger } from '@omh/core';
import { AppendLog, type DataDirectory } from '@omh/storage';

const segmentBytes = 16 * 2 ** 20;
/** Twice the broker's own high-water mark, at which it stops to read from publishers. */
const bufferBytes = 64 * 2 ** 20;

/** The broker's log in `broker/` of the data directory; nothing in mode memory. */
export function brokerLog(
  directory: DataDirectory,
  mode: 'memory' | 'os' | 'strict',
  clock: Clock,
  log: Logger,
): Pick<BrokerOptions, 'durable'> {
  if (mode === 'memory') return {};
  return { durable: () => AppendLog.open(directory.sub('broker'), { mode, clock, log, segmentBytes, bufferBytes }) };
}
