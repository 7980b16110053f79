import type { DriverModule } from '@omh/core';
import { modbusTcp } from './modbus/module.ts';

export { modbusTcp } from './modbus/module.ts';
export type { ModbusTcpSettings } from './modbus/settings.ts';
export { errors as driverErrors } from './errors.ts';

/** The drivers in the box, by the id that `driver:` names. */
export const driverModules: readonly DriverModule[] = [modbusTcp];
