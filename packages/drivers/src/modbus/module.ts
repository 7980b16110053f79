import { ok, type DriverModule, type JsonSchema } from '@omh/core';
import { modbus } from '@omh/wire';
import { describeFrame } from './describe-frame.ts';
import { ModbusDriver } from './driver.ts';
import { serialLine, tcpEndpoint, tcpLine } from './open-line.ts';
import { serialSettingsSchema, tcpSettingsSchema } from './settings-schema.ts';
import { resolveSettings, type ModbusSerialSettings, type ModbusTcpSettings } from './settings.ts';

const capabilities = { read: true, write: true, subscribe: false, browse: false };

const parseAddress: DriverModule['parseAddress'] = (address, tag, settings = {}) => {
  const addressing = modbus.addressingOf(settings);
  const parsed = modbus.parseAddress(address, tag, addressing);
  return parsed.ok
    ? ok({ canonical: modbus.formatAddress(parsed.value, addressing), writable: modbus.isWritableArea(parsed.value.area) })
    : parsed;
};

/** Modbus over a network: TCP, TLS, UDP, RTU and ASCII over TCP, and devices that dial in (Modbus Application Protocol V1.1b3). */
export const modbusTcp: DriverModule<ModbusTcpSettings> = {
  omhApi: 1,
  id: 'modbus-tcp',
  title: 'Modbus TCP',
  settings: tcpSettingsSchema as unknown as JsonSchema,
  capabilities,
  parseAddress,
  endpoint: tcpEndpoint,
  create(settings, context) {
    const common = resolveSettings(settings);
    return new ModbusDriver(common, tcpLine(settings, common.timeoutMs, context), context);
  },
  describeFrame: (frame, direction, { framing = 'mbap' }) => describeFrame(frame, direction, framing),
};

/** Modbus RTU and ASCII on a serial port (Modbus over Serial Line V1.02). */
export const modbusSerial: DriverModule<ModbusSerialSettings> = {
  omhApi: 1,
  id: 'modbus-serial',
  title: 'Modbus serial',
  settings: serialSettingsSchema as unknown as JsonSchema,
  capabilities,
  parseAddress,
  endpoint: (settings) => settings.port,
  create: (settings, context) => new ModbusDriver(resolveSettings(settings), serialLine(settings, context), context),
  describeFrame: (frame, direction, { framing = 'rtu' }) => describeFrame(frame, direction, framing),
};
