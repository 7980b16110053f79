import { FunctionCode } from './function-code.ts';

/** Not enough bytes yet to tell. */
export const lengthUnknown = -1;
/** No such PDU begins here. */
export const noPdu = 0;

const readExceptionStatus = 0x07;
const diagnostics = 0x08;
const commEventCounter = 0x0b;
const commEventLog = 0x0c;
const reportServerId = 0x11;
const readFileRecord = 0x14;
const writeFileRecord = 0x15;
const readWriteRegisters = 0x17;
const readFifoQueue = 0x18;

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
    case readWriteRegisters:
    case commEventLog:
    case reportServerId:
    case readFileRecord:
    case writeFileRecord:
      return there < 2 ? lengthUnknown : bytes[at + 1]! > 251 ? noPdu : 2 + bytes[at + 1]!;
    case FunctionCode.writeSingleCoil:
    case FunctionCode.writeSingleRegister:
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
    case diagnostics:
    case commEventCounter:
      return 5;
    case readExceptionStatus:
      return 2;
    case FunctionCode.maskWriteRegister:
      return 7;
    case readFifoQueue: {
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
    case diagnostics:
      return 5;
    case readExceptionStatus:
    case commEventCounter:
    case commEventLog:
    case reportServerId:
      return 1;
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
      return there < 6 ? lengthUnknown : bytes[at + 5]! > 247 ? noPdu : 6 + bytes[at + 5]!;
    case readFileRecord:
    case writeFileRecord:
      return there < 2 ? lengthUnknown : bytes[at + 1]! > 251 ? noPdu : 2 + bytes[at + 1]!;
    case FunctionCode.maskWriteRegister:
      return 7;
    case readWriteRegisters:
      return there < 10 ? lengthUnknown : bytes[at + 9]! > 243 ? noPdu : 10 + bytes[at + 9]!;
    case readFifoQueue:
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
    case readWriteRegisters:
      return 2 + count * 2;
    case FunctionCode.writeSingleCoil:
    case FunctionCode.writeSingleRegister:
    case FunctionCode.writeMultipleCoils:
    case FunctionCode.writeMultipleRegisters:
    case commEventCounter:
      return 5;
    case readExceptionStatus:
      return 2;
    case FunctionCode.maskWriteRegister:
      return 7;
    case diagnostics:
      return end - start;
    default:
      return 0;
  }
}
