/** Exception codes (V1.1b3, section 7). */
export const ExceptionCode = Object.freeze({
  illegalFunction: 0x01,
  illegalDataAddress: 0x02,
  illegalDataValue: 0x03,
  serverDeviceFailure: 0x04,
  acknowledge: 0x05,
  serverDeviceBusy: 0x06,
  negativeAcknowledge: 0x07,
  memoryParityError: 0x08,
  gatewayPathUnavailable: 0x0a,
  gatewayTargetNoResponse: 0x0b,
});

export interface ExceptionMeaning {
  /** The name the specification gives it. */
  readonly name: string;
  /** What follows "because": a clause without a full stop. */
  readonly because: string;
  /** True where the same request may be answered a little later. */
  readonly passing: boolean;
}

const meanings: Readonly<Record<number, ExceptionMeaning>> = {
  0x01: { name: 'illegal function', because: 'it does not know this function', passing: false },
  0x02: { name: 'illegal data address', because: 'it has no such address', passing: false },
  0x03: { name: 'illegal data value', because: 'it does not accept this value or this number of points', passing: false },
  0x04: { name: 'server device failure', because: 'it failed while it carried out the request', passing: false },
  0x05: { name: 'acknowledge', because: 'it needs longer to carry it out', passing: true },
  0x06: { name: 'server device busy', because: 'it is busy with another command', passing: true },
  0x07: { name: 'negative acknowledge', because: 'it cannot carry out this command', passing: false },
  0x08: { name: 'memory parity error', because: 'its memory reports a parity error', passing: false },
  0x0a: { name: 'gateway path unavailable', because: 'the gateway has no path to this unit', passing: true },
  0x0b: { name: 'gateway target device failed to respond', because: 'the gateway gets no answer from this unit', passing: true },
};

/** Meaning of an exception code; an unknown code gets a sentence that names its number. */
export const exceptionMeaning = (code: number): ExceptionMeaning =>
  meanings[code] ?? { name: `exception ${code}`, because: `it answers with the unknown exception ${code}`, passing: false };
