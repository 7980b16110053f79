import { modbus } from '@omh/wire';

const { DiagnosticCode } = modbus;

/** The counters that FC 08 tells (V1.1b3, section 6.8). */
export class DiagnosticCounters {
  messages = 0;
  exceptions = 0;
  #events = 0;

  /** FC 0B: a status word of 0, for not busy, and what was carried out. */
  get events(): number {
    return this.#events;
  }
  count(isException: boolean): void {
    this.messages = (this.messages + 1) & 0xffff;
    if (isException) this.exceptions = (this.exceptions + 1) & 0xffff;
    else this.#events = (this.#events + 1) & 0xffff;
  }

  /** The answer to FC 08, or the exception code. */
  answer(pdu: Uint8Array): Uint8Array | number {
    const asked = modbus.decodeDiagnostics(pdu);
    if (asked === undefined) return modbus.ExceptionCode.illegalDataValue;
    switch (asked.code) {
      case DiagnosticCode.returnQueryData:
        return pdu.slice();
      case DiagnosticCode.clearCounters:
        if (asked.data !== 0) return modbus.ExceptionCode.illegalDataValue;
        this.messages = this.exceptions = this.#events = 0;
        return pdu.slice();
      case DiagnosticCode.busMessages:
      case DiagnosticCode.serverMessages:
        return modbus.encodeDiagnostics(asked.code, this.messages);
      case DiagnosticCode.exceptions:
        return modbus.encodeDiagnostics(asked.code, this.exceptions);
      case DiagnosticCode.communicationErrors:
      case DiagnosticCode.serverNoResponse:
      case DiagnosticCode.serverNegativeAcknowledge:
      case DiagnosticCode.serverBusy:
      case DiagnosticCode.characterOverruns:
        return modbus.encodeDiagnostics(asked.code, 0);
      default:
        return modbus.ExceptionCode.illegalDataValue;
    }
  }
}
