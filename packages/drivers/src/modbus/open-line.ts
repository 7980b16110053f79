import type { DriverContext } from '@omh/core';
import { modbus } from '@omh/wire';
import { Line } from './line.ts';
import type { CommonSettings, ModbusSerialSettings, ModbusTcpSettings } from './settings.ts';
import { withBackup } from './transport/backup.ts';
import { listenTransport } from './transport/listen.ts';
import { serialTransport } from './transport/serial.ts';
import { tcpTransport } from './transport/tcp.ts';
import { tlsTransport } from './transport/tls.ts';
import { hostPort, type Transport } from './transport/transport.ts';
import { udpTransport } from './transport/udp.ts';
import { RequestWindow } from './window.ts';

const connectTimeoutMs = 3000;
/** A device that dials in does so when it likes; after this the sentence says that none has. */
const callTimeoutMs = 5000;

/** How a device's line is made, and the name under which others find it; undefined for a line of its own. */
export interface LinePlan {
  readonly key: string | undefined;
  readonly signature: string;
  make(released?: (line: Line) => void): Line;
}

/** The line that the plan names: a shared one that is there already, or a new one. */
export function lineOf(plan: LinePlan, shared: Map<string, unknown> | undefined): Line {
  const { key } = plan;
  if (key === undefined || shared === undefined) return plan.make();
  const there = shared.get(key);
  if (there instanceof Line) return there;
  const made = plan.make((line) => {
    if (shared.get(key) === line) shared.delete(key);
  });
  shared.set(key, made);
  return made;
}

const delayOf = (s: CommonSettings): number => s.interRequestDelay ?? 0;

export function tcpLine(s: ModbusTcpSettings, timeoutMs: number | undefined, { clock, log }: DriverContext): LinePlan {
  const { framing = 'mbap', listen, backup, window = 'auto', sharedLink = false } = s;
  const connectMs = Math.max(connectTimeoutMs, timeoutMs ?? 0);
  const isSingle = framing !== 'mbap' || s.transport === 'udp';
  const isShared = listen === undefined && (sharedLink || framing !== 'mbap');
  const signature = JSON.stringify([s.transport ?? 'tcp', framing, window, delayOf(s), backup ?? null, s.tls ?? null]);
  const transport = (): Transport => {
    if (listen !== undefined) {
      const { host = '0.0.0.0', port, allow } = listen;
      const more = { ...(allow !== undefined && { allow }), ...(s.transport === 'tls' && { tls: s.tls ?? {} }) };
      return listenTransport({ host, port, ...more, timeoutMs: callTimeoutMs, clock, log });
    }
    const main = way(s, s.host ?? '', portOf(s), connectMs, clock);
    return backup === undefined ? main : withBackup(main, way(s, backup.host, backup.port ?? portOf(s), connectMs, clock));
  };
  return {
    key: isShared ? `modbus ${s.transport ?? 'tcp'} ${s.host}:${portOf(s)}` : undefined,
    signature,
    make: (released) =>
      new Line({
        transport: transport(),
        framing: modbus.framings[framing],
        window: new RequestWindow(isSingle && (framing !== 'mbap' || window === 'auto') ? 1 : window),
        delayMs: delayOf(s),
        echo: false,
        clock,
        signature,
        ...(released !== undefined && { released }),
      }),
  };
}

function way(s: ModbusTcpSettings, host: string, port: number, timeoutMs: number, clock: DriverContext['clock']): Transport {
  const options = { host, port, timeoutMs, clock };
  if (s.transport === 'udp') return udpTransport(options);
  return s.transport === 'tls' ? tlsTransport({ ...options, tls: s.tls ?? {} }) : tcpTransport(options);
}

export const portOf = (s: ModbusTcpSettings): number => s.port ?? (s.transport === 'tls' ? 802 : 502);

/** Where the device is, for people. */
export function tcpEndpoint(s: ModbusTcpSettings): string {
  if (s.listen !== undefined) return `dials in to ${hostPort(s.listen.host ?? '0.0.0.0', s.listen.port)}`;
  const main = hostPort(s.host ?? '', portOf(s));
  return s.backup === undefined ? main : `${main}, backup ${hostPort(s.backup.host, s.backup.port ?? portOf(s))}`;
}

export function serialLine(s: ModbusSerialSettings, { clock }: DriverContext): LinePlan {
  const { port: path, baudRate = 9600, dataBits = 8, stopBits = 1, parity = 'none', framing = 'rtu', echo = false } = s;
  const signature = JSON.stringify([baudRate, dataBits, stopBits, parity, framing, echo, delayOf(s)]);
  return {
    key: `modbus serial ${path}`,
    signature,
    make: (released) =>
      new Line({
        transport: serialTransport({ path, baudRate, dataBits, stopBits, parity, framing }),
        framing: modbus.framings[framing],
        window: new RequestWindow(1),
        delayMs: delayOf(s),
        echo,
        clock,
        signature,
        ...(released !== undefined && { released }),
      }),
  };
}
