import type { FrameSummary } from '@omh/core';
import { modbus } from '@omh/wire';

const { FunctionCode } = modbus;

/** One frame of a Modbus link in a few words; undefined where the bytes are no whole frame. */
export function describeFrame(frame: Uint8Array, direction: 'tx' | 'rx', framing: modbus.FramingName): FrameSummary | undefined {
  let out: FrameSummary | undefined;
  const fault = modbus.framings[framing]
    .scanner(
      (bytes, start, end, unit, transaction) => {
        out ??= { unit, ...(transaction < 0 ? {} : { transaction }), ...describePdu(bytes.slice(start, end), direction) };
      },
      direction === 'tx' ? 'server' : 'client',
    )
    .push(frame);
  return fault === undefined ? out : undefined;
}

function describePdu(pdu: Uint8Array, direction: 'tx' | 'rx'): FrameSummary {
  const code = pdu[0] ?? 0;
  const functionName = modbus.functionName(code & 0x7f);
  const own = { function: code & 0x7f, functionName };
  if ((code & 0x80) !== 0) {
    const exception = pdu[1] ?? 0xff;
    return { ...own, exception, text: `${functionName}: ${modbus.exceptionMeaning(exception).name}` };
  }
  const place = direction === 'tx' ? requested(code, pdu) : answered(code, pdu);
  if (place === undefined) return { ...own, text: direction === 'tx' ? functionName : `${functionName}: answer` };
  const { address, count, is } = place;
  const span = address === undefined ? '' : count === undefined || count === 1 ? ` ${address}` : ` ${address}–${address + count - 1}`;
  return {
    ...own,
    ...(address === undefined ? {} : { address }),
    ...(count === undefined ? {} : { count }),
    text: `${functionName}${span}${is === undefined ? '' : ` = ${is}`}${direction === 'rx' ? ': answer' : ''}`,
  };
}

interface Place {
  readonly address?: number;
  readonly count?: number;
  readonly is?: number | string;
}

function requested(code: number, pdu: Uint8Array): Place | undefined {
  if (pdu.length < 3 || code === FunctionCode.encapsulatedInterface) return undefined;
  const address = word(pdu, 1);
  const value = pdu.length < 5 ? 0 : word(pdu, 3);
  switch (code) {
    case FunctionCode.readCoils:
    case FunctionCode.readDiscreteInputs:
    case FunctionCode.readHoldingRegisters:
    case FunctionCode.readInputRegisters:
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
      return { address, count: value };
    case FunctionCode.writeSingleCoil:
      return { address, count: 1, is: value === 0 ? 'off' : 'on' };
    case FunctionCode.writeSingleRegister:
      return { address, count: 1, is: value };
    case FunctionCode.maskWriteRegister:
      return { address, count: 1 };
    default:
      return undefined;
  }
}

/** Answers to reads say only how many bytes they bring. */
function answered(code: number, pdu: Uint8Array): Place | undefined {
  if (code === FunctionCode.readHoldingRegisters || code === FunctionCode.readInputRegisters) return { count: (pdu[1] ?? 0) >> 1 };
  if (code <= FunctionCode.readDiscreteInputs) return undefined;
  return requested(code, pdu);
}

const word = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
