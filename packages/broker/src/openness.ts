import { isLoopback } from '@omh/core';
import type { BrokerOptions } from './broker.ts';

/** What people must know of listeners that ask for no password, as a sentence behind the address; empty when all ask for one. */
export function openness({ tcp, ws }: BrokerOptions['listeners']): string {
  const anonymous = [tcp, ws].filter((listener) => listener?.anonymous);
  if (anonymous.some((listener) => !isLoopback(listener!.host)))
    return ' Anonymous clients may connect, also from other machines, and publish any topic.';
  return anonymous.length > 0 ? ' Anonymous clients of this machine may connect.' : '';
}
