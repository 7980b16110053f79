import type { HubConfig } from '@omh/config';
import { isLoopback } from '@omh/core';

/** Ports given on the command line; they win over the hub file and are never written to it. */
export interface PortOverrides {
  readonly http?: number;
  readonly mqtt?: number;
  readonly ws?: number;
  readonly modbus?: number;
}

/** A device that reads a simulator of this file follows it to its new port. */
export function withPorts(config: HubConfig, ports: PortOverrides): HubConfig {
  const next = structuredClone(config);
  if (ports.http !== undefined) next.http.port = ports.http;
  const { tcp, ws } = next.broker.listeners;
  if (ports.mqtt !== undefined && tcp) tcp.port = ports.mqtt;
  if (ports.ws !== undefined && ws) ws.port = ports.ws;
  if (ports.modbus === undefined) return next;
  const simulator = Object.values(next.simulators)[0];
  if (!simulator) return next;
  const former = simulator['port'];
  simulator['port'] = ports.modbus;
  for (const device of Object.values(next.devices)) {
    const settings = device.settings as { host?: unknown; port?: unknown };
    if (isLoopback(String(settings.host)) && settings.port === former) settings.port = ports.modbus;
  }
  return next;
}
