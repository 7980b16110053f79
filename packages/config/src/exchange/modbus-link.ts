import { said } from './tags-read.ts';
import type { ReadDevice } from './tags-read.ts';

/** A way to Modbus devices, in the words of the file it comes from; what is undefined keeps the driver's default. */
export interface TcpLink {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly timeout: string | undefined;
  readonly udp?: boolean;
  /** Serial servers pass RTU or ASCII frames on. */
  readonly framing?: 'rtu' | 'ascii' | undefined;
}
export interface SerialLink {
  readonly port: string | undefined;
  readonly baudRate: number | undefined;
  readonly dataBits: number | undefined;
  readonly stopBits: number | undefined;
  /** N, E or O, or the words. */
  readonly parity: string | undefined;
  readonly timeout: string | undefined;
  readonly ascii: boolean;
}

export const tcpDevice = ({ host, port, timeout, udp, framing }: TcpLink): ReadDevice => ({
  driver: 'modbus-tcp',
  settings: said({ host, port, timeout, transport: udp === true ? 'udp' : undefined, framing }),
});

const parities: Readonly<Record<string, string>> = { e: 'even', o: 'odd' };
export const serialDevice = ({ port, baudRate, dataBits, stopBits, parity, timeout, ascii }: SerialLink): ReadDevice => ({
  driver: 'modbus-serial',
  settings: said({
    port,
    baudRate: baudRate === 9600 ? undefined : baudRate,
    dataBits: dataBits === 8 ? undefined : dataBits,
    stopBits: stopBits === 1 ? undefined : stopBits,
    parity: parities[(parity ?? '').slice(0, 1).toLowerCase()],
    framing: ascii ? 'ascii' : undefined,
    timeout,
  }),
});
