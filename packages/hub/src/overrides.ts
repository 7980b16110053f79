import type { HubConfig } from '@omh/config';
import { isLoopback } from '@omh/core';

/** Ports given on the command line; they win over the hub file and are never written to it. */
export interface PortOverrides {
  readonly http?: number;
  readonly mqtt?: number;
  readonly ws?: number;
  readonly modbus?: number;
}

/** A device that reads a simulator of this file follows it to its new port. Only what changes is copied. */
export function withPorts(config: HubConfig, ports: PortOverrides): HubConfig {
  const { tcp, ws } = config.broker.listeners;
  const listeners = {
    ...(tcp && { tcp: ports.mqtt === undefined ? tcp : { ...tcp, port: ports.mqtt } }),
    ...(ws && { ws: ports.ws === undefined ? ws : { ...ws, port: ports.ws } }),
  };
  const http = ports.http === undefined ? config.http : { ...config.http, port: ports.http };
  const next: HubConfig = { ...config, http, broker: { ...config.broker, listeners } };
  const [first] = Object.entries(config.simulators);
  if (ports.modbus === undefined || first === undefined) return next;
  const [name, simulator] = first;
  const former = simulator['port'];
  next.simulators = { ...config.simulators, [name]: { ...simulator, port: ports.modbus } };
  next.devices = Object.fromEntries(
    Object.entries(config.devices).map(([device, block]) => {
      const settings = block.settings as { host?: unknown; port?: unknown };
      const follows = isLoopback(String(settings.host)) && settings.port === former;
      return [device, follows ? { ...block, settings: { ...settings, port: ports.modbus } } : block];
    }),
  );
  return next;
}
