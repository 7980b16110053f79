import { isLoopback } from '@omh/core';
import type { BrokerListeners } from './listen/listener-options.ts';

/** What people must know of listeners that ask for no password, as a sentence behind the address; empty when all ask for one. */
export function openness(listeners: BrokerListeners): string {
  const anonymous = Object.values(listeners).filter((listener) => listener?.anonymous);
  if (anonymous.some((listener) => !isLoopback(listener!.host)))
    return ' Anonymous clients may connect, also from other machines, and publish any topic.';
  return anonymous.length > 0 ? ' Anonymous clients of this machine may connect.' : '';
}
