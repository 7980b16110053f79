import { allows } from '@omh/access';
import {
  acquisitionErrors,
  type ControlAction,
  type Device,
  type DeviceStatus,
  type FrameLog,
  type LastValues,
  type WriteBy,
} from '@omh/acquisition';
import type { HubConfig } from '@omh/config';
import { tagKey, type DeviceIdentity, type FrameSummary, type Logger, type OmhError, type Principal, type Tag } from '@omh/core';
import { errors } from './errors.ts';
import { driverModule } from './registry.ts';
import type { Rooms } from './rooms.ts';

export interface DeviceAdminOptions {
  readonly rooms: Rooms;
  readonly values: LastValues;
  /** Without secrets. */
  readonly config: () => HubConfig;
  readonly log: Logger;
}
export interface ControlRequest {
  readonly action: ControlAction;
  readonly group?: string | undefined;
  readonly comment?: string | undefined;
}

/** By what one knows who may act as a role, however the permissions were given. */
const verbOfRole = { operator: 'tag.write', engineer: 'config.write', admin: 'access.write' } as const;
const identifyMs = 3000;
const byOf = (principal: Principal, reason: string | undefined): WriteBy => ({
  mayActAs: (role) => allows(principal, verbOfRole[role]),
  reason,
});

/** What people do with devices beside configuring them. Everything that takes a name throws HUB_NO_SUCH_DEVICE (404). */
export class DeviceAdmin {
  readonly #rooms: Rooms;
  readonly #values: LastValues;
  readonly #config: () => HubConfig;
  readonly #log: Logger;

  constructor({ rooms, values, config, log }: DeviceAdminOptions) {
    this.#rooms = rooms;
    this.#values = values;
    this.#config = config;
    this.#log = log;
  }

  /** In the order of the file. */
  names(): string[] {
    return [...this.#rooms.devices.keys()];
  }
  status(name: string): DeviceStatus {
    return this.#device(name).status();
  }

  /** Throws ACQUISITION_NO_SUCH_GROUP (404). */
  async control(name: string, { action, group, comment }: ControlRequest, principal: Principal): Promise<void> {
    await this.#device(name).control(action, {
      by: principal.name,
      ...(group === undefined ? {} : { group }),
      ...(comment === undefined ? {} : { comment }),
    });
    this.#log.info('a device was controlled', { device: name, action, group, by: principal.name });
  }

  /** Throws HUB_DEVICE_CANNOT (409), and what the device answers. */
  identify(name: string, unit: number): Promise<DeviceIdentity> {
    const { driver } = this.#device(name);
    if (driver.identify === undefined) throw errors.HUB_DEVICE_CANNOT({ name, what: 'be asked who it is' });
    return driver.identify(unit, { timeoutMs: identifyMs });
  }
  /** Throws HUB_DEVICE_CANNOT (409). */
  forgetLearnt(name: string): void {
    const { driver } = this.#device(name);
    if (driver.forgetLearnt === undefined) throw errors.HUB_DEVICE_CANNOT({ name, what: 'forget: nothing is learnt of it' });
    driver.forgetLearnt();
  }

  frames(name: string): FrameLog {
    return this.#device(name).frames;
  }
  /** What a frame of this device says; undefined where its driver does not tell. */
  describer(name: string): (frame: Uint8Array, direction: 'tx' | 'rx') => FrameSummary | undefined {
    this.#device(name);
    const { devices } = this.#config();
    const device = Object.hasOwn(devices, name) ? devices[name] : undefined;
    const module = device && driverModule(device.driver);
    if (module?.describeFrame === undefined) return () => undefined;
    return (frame, direction) => module.describeFrame!(frame, direction, device!.settings);
  }

  /**
   * Resolves after the device confirmed; throws HUB_NO_SUCH_TAG (404) and what the device refuses. The caller has checked the permission
   * `tag.write`; `reason` is in the writer's words.
   */
  async write(
    target: { readonly device: string; readonly group: string; readonly tag: string } | { readonly path: string },
    value: unknown,
    principal: Principal,
    reason?: string,
  ): Promise<void> {
    const found = 'path' in target ? this.#values.byPath(target.path) : this.#values.byTag(target.device, target.group, target.tag);
    const name = 'path' in target ? target.path : `${target.device}/${target.group}/${target.tag}`;
    const device = found && this.#rooms.devices.get(found.tag.device);
    if (!device) throw errors.HUB_NO_SUCH_TAG({ tag: name });
    await device.write(found.tag, value, byOf(principal, reason));
    this.#log.info('a value was written', { tag: name, value, by: principal.name, ...(reason === undefined ? {} : { reason }) });
  }

  /**
   * Result i is undefined where the device confirmed item i. Where one is refused before anything goes over the wire, nothing is written
   * at any device. The caller has checked the permission `tag.write`; `reason` is in the writer's words.
   */
  async writeMany(
    items: readonly { readonly tag: Tag; readonly value: unknown }[],
    principal: Principal,
    reason?: string,
  ): Promise<(OmhError | undefined)[]> {
    const by = byOf(principal, reason);
    const perDevice = new Map<string, number[]>();
    for (const [i, { tag }] of items.entries()) {
      const own = perDevice.get(tag.device);
      if (own === undefined) perDevice.set(tag.device, [i]);
      else own.push(i);
    }
    const out = new Array<OmhError | undefined>(items.length).fill(undefined);
    const works = [...perDevice].map(([name, own]) => ({ device: this.#device(name), own, work: own.map((i) => items[i]!) }));
    let refused = false;
    for (const { device, own, work } of works)
      for (const [n, error] of device.refusals(work, by).entries()) {
        out[own[n]!] = error;
        refused ||= error !== undefined;
      }
    if (refused) return out.map((error, i) => error ?? acquisitionErrors.ACQUISITION_HELD_BACK({ tag: tagKey(items[i]!.tag) }));
    await Promise.all(
      works.map(async ({ device, own, work }) => {
        for (const [n, error] of (await device.writeMany(work, by)).entries()) out[own[n]!] = error;
      }),
    );
    this.#log.info('values were written', {
      tags: items.length,
      refused: out.filter((error) => error !== undefined).length,
      by: principal.name,
      ...(reason === undefined ? {} : { reason }),
    });
    return out;
  }

  #device(name: string): Device {
    const device = this.#rooms.devices.get(name);
    if (device === undefined) throw errors.HUB_NO_SUCH_DEVICE({ name });
    return device;
  }
}
