import type { Registry } from '@omh/config';
import { appSchemas } from '@omh/connectors';
import { dashboardSchema } from '@omh/dashboards';
import { driverModules } from '@omh/drivers';
import { simulatorSchemas } from '@omh/simulators';
import { checkRuleSql } from '@omh/rules';
import type { JsonSchema } from '@omh/core';

/** What the hub file may name: the drivers, simulators, apps and rule functions that are in the house. */
export const registry: Registry = {
  drivers: new Map(driverModules.map((module) => [module.id, module])),
  simulators: simulatorSchemas,
  apps: appSchemas,
  dashboard: dashboardSchema as unknown as JsonSchema,
  checkRuleSql,
};
