import type { DeliveryQueueOptions, RetryOptions } from '@omh/core';

/** The options with everything that is absent filled in. */
export interface FullOptions extends Required<Omit<DeliveryQueueOptions, 'maxAttempts' | 'expireMs' | 'backlogPerSecond' | 'retry'>> {
  readonly retry: RetryOptions;
  readonly maxAttempts: number;
  readonly expireMs: number;
  readonly backlogPerSecond: number;
}

const megabyte = 2 ** 20;
const atLeastOne = (value: number): number => Math.max(1, Math.floor(value));

export function fullOptions(options: DeliveryQueueOptions): FullOptions {
  const order = options.order ?? 'total';
  return {
    batchCount: atLeastOne(options.batchCount ?? 100),
    batchBytes: atLeastOne(options.batchBytes ?? megabyte),
    lingerMs: Math.max(0, options.lingerMs ?? 0),
    window: order === 'total' ? 1 : atLeastOne(options.window ?? 1),
    order,
    retry: options.retry ?? { firstMs: 1000, maxMs: 60_000 },
    breakAfter: atLeastOne(options.breakAfter ?? 3),
    timeoutMs: atLeastOne(options.timeoutMs ?? 30_000),
    maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
    expireMs: options.expireMs ?? Number.POSITIVE_INFINITY,
    liveFirst: options.liveFirst ?? false,
    backlogPerSecond: options.backlogPerSecond ?? Number.POSITIVE_INFINITY,
    maxBytes: atLeastOne(options.maxBytes ?? 1024 * megabyte),
    whenFull: options.whenFull ?? 'refuse',
    deadLetterBytes: atLeastOne(options.deadLetterBytes ?? 64 * megabyte),
  };
}
