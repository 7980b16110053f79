import type { MessageProperties } from '@omh/core';

/** User property that counts how often a message was published because of another one. */
const name = 'omh-hops';
const maxHops = 16;

/** Finds circles that go through a broker elsewhere: a rule that feeds itself, two hubs that feed each other. */
export class Hops {
  /** Of the message that a reader is called with now; -1 when none is. */
  #current = -1;

  /** Whatever `receive` publishes before it returns follows from a message with these hops. */
  during<T>(hops: number, receive: () => T): T {
    const outer = this.#current;
    this.#current = hops;
    try {
      return receive();
    } finally {
      this.#current = outer;
    }
  }
  /** What a publication carries now, or undefined when it goes on in a circle. */
  mark(properties: MessageProperties | undefined): MessageProperties | undefined | 'circle' {
    if (this.#current < 0) return properties;
    if (this.#current >= maxHops) return 'circle';
    return { ...properties, userProperties: [...(properties?.userProperties ?? []), [name, String(this.#current + 1)]] };
  }
}

/** The hops of a message that came, and its properties without them. */
export function hopsOf(properties: MessageProperties): { readonly hops: number; readonly properties: MessageProperties } {
  const { userProperties, ...rest } = properties;
  const mark = userProperties?.find(([key]) => key === name);
  if (mark === undefined) return { hops: 0, properties };
  const others = userProperties!.filter(([key]) => key !== name);
  const hops = /^\d{1,3}$/.test(mark[1]) ? Number(mark[1]) : 0;
  return { hops, properties: others.length === 0 ? rest : { ...rest, userProperties: others } };
}
