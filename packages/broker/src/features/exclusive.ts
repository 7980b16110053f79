import type { Session } from '../session.ts';

const prefix = '$exclusive/';

/** The filter that a subscription listens to: `$exclusive/{topic}` to `{topic}`, all else to itself. */
export const routedFilter = (filter: string): string => (filter.startsWith(prefix) ? filter.slice(prefix.length) : filter);
export const isExclusive = (filter: string): boolean => filter.startsWith(prefix);

/** Topics that one session has for itself, among those who ask for `$exclusive/{topic}`. It goes with the session through takeovers. */
export class Exclusive {
  readonly #owners = new Map<string, Session>();

  ownerOf(topic: string): Session | undefined {
    return this.#owners.get(topic);
  }
  take(filter: string, session: Session): void {
    if (isExclusive(filter)) this.#owners.set(routedFilter(filter), session);
  }
  release(filter: string, session: Session): void {
    const topic = routedFilter(filter);
    if (isExclusive(filter) && this.#owners.get(topic) === session) this.#owners.delete(topic);
  }
}
