import { ok, type DriverModule, type JsonSchema } from '@omh/core';
import { modbus } from '@omh/wire';
import { ModbusDriver } from './driver.ts';
import { settingsSchema, type ModbusTcpSettings } from './settings.ts';

/** Modbus TCP client (Modbus Application Protocol V1.1b3 over Messaging on TCP/IP V1.0b). */
export const modbusTcp: DriverModule<ModbusTcpSettings> = {
  omhApi: 1,
  id: 'modbus-tcp',
  title: 'Modbus TCP',
  settings: settingsSchema as unknown as JsonSchema,
  capabilities: { read: true, write: true, subscribe: false, browse: false },
  parseAddress(address, tag) {
    const parsed = modbus.parseAddress(address, tag);
    return parsed.ok ? ok({ canonical: modbus.formatAddress(parsed.value), writable: modbus.isWritableArea(parsed.value.area) }) : parsed;
  },
  endpoint: (settings) => `${settings.host}:${settings.port ?? 502}`,
  create: (settings, context) => new ModbusDriver(settings, context),
};
