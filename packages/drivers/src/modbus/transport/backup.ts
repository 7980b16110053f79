import type { Transport } from './transport.ts';

/** Two ways to one device: each failed attempt makes the other one next. */
export function withBackup(main: Transport, backup: Transport): Transport {
  let current = main;
  return {
    ...main,
    get place() {
      return current === backup ? `${backup.place} (backup of ${main.place})` : main.place;
    },
    async open(events, signal) {
      try {
        return await current.open(events, signal);
      } catch (error) {
        if (!signal.aborted) current = current === main ? backup : main;
        throw error;
      }
    },
  };
}
