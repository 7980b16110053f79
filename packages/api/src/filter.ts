import { topicFilterFault } from '@omh/core';
import { errors } from './errors.ts';

/** The filter itself; throws API_FILTER_INVALID. */
export function checkedFilter(filter: string): string {
  const fault = topicFilterFault(filter);
  if (fault !== undefined) throw errors.API_FILTER_INVALID({ fault });
  return filter;
}
