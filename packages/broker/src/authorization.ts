import { reasonOf } from '@omh/core';
import type { Logger, Principal } from '@omh/core';
import type { Authorize } from './broker-context.ts';

/** A check that throws refuses, and says so in the log. */
export function guarded(authorize: Authorize, log: Logger): Authorize {
  const check: Authorize = (principal, action, topic, client, qos, retain) => {
    try {
      return authorize(principal, action, topic, client, qos, retain);
    } catch (thrown) {
      log.error('a permission cannot be checked', { principal: principal.name, action, topic, reason: reasonOf(thrown) });
      return false;
    }
  };
  return Object.assign(check, authorize.byFlags === undefined ? {} : { byFlags: authorize.byFlags });
}
/** Whether verdicts about this principal hold for one message only. */
export const isByFlags = ({ byFlags = false }: Authorize, principal: Principal): boolean =>
  typeof byFlags === 'function' ? byFlags(principal) : byFlags;
