import type { BusReader, MessageBus } from '../message-bus.ts';
import { partPrincipal } from '../principal.ts';

/** A sentence and what makes it true. */
export type BusCase = readonly [name: string, body: (bus: MessageBus) => Promise<void>];

export const principal = partPrincipal('suite');
export const reader = (name: string, receive: BusReader['receive']): BusReader => ({ name, delivery: 'volatile', receive });
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 1);
  });

export async function eventually(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await turn();
  if (!condition()) throw new Error('what was expected did not happen within two seconds');
}

export function equal(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}
