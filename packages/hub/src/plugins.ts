import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pluginNames } from '@omh/config';
import { checkAgainst } from '@omh/config/schema';
import * as core from '@omh/core';
import type { DriverModule, Plugin } from '@omh/core';
import { errors } from './errors.ts';
import { addDriver, registry } from './registry.ts';

const loaded = new Set<string>();
const driverKeys = ['parseAddress', 'endpoint', 'create'] as const;

/**
 * Loads what `plugins:` of this hub file names, once in the life of the process. Throws HUB_PLUGIN_NOT_LOADED and HUB_PLUGIN_INVALID for
 * the first that does not come; whatever else is wrong with the file is told by whoever reads it.
 */
export async function loadPlugins(hubFile: string): Promise<void> {
  let text: string;
  try {
    text = readFileSync(hubFile, 'utf8');
  } catch {
    return;
  }
  for (const name of pluginNames(text)) await loadPlugin(name, dirname(resolve(hubFile)));
}

async function loadPlugin(name: string, folder: string): Promise<void> {
  let made: unknown;
  let place: string;
  try {
    const path = name.startsWith('.') || isAbsolute(name) ? resolve(folder, name) : createRequire(join(folder, 'hub.yaml')).resolve(name);
    place = pathToFileURL(path).href;
    if (loaded.has(place)) return;
    const module = (await import(place)) as { default?: unknown };
    made = typeof module.default === 'function' ? await (module.default as (omh: typeof core) => unknown)(core) : module.default;
  } catch (thrown) {
    throw errors.HUB_PLUGIN_NOT_LOADED({ plugin: name, detail: whyNot(thrown) }, { cause: thrown });
  }
  for (const driver of driversOf(name, made)) addDriver(driver);
  loaded.add(place);
}

function driversOf(name: string, made: unknown): readonly DriverModule<never>[] {
  const refuse = (detail: string): Error => errors.HUB_PLUGIN_INVALID({ plugin: name, detail });
  if (typeof made !== 'object' || made === null) throw refuse('its default export is no plugin');
  const { omhApi, drivers = [] } = made as Partial<Plugin>;
  if (omhApi !== 1) throw refuse(`it is made for version ${String(omhApi)} of the plugin contract, this hub has version 1`);
  if (!Array.isArray(drivers)) throw refuse('its drivers are no list');
  const ids = new Set<string>();
  for (const driver of drivers as readonly Partial<DriverModule<never>>[]) {
    const id = String(driver?.id);
    if (driver === null || typeof driver !== 'object' || !/^[a-z][a-z0-9-]{0,63}$/.test(id)) throw refuse(`"${id}" is no id of a driver`);
    if (driver.omhApi !== 1) throw refuse(`its driver ${id} is made for version ${String(driver.omhApi)} of the contract`);
    if (registry.drivers.has(id) || ids.has(id)) throw refuse(`there is a driver ${id} already`);
    if (typeof driver.title !== 'string') throw refuse(`its driver ${id} has no title`);
    for (const key of driverKeys) if (typeof driver[key] !== 'function') throw refuse(`its driver ${id} has no ${key}`);
    if (driver.settings === null || typeof driver.settings !== 'object') throw refuse(`its driver ${id} has no settings schema`);
    try {
      checkAgainst(driver.settings, {});
    } catch (thrown) {
      throw refuse(`the settings schema of its driver ${id} is not understood: ${whyNot(thrown)}`);
    }
    ids.add(id);
  }
  return drivers as readonly DriverModule<never>[];
}

function whyNot(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { code?: unknown };
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return 'it is not there';
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0]!.replace(/\.$/, '');
}
