/** The four tables of a Modbus device (Modbus Application Protocol V1.1b3, section 4.3). */
export const areas = ['coil', 'discrete', 'input', 'holding'] as const;
export type Area = (typeof areas)[number];

/** What is read otherwise: a FIFO queue, a counter of the diagnostics. */
export const queries = ['fifo', 'diagnostic'] as const;
export type Query = (typeof queries)[number];
/** All that reads ask for. */
export type Source = Area | Query;
export const sources: readonly Source[] = [...areas, ...queries];

/** Function codes of this codec (V1.1b3, section 6). */
export const FunctionCode = Object.freeze({
  readCoils: 0x01,
  readDiscreteInputs: 0x02,
  readHoldingRegisters: 0x03,
  readInputRegisters: 0x04,
  writeSingleCoil: 0x05,
  writeSingleRegister: 0x06,
  readExceptionStatus: 0x07,
  diagnostics: 0x08,
  commEventCounter: 0x0b,
  commEventLog: 0x0c,
  writeMultipleCoils: 0x0f,
  writeMultipleRegisters: 0x10,
  reportServerId: 0x11,
  readFileRecord: 0x14,
  writeFileRecord: 0x15,
  maskWriteRegister: 0x16,
  readWriteRegisters: 0x17,
  readFifoQueue: 0x18,
  encapsulatedInterface: 0x2b,
});

const names: Readonly<Record<number, string>> = {
  0x01: 'read coils',
  0x02: 'read discrete inputs',
  0x03: 'read holding registers',
  0x04: 'read input registers',
  0x05: 'write single coil',
  0x06: 'write single register',
  0x07: 'read exception status',
  0x08: 'diagnostics',
  0x0b: 'get comm event counter',
  0x0c: 'get comm event log',
  0x0f: 'write multiple coils',
  0x10: 'write multiple registers',
  0x11: 'report server id',
  0x14: 'read file record',
  0x15: 'write file record',
  0x16: 'mask write register',
  0x17: 'read/write multiple registers',
  0x18: 'read FIFO queue',
  0x2b: 'read device identification',
};

/** What a function does, in words; `function 0x41` for one that this codec does not know. */
export const functionName = (code: number): string => names[code] ?? `function 0x${code.toString(16).padStart(2, '0')}`;

/** The function that reads an area, or asks for something else. */
export const readFunctionOf: Readonly<Record<Source, number>> = Object.freeze({
  coil: FunctionCode.readCoils,
  discrete: FunctionCode.readDiscreteInputs,
  input: FunctionCode.readInputRegisters,
  holding: FunctionCode.readHoldingRegisters,
  fifo: FunctionCode.readFifoQueue,
  diagnostic: FunctionCode.diagnostics,
});

/** True for the areas whose points are single bits. */
export const isBitArea = (area: Source): boolean => area === 'coil' || area === 'discrete';

/** Most points one request may carry (V1.1b3, section 6). */
export const maxReadRegisters = 125;
export const maxReadBits = 2000;
export const maxWriteRegisters = 123;
export const maxWriteBits = 1968;
/** Most registers that one request of FC 17 writes. */
export const maxReadWriteRegisters = 121;
