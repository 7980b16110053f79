import { resolve } from 'node:path';
import { Broker } from '@omh/broker';
import type { BanStore, BrokerListener, BrokerListeners, BrokerOptions } from '@omh/broker';
import type { HubConfig } from '@omh/config';
import { parseDurationMs } from '@omh/core';
import type { PartStep } from './part-steps.ts';

/** The broker's listeners with the paths of their files made whole: in the hub file they are relative to its folder. */
export const brokerListeners = (broker: HubConfig['broker'], folder: string): BrokerListeners =>
  Object.fromEntries(
    Object.entries(broker.listeners).flatMap(([name, listener]): [string, BrokerListener][] => {
      if (listener === undefined) return [];
      const file = (key: 'cert' | 'key' | 'ca'): object => (listener[key] === undefined ? {} : { [key]: resolve(folder, listener[key]) });
      return [[name, { ...listener, ...file('cert'), ...file('key'), ...file('ca') }]];
    }),
  );

/** Who may come in: the listeners, and bans, which are kept beside the other small documents. */
export const brokerDoors = (
  broker: HubConfig['broker'],
  folder: string,
  banStore?: BanStore,
): Pick<BrokerOptions, 'listeners' | 'flapping' | 'banStore'> => ({
  listeners: brokerListeners(broker, folder),
  ...(broker.flapping === undefined
    ? {}
    : {
        flapping: {
          disconnects: broker.flapping.disconnects,
          windowMs: parseDurationMs(broker.flapping.window)!,
          banMs: parseDurationMs(broker.flapping.ban)!,
        },
      }),
  ...(banStore === undefined ? {} : { banStore }),
});

/** Gives the running broker other listeners; nothing where they are the same, or where the broker is another one from the next start on. */
export function listenerSteps(broker: unknown, from: HubConfig, to: HubConfig, folder: string): PartStep[] {
  if (!(broker instanceof Broker) || to.broker.url !== undefined) return [];
  const [former, next] = [brokerListeners(from.broker, folder), brokerListeners(to.broker, folder)];
  if (JSON.stringify(former) === JSON.stringify(next)) return [];
  return [{ part: 'broker', run: () => broker.setListeners(next), undo: () => broker.setListeners(former) }];
}
