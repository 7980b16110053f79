import { FunctionCode } from './function-code.ts';

/** Not enough bytes yet to tell. */
export const lengthUnknown = -1;
/** No such PDU begins here. */
export const noPdu = 0;

/** Bytes of the answer PDU that begins at `at` (V1.1b3, section 6), {@link lengthUnknown} or {@link noPdu}; `end` bounds what is there. */
export function answerPduLength(bytes: Uint8Array, at: number, end: number): number {
  const fn = bytes[at]!;
  const there = end - at;
  if (fn & 0x80) return 2;
  switch (fn) {
    case FunctionCode.readCoils:
    case FunctionCode.readDiscreteInputs:
    case FunctionCode.readHoldingRegisters:
    case FunctionCode.readInputRegisters:
    case FunctionCode.readWriteRegisters:
    case FunctionCode.commEventLog:
    case FunctionCode.reportServerId:
    case FunctionCode.readFileRecord:
    case FunctionCode.writeFileRecord:
      return there < 2 ? lengthUnknown : bytes[at + 1]! > 251 ? noPdu : 2 + bytes[at + 1]!;
    case FunctionCode.writeSingleCoil:
    case FunctionCode.writeSingleRegister:
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
    case FunctionCode.diagnostics:
    case FunctionCode.commEventCounter:
      return 5;
    case FunctionCode.readExceptionStatus:
      return 2;
    case FunctionCode.maskWriteRegister:
      return 7;
    case FunctionCode.readFifoQueue: {
      if (there < 3) return lengthUnknown;
      const count = (bytes[at + 1]! << 8) | bytes[at + 2]!;
      return count > 250 ? noPdu : 3 + count;
    }
    case FunctionCode.encapsulatedInterface:
      return there < 2 ? lengthUnknown : bytes[at + 1] === 0x0e ? identificationLength(bytes, at, end) : noPdu;
    default:
      return noPdu;
  }
}

function identificationLength(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 7) return lengthUnknown;
  let length = 7;
  for (let i = 0; i < bytes[at + 6]!; i++) {
    if (at + length + 1 >= end) return lengthUnknown;
    length += 2 + bytes[at + length + 1]!;
    if (length > 253) return noPdu;
  }
  return length;
}

/** The same for a request. */
export function requestPduLength(bytes: Uint8Array, at: number, end: number): number {
  const there = end - at;
  switch (bytes[at]) {
    case FunctionCode.readCoils:
    case FunctionCode.readDiscreteInputs:
    case FunctionCode.readHoldingRegisters:
    case FunctionCode.readInputRegisters:
    case FunctionCode.writeSingleCoil:
    case FunctionCode.writeSingleRegister:
    case FunctionCode.diagnostics:
      return 5;
    case FunctionCode.readExceptionStatus:
    case FunctionCode.commEventCounter:
    case FunctionCode.commEventLog:
    case FunctionCode.reportServerId:
      return 1;
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
      return there < 6 ? lengthUnknown : bytes[at + 5]! > 247 ? noPdu : 6 + bytes[at + 5]!;
    case FunctionCode.readFileRecord:
    case FunctionCode.writeFileRecord:
      return there < 2 ? lengthUnknown : bytes[at + 1]! > 251 ? noPdu : 2 + bytes[at + 1]!;
    case FunctionCode.maskWriteRegister:
      return 7;
    case FunctionCode.readWriteRegisters:
      return there < 10 ? lengthUnknown : bytes[at + 9]! > 243 ? noPdu : 10 + bytes[at + 9]!;
    case FunctionCode.readFifoQueue:
      return 3;
    case FunctionCode.encapsulatedInterface:
      return there < 2 ? lengthUnknown : bytes[at + 1] === 0x0e ? 4 : noPdu;
    default:
      return noPdu;
  }
}

/** Bytes of the answer PDU to the request `bytes[start … end)` when it is no refusal; 0 where only the answer tells. */
export function expectedPduLength(bytes: Uint8Array, start: number, end: number): number {
  const count = (bytes[start + 3]! << 8) | bytes[start + 4]!;
  switch (bytes[start]) {
    case FunctionCode.readCoils:
    case FunctionCode.readDiscreteInputs:
      return 2 + ((count + 7) >> 3);
    case FunctionCode.readHoldingRegisters:
    case FunctionCode.readInputRegisters:
    case FunctionCode.readWriteRegisters:
      return 2 + count * 2;
    case FunctionCode.writeSingleCoil:
    case FunctionCode.writeSingleRegister:
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
    case FunctionCode.commEventCounter:
      return 5;
    case FunctionCode.readExceptionStatus:
      return 2;
    case FunctionCode.maskWriteRegister:
      return 7;
    case FunctionCode.diagnostics:
      return end - start;
    default:
      return 0;
  }
}
