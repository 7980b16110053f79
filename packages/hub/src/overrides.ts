import type { HubConfig } from '@omh/config';
import { isLoopback } from '@omh/core';

/** What was given when the hub was started; it wins over the hub file and is never written to it. */
export interface PortOverrides {
  readonly http?: number;
  readonly mqtt?: number;
  readonly ws?: number;
  readonly modbus?: number;
  /** HTTP and MQTT listen on this machine only, wherever the file says. */
  readonly loopback?: true;
}

/** A device that reads a simulator of this file follows it to its new port. Only what changes is copied. */
export function withPorts(config: HubConfig, ports: PortOverrides): HubConfig {
  const placed = <L extends { readonly host: string; readonly port: number }>(listener: L, port = listener.port): L => {
    const host = ports.loopback && !isLoopback(listener.host) ? '127.0.0.1' : listener.host;
    return host === listener.host && port === listener.port ? listener : { ...listener, host, port };
  };
  const listeners: typeof config.broker.listeners = {};
  for (const [name, listener] of Object.entries(config.broker.listeners))
    if (listener) listeners[name] = placed(listener, name === 'tcp' ? ports.mqtt : name === 'ws' ? ports.ws : undefined);
  const http = placed(config.http, ports.http);
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
