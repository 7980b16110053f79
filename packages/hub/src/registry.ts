import type { Registry } from '@omh/config';
import { appSchemas } from '@omh/connectors';
import { dashboardSchema } from '@omh/dashboards';
import { driverModules } from '@omh/drivers';
import { simulatorSchemas } from '@omh/simulators';
import { checkRuleSql } from '@omh/rules';
import { silentLogger, systemClock, type JsonSchema, type Tag, type TagId } from '@omh/core';

/** What the hub file may name: the drivers, simulators, apps and rule functions that are in the house. */
export const registry: Registry = {
  drivers: new Map(driverModules.map((module) => [module.id, module])),
  simulators: simulatorSchemas,
  apps: appSchemas,
  dashboard: dashboardSchema as unknown as JsonSchema,
  checkRuleSql,
  requestsPerCycle(id, settings, tags) {
    const module = driverModules.find((m) => m.id === id);
    if (module === undefined) return undefined;
    try {
      const driver = module.create(settings, { device: '', clock: systemClock, log: silentLogger, onLost: () => {} });
      return driver.compile(tags.map((tag): Tag => ({ ...tag, id: 1 as TagId, device: '', group: '', path: '' }))).requests.length;
    } catch {
      return undefined;
    }
  },
};
