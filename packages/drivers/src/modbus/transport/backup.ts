import type { Connection, ConnectionEvents, Transport } from './transport.ts';

/**
 * Two ways to one device: each failed attempt makes the other one next. A connection over which requests went out and nothing came back
 * is a failed attempt too.
 */
export function withBackup(main: Transport, backup: Transport): Transport {
  let current = main;
  const change = (): void => {
    current = current === main ? backup : main;
  };

  const watched = async (way: Transport, events: ConnectionEvents, signal: AbortSignal): Promise<Connection> => {
    let isAsked = false;
    /** It answered, or its end was taken note of. */
    let isSettled = false;
    const over = (): void => {
      if (isAsked && !isSettled) change();
      isSettled = true;
    };
    const connection = await way.open(
      {
        data(chunk) {
          isSettled = true;
          events.data(chunk);
        },
        ended(error) {
          over();
          events.ended(error);
        },
      },
      signal,
    );
    return {
      write(bytes) {
        isAsked = true;
        connection.write(bytes);
      },
      close() {
        over();
        return connection.close();
      },
    };
  };

  return {
    ...main,
    get place() {
      return current === backup ? `${backup.place} (backup of ${main.place})` : main.place;
    },
    async open(events, signal) {
      try {
        return await watched(current, events, signal);
      } catch (error) {
        if (!signal.aborted) change();
        throw error;
      }
    },
  };
}
