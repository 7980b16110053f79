import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceConfig, HubConfig, ParsedHub } from '@omh/config';
import { exportCsv, exportXlsx, importedTexts, importTags, readTags, tagRows, type TagFormat, type TagImport } from '@omh/config/exchange';
import type { DriverStats } from '@omh/core';
import { ConfigFile } from './config-file.ts';
import { learntTemplate } from './learnt-template.ts';
import { driverModule, registry } from './registry.ts';

export interface ImportRequest {
  readonly bytes: Uint8Array;
  /** Told by the content when absent. */
  readonly format?: TagFormat | undefined;
  /** For tags that do not say theirs. */
  readonly device?: string | undefined;
  readonly group?: string | undefined;
}
/** What a file of tags means for the configuration that runs. */
export interface ImportMade
  extends Pick<TagImport, 'added' | 'replaced' | 'unchanged' | 'refused' | 'faults' | 'notMapped' | 'newDevices' | 'newGroups'> {
  readonly format: TagFormat;
  /** Whole texts of the files that change, of all rows that nothing is wrong with. */
  readonly texts: ReadonlyMap<string, string>;
}
export type ExchangeJob =
  | { readonly kind: 'import'; readonly file: string; readonly running: ParsedHub; readonly request: ImportRequest }
  | {
      readonly kind: 'export';
      readonly file: string;
      readonly config: Pick<HubConfig, 'devices'>;
      readonly device?: string | undefined;
      readonly format: 'csv' | 'xlsx';
    }
  | {
      readonly kind: 'template';
      readonly file: string;
      readonly name: string;
      readonly device: DeviceConfig;
      readonly learnt: Pick<DriverStats, 'holes' | 'limits'>;
    };
export type ExchangeMade = ImportMade | Uint8Array;

/** Reads or writes tags. Throws CONFIG_IMPORT_FORMAT, CONFIG_IMPORT_LARGE, CONFIG_IMPORT_COLUMN, CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE. */
export async function exchange(job: ExchangeJob): Promise<ExchangeMade> {
  if (job.kind === 'export') {
    const rows = tagRows(job.config as HubConfig, job.device);
    return job.format === 'xlsx' ? exportXlsx(rows) : new TextEncoder().encode(exportCsv(rows));
  }
  if (job.kind === 'template') {
    const { name, device, learnt } = job;
    return new TextEncoder().encode(learntTemplate(name, device, learnt, driverModule(device.driver)));
  }
  const { running, request } = job;
  const { device, group, format, bytes } = request;
  const { devices } = running.config;
  const settingsOf = (name: string | undefined) => (name !== undefined && Object.hasOwn(devices, name) ? devices[name] : undefined);
  const read = await readTags(bytes, format, { device, group, settingsOf });
  const { folder } = new ConfigFile(job.file);
  const made = importTags(read, running, { registry, device, group, exists: (name) => existsSync(join(folder, name)) });
  const { added, replaced, unchanged, refused, faults, notMapped, newDevices, newGroups } = made;
  const texts = importedTexts(running, made);
  return { format: read.format, added, replaced, unchanged, refused, faults, notMapped, newDevices, newGroups, texts };
}
