import { modbus } from '@omh/wire';
import type { FaultOf } from './config.ts';
import type { Fault } from './fault.ts';

const places = (fault: { readonly from?: number; readonly to?: number }): string =>
  fault.from === undefined
    ? 'everything'
    : fault.to === undefined || fault.to === fault.from
      ? `address ${fault.from}`
      : `addresses ${fault.from} to ${fault.to}`;

/** Refuses requests for a range: those that touch it, those that ask for nothing else, or those that take a part of it. */
export function refuse(config: FaultOf<'refuse'>): Fault {
  const { code = modbus.ExceptionCode.illegalDataAddress, rule = 'any', from, to = from } = config;
  const how = { any: '', all: ' where nothing else is asked for', straddle: ' where only a part is asked for' }[rule];
  return {
    text: `It refuses ${places(config)}${how}: ${modbus.exceptionMeaning(code).name} (exception ${code}).`,
    refuse({ start, count }) {
      if (rule === 'any' || from === undefined || to === undefined) return code;
      const whole = start <= from && start + count > to;
      const nothingElse = start >= from && start + count - 1 <= to;
      return (rule === 'all' ? nothingElse : !whole) ? code : undefined;
    },
  };
}

const always = (code: number): Fault => ({
  text: `It answers "${modbus.exceptionMeaning(code).name}" (exception ${code}).`,
  refuse: () => code,
});

export const busy = (): Fault => always(modbus.ExceptionCode.serverDeviceBusy);
export const gateway = (config: FaultOf<'gateway'>): Fault => always(config.code ?? modbus.ExceptionCode.gatewayTargetNoResponse);
