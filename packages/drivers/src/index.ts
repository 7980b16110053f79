import type { DriverModule } from '@omh/core';
import { modbusSerial, modbusTcp } from './modbus/module.ts';

export { modbusSerial, modbusTcp } from './modbus/module.ts';
export type { ModbusSerialSettings, ModbusTcpSettings } from './modbus/settings.ts';
export { errors as driverErrors } from './errors.ts';
export * from './modbus/probe/index.ts';

/** The drivers in the box, by the id that `driver:` names. */
export const driverModules: readonly DriverModule[] = [modbusTcp, modbusSerial];
