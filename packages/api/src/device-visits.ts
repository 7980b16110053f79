import { faultsInWords } from '@omh/config/schema';
import type { Clock, DriverModule } from '@omh/core';
import { driverModule, registry, type Hub, type VisitOptions } from '@omh/hub';
import type { FastifyReply } from 'fastify';
import { Type, type Static } from '@fastify/type-provider-typebox';
import { errors } from './errors.ts';
import { unknown } from './rest/tag-target.ts';
import { AnyObject } from './schemas.ts';

/** Which device a request is about: one of the hub, or one that may become one. */
export const visitFields = {
  device: Type.Optional(Type.String({ maxLength: 200, description: 'A device of the hub, in place of driver and settings.' })),
  driver: Type.Optional(Type.String({ maxLength: 100, description: 'Driver, e.g. modbus-tcp.' })),
  settings: Type.Optional(Type.Unsafe<Record<string, unknown>>({ ...AnyObject, description: 'As under settings of a device.' })),
};
const visited = Type.Object(visitFields);

const mostAtOnce = 4;
const longestMs = 60_000;

/**
 * Connections that the hub makes because a request asks for them. They reach whatever the hub reaches, so only those who may edit the
 * configuration, where the same address can stand, may have them made; a few at a time, none longer than a minute, none after the asker left.
 */
export class DeviceVisits {
  readonly #hub: Hub;
  readonly #clock: Clock;
  #open = 0;

  constructor(hub: Hub, clock: Clock) {
    this.#hub = hub;
    this.#clock = clock;
  }

  async run<T>(
    body: Static<typeof visited>,
    reply: FastifyReply,
    work: (module: DriverModule, settings: Readonly<Record<string, unknown>>, options: VisitOptions) => Promise<T>,
  ): Promise<T> {
    const { module, settings, name } = this.#target(body);
    if (this.#open >= mostAtOnce) throw errors.API_VISITS_FULL({ limit: mostAtOnce });
    this.#open++;
    const control = new AbortController();
    const end = (): void => control.abort(errors.API_VISIT_ENDED({ seconds: longestMs / 1000 }));
    const cancel = this.#clock.after(longestMs, end);
    reply.raw.once('close', end);
    try {
      return await work(module, settings, { clock: this.#clock, signal: control.signal, ...(name === undefined ? {} : { name }) });
    } finally {
      cancel();
      reply.raw.off('close', end);
      this.#open--;
    }
  }

  #target({ device, driver, settings }: Static<typeof visited>): {
    module: DriverModule;
    settings: Readonly<Record<string, unknown>>;
    name: string | undefined;
  } {
    if ((device === undefined) === (driver === undefined)) throw errors.API_VISIT_TARGET();
    const { devices } = this.#hub.config;
    if (device !== undefined && !Object.hasOwn(devices, device)) unknown('device', device, Object.keys(devices));
    const id = device === undefined ? driver! : devices[device]!.driver;
    const module = driverModule(id) ?? unknown('driver', id, [...registry.drivers.keys()]);
    const wanted = device === undefined ? (settings ?? {}) : devices[device]!.settings;
    if (device === undefined) {
      const [fault] = faultsInWords(module.settings, wanted, 'settings');
      if (fault !== undefined)
        throw errors.API_INVALID_REQUEST({ where: 'body', fault: `settings${fault.pointer}: ${fault.message.replace(/\.$/, '')}` });
    }
    return { module, settings: wanted, name: device };
  }
}
