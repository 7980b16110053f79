import { pemKey, secretKey } from '@omh/access';
import { expressionFault } from '@omh/acquisition';
import type { AuthenticatorConfig, Registry } from '@omh/config';
import { appSchemas } from '@omh/connectors';
import { dashboardSchema } from '@omh/dashboards';
import { brokerLimitsSchema, rewritePatternFault } from '@omh/broker';
import { driverModules } from '@omh/drivers';
import { simulatorFaults, simulatorSchemas, type SimulatorConfig } from '@omh/simulators';
import { checkRuleSql } from '@omh/rules';
import { nearest, OmhError, silentLogger, systemClock, type DriverModule, type JsonSchema, type Tag, type TagId } from '@omh/core';

/** So many names are compared with one that is not known. */
const nearestOf = 5000;

const drivers = new Map<string, DriverModule>();
/** Makes a driver one that devices may name. */
export function addDriver(driver: DriverModule<never>): void {
  drivers.set(driver.id, driver);
}
for (const driver of driverModules) addDriver(driver);

export const driverModule = (id: string): DriverModule | undefined => drivers.get(id);

/** What the hub file may name: the drivers, simulators, apps and rule functions that are in the house, and what plugins brought. */
export const registry: Registry = {
  drivers,
  simulators: simulatorSchemas,
  simulatorFaults: (block) => simulatorFaults(block as unknown as SimulatorConfig),
  apps: appSchemas,
  dashboard: dashboardSchema as unknown as JsonSchema,
  brokerLimits: brokerLimitsSchema,
  checkRuleSql,
  expressionFault: (text, names) => expressionFault(text, names, (name, known) => nearest(name, known, nearestOf)),
  patternFault: rewritePatternFault,
  authenticatorFault,
  requestsPerCycle(id, settings, tags) {
    const module = drivers.get(id);
    if (module === undefined) return undefined;
    try {
      const driver = module.create(settings, { device: '', clock: systemClock, log: silentLogger, onLost: () => {} });
      return driver.compile(tags.map((tag): Tag => ({ ...tag, id: 1 as TagId, device: '', group: '', path: '' }))).requests.length;
    } catch {
      return undefined;
    }
  },
};

function authenticatorFault(entry: AuthenticatorConfig): { key: string; why: string } | undefined {
  if (entry.type !== 'jwt') return undefined;
  const { secret, base64, publicKey } = entry;
  const key = secret === undefined ? 'publicKey' : 'secret';
  try {
    if (secret !== undefined) secretKey(secret, base64);
    else if (publicKey !== undefined) pemKey(publicKey);
  } catch (thrown) {
    return { key, why: thrown instanceof OmhError ? String(thrown.params['fault']) : 'it is not understood' };
  }
  return undefined;
}
