import { Quality, type Reason } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';

/** The quality that an exception of the device gives a tag. */
export function refusalQuality(code: number): Quality {
  switch (code) {
    case modbus.ExceptionCode.illegalFunction:
    case modbus.ExceptionCode.illegalDataAddress:
    case modbus.ExceptionCode.illegalDataValue:
      return Quality.badAddressRefused;
    case modbus.ExceptionCode.gatewayPathUnavailable:
    case modbus.ExceptionCode.gatewayTargetNoResponse:
      return Quality.badNoCommunication;
    default:
      return Quality.badDeviceFailure;
  }
}

/** `demo refuses to read 1!400003: it has no such address (exception 2).` */
export const refusalReason = (device: string, what: 'read' | 'write', address: string, code: number): Reason =>
  errors.DRIVERS_MODBUS_REFUSES({ device, what, address, because: modbus.exceptionMeaning(code).because, code }).reason();

/** Exceptions that may concern one point of several: the request is worth splitting. */
export const concernsOnePoint = (code: number): boolean => code >= 1 && code <= 4;
