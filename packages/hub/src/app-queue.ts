import { createHash } from 'node:crypto';
import { openDeliveryQueue, type DataDirectory } from '@omh/storage';
import type { Clock, DeliveryQueue, DeliveryQueueOptions, Logger } from '@omh/core';

/** The queue of an app in `queues/app-NAME` of the data directory: safe from the end of the process, and from a power cut within a second. */
export function openAppQueue(
  directory: DataDirectory,
  app: string,
  options: DeliveryQueueOptions,
  clock: Clock,
  log: Logger,
): Promise<DeliveryQueue> {
  const name = `app/${app}`;
  return openDeliveryQueue(directory.sub(`queues/${folderOf(app)}`), {
    ...options,
    name,
    mode: 'os',
    clock,
    log: log.child({ part: name }),
  });
}

/** Names may hold what no folder has; those are called by their hash. */
const folderOf = (app: string): string =>
  /^[\w-]{1,90}$/.test(app) ? `app-${app}` : `named-${createHash('sha256').update(app).digest('hex').slice(0, 32)}`;
