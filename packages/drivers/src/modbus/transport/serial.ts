import type { OmhError } from '@omh/core';
import { errors } from '../../errors.ts';
import type { Connection, Transport } from './transport.ts';

export interface SerialOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly stopBits: 1 | 2;
  readonly parity: 'none' | 'even' | 'odd';
  readonly framing: 'rtu' | 'ascii';
}

/** A serial port. The library is loaded only when one is opened. */
export function serialTransport(options: SerialOptions): Transport {
  const { path, baudRate, dataBits, stopBits, parity, framing } = options;
  const bitsPerByte = 1 + dataBits + stopBits + (parity === 'none' ? 0 : 1);
  const byteMs = (bitsPerByte * 1000) / baudRate;
  return {
    place: path,
    isDatagram: false,
    mayBeStale: false,
    // 3.5 characters, and a fixed time above 19200 baud (Modbus over Serial Line V1.02, section 2.5.1.1).
    silenceMs: framing === 'ascii' ? 0 : baudRate > 19_200 ? 1.75 : 3.5 * byteMs,
    wireMs: (bytes) => bytes * byteMs,
    close: () => Promise.resolve(),
    async open(events, signal): Promise<Connection> {
      const calledOff = (): OmhError => errors.DRIVERS_MODBUS_SERIAL_CALLED_OFF({ port: path });
      if (signal.aborted) throw calledOff();
      const { SerialPort } = await import('serialport').catch((cause: unknown) => {
        throw errors.DRIVERS_MODBUS_SERIAL_LIBRARY({ detail: cause instanceof Error ? cause.message : String(cause) }, { cause });
      });
      const port = new SerialPort({ path, baudRate, dataBits, stopBits, parity, autoOpen: false });
      await new Promise<void>((resolve, reject) => {
        port.open((cause) => (cause === null ? resolve() : reject(serialFault(path, cause))));
      });
      let isOver = false;
      const closed = (): Promise<void> =>
        new Promise((resolve) => {
          if (!port.isOpen) resolve();
          else port.close(() => resolve());
        });
      let closing: Promise<void> | undefined;
      const end = (cause: unknown): void => {
        if (isOver) return;
        isOver = true;
        closing ??= closed();
        events.ended(errors.DRIVERS_MODBUS_SERIAL_GONE({ port: path }, { cause }));
      };
      port.on('data', (chunk: Uint8Array) => {
        if (!isOver) events.data(chunk);
      });
      port.on('error', end);
      port.on('close', end);
      const connection: Connection = {
        write(bytes) {
          if (!isOver) port.write(bytes);
        },
        close() {
          isOver = true;
          return (closing ??= closed());
        },
      };
      if (signal.aborted) {
        await connection.close();
        throw calledOff();
      }
      return connection;
    },
  };
}

/** The library says what is wrong only in its message. */
function serialFault(port: string, cause: Error): OmhError {
  const { message } = cause;
  if (/no such file|file not found|ENOENT/i.test(message)) return errors.DRIVERS_MODBUS_SERIAL_MISSING({ port }, { cause });
  if (/permission|denied|EACCES/i.test(message)) return errors.DRIVERS_MODBUS_SERIAL_DENIED({ port }, { cause });
  if (/lock|busy|temporarily unavailable|EBUSY/i.test(message)) return errors.DRIVERS_MODBUS_SERIAL_BUSY({ port }, { cause });
  return errors.DRIVERS_MODBUS_SERIAL_FAILED({ port, detail: message.replace(/^Error:?\s*/, '').replace(/\.$/, '') }, { cause });
}
