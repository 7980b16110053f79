import { Device, type Cycles, type LastValues } from '@omh/acquisition';
import type { HubConfig } from '@omh/config';
import { MqttApp } from '@omh/connectors';
import type { Clock, Historian, Logger, MessageBus } from '@omh/core';
import { driverModules } from '@omh/drivers';
import { Rule } from '@omh/rules';
import { createSimulator, type Simulator, type SimulatorConfig } from '@omh/simulators';
import type { PlantDevice } from './plant.ts';

/** What the parts are connected with. */
export interface Wiring {
  readonly bus: MessageBus;
  readonly historian: Historian;
  readonly cycles: Cycles;
  readonly values: LastValues;
  readonly clock: Clock;
  readonly log: Logger;
}

export const makeSimulator = (name: string, config: HubConfig, { clock, log }: Pick<Wiring, 'clock' | 'log'>): Simulator =>
  createSimulator(name, config.simulators[name] as unknown as SimulatorConfig, { clock, log: log.child({ part: `simulator/${name}` }) });

export function makeDevice({ name, path, groups }: PlantDevice, config: HubConfig, { cycles, values, clock, log }: Wiring): Device {
  const { driver, settings } = config.devices[name]!;
  return new Device({
    name,
    module: driverModules.find((m) => m.id === driver)!,
    settings,
    path,
    groups,
    clock,
    log: log.child({ part: `device/${name}` }),
    emit: (cycle) => cycles.emit(cycle),
    counts: () => values.counts(name),
  });
}

export const makeRule = (name: string, config: HubConfig, { bus, historian, clock, log }: Wiring): Rule =>
  new Rule(name, config.rules[name]!, { bus, historian, clock, log: log.child({ part: `rule/${name}` }) });

export function makeApp(name: string, config: HubConfig, { bus, cycles, clock, log }: Wiring): MqttApp {
  const { settings, subscriptions } = config.apps[name]!;
  return new MqttApp({
    name,
    settings,
    subscriptions,
    bus,
    clock,
    log: log.child({ part: `app/${name}` }),
    onGroup: (device, group, listener) => cycles.onGroup(device, group, listener),
  });
}
