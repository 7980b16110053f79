import { OmhError, type DeviceIdentity } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../errors.ts';
import type { ModbusLink } from './link.ts';

interface Question {
  readonly unit: number;
  readonly device: string;
  readonly timeoutMs: number;
}

const basic = 1;
const regular = 2;
/** More parts than any device has. */
const maxParts = 32;
const names: Readonly<Record<number, string>> = {
  0: 'VendorName',
  1: 'ProductCode',
  2: 'MajorMinorRevision',
  3: 'VendorUrl',
  4: 'ProductName',
  5: 'ModelName',
  6: 'UserApplicationName',
};

/**
 * Asks for the regular objects, which include the basic ones, and for the basic ones alone where the device refuses that; follows "more
 * follows". A device that knows neither is asked for its server id. Rejects with DRIVERS_MODBUS_NO_IDENTITY, _NO_ANSWER or _NOT_OPEN.
 */
export async function identify(link: ModbusLink, question: Question): Promise<DeviceIdentity> {
  const all = await objectsOf(link, question, regular);
  const found = typeof all === 'number' && all !== modbus.ExceptionCode.illegalFunction ? await objectsOf(link, question, basic) : all;
  if (typeof found !== 'number') return found;
  const server = await serverId(link, question);
  if (server === undefined) throw unknown(question, modbus.exceptionMeaning(found).because);
  return server;
}

/** What older devices know instead (V1.1b3, section 6.13). */
async function serverId(link: ModbusLink, question: Question): Promise<DeviceIdentity | undefined> {
  const pdu = await ask(link, question, modbus.encodeReportServerId());
  const answer = pdu instanceof OmhError ? undefined : modbus.decodeServerId(pdu);
  if (answer === undefined || answer.id.length === 0) return undefined;
  // Makers put a number, a name, or both there.
  const isText = answer.id.every((byte) => byte >= 0x20 && byte < 0x7f);
  const text = isText ? String.fromCharCode(...answer.id) : Array.from(answer.id, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return { ServerId: text.trim(), ...(answer.isRunning !== undefined && { RunIndicator: answer.isRunning ? 'on' : 'off' }) };
}

/** The exception code where the device refuses. */
async function objectsOf(link: ModbusLink, question: Question, code: number): Promise<DeviceIdentity | number> {
  const out: Record<string, string> = {};
  let object = 0;
  for (let part = 0; part < maxParts; part++) {
    const pdu = await ask(link, question, modbus.encodeIdentify(code, object));
    if (pdu instanceof OmhError) throw pdu;
    const exception = modbus.exceptionIn(pdu, 0);
    if (exception !== 0) return exception;
    const answer = modbus.decodeIdentification(pdu);
    if (answer === undefined) throw unknown(question, 'its answer cannot be read');
    for (const [id, text] of answer.objects) out[names[id] ?? `Object${id}`] = text;
    if (answer.next === undefined || answer.next <= object) break;
    object = answer.next;
  }
  return out;
}

const unknown = ({ unit, device }: Question, detail: string): OmhError => errors.DRIVERS_MODBUS_NO_IDENTITY({ unit, device, detail });

function ask(link: ModbusLink, { unit, device, timeoutMs }: Question, request: Uint8Array): Promise<Uint8Array | OmhError> {
  return new Promise((resolve) => {
    link.submit({
      unit,
      timeoutMs,
      transaction: 0,
      sentAt: 0,
      deadline: 0,
      frame: modbus.frameOf(0, unit, request),
      withdrawn: () => false,
      settle(outcome, bytes, start, end) {
        if (outcome === 'answer') resolve(bytes.slice(start, end));
        else if (outcome === 'lost') resolve(errors.DRIVERS_MODBUS_NOT_OPEN({ device }));
        else resolve(errors.DRIVERS_MODBUS_NO_ANSWER({ unit, device, ms: timeoutMs }));
      },
    });
    link.pump();
  });
}
