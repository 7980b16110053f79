import { Worker } from 'node:worker_threads';
import { configErrors, type DeviceConfig, type HubConfig, type ParsedHub } from '@omh/config';
import type { TagFormat } from '@omh/config/exchange';
import { OmhError, type DriverStats, type ErrorRow, type Reason } from '@omh/core';
import { errors } from './errors.ts';
import type { ExchangeJob, ExchangeMade, ImportMade, ImportRequest } from './exchange-work.ts';

export interface TagExchangeOptions {
  /** Path of the hub file. */
  readonly file: string;
  readonly running: () => ParsedHub;
  /** Without secrets. */
  readonly config: () => HubConfig;
}
type Answer = { readonly result: ExchangeMade } | { readonly thrown: Partial<Reason> };

/** So much is read or written in a few milliseconds. */
const inPlaceCharacters = 16_000;
const inPlaceTags = 200;
const tagsOf = (devices: readonly DeviceConfig[]): number =>
  devices.flatMap(({ groups }) => Object.values(groups)).reduce((n, group) => n + Object.keys(group.tags).length, 0);
/** What reads foreign files is loaded when the first one comes. */
const inPlace = async (job: ExchangeJob): Promise<ExchangeMade> => (await import('./exchange-work.ts')).exchange(job);

/** Tags from and to files, and templates; large ones are read and written in a worker, so that the loop goes on, one at a time. */
export class TagExchange {
  readonly #options: TagExchangeOptions;
  #busy = false;

  constructor(options: TagExchangeOptions) {
    this.#options = options;
  }

  /**
   * What importing the file means; nothing is changed. Throws HUB_EXCHANGE_BUSY (429), CONFIG_IMPORT_FORMAT, CONFIG_IMPORT_LARGE,
   * CONFIG_IMPORT_COLUMN, CONFIG_EDIT_PATH and CONFIG_EDIT_VALUE.
   */
  async read(request: ImportRequest): Promise<ImportMade> {
    const { file, running } = this.#options;
    const job = { kind: 'import', file, running: running(), request } as const;
    let size = request.bytes.length;
    for (const text of job.running.files.texts.values()) size += text.length;
    // A workbook is small until it is unpacked.
    const isPlain = request.bytes[0] !== 0x50 && size < inPlaceCharacters;
    return (await (isPlain ? inPlace(job) : this.#alone(job))) as ImportMade;
  }
  /** All tags, or those of one device, as a table that `read` reads back. Throws HUB_NO_SUCH_DEVICE (404), HUB_EXCHANGE_BUSY (429). */
  async write(format: Extract<TagFormat, 'csv' | 'xlsx'>, device?: string): Promise<Uint8Array> {
    const { file, config } = this.#options;
    const { devices } = config();
    if (device !== undefined && !Object.hasOwn(devices, device)) throw errors.HUB_NO_SUCH_DEVICE({ name: device });
    const job = { kind: 'export', file, config: { devices }, device, format } as const;
    return (await (tagsOf(Object.values(devices)) < inPlaceTags ? inPlace(job) : this.#alone(job))) as Uint8Array;
  }
  /**
   * A device and what was learnt of it as a `templates:` block of a hub file, from which a second one starts. Throws HUB_NO_SUCH_DEVICE
   * (404), HUB_EXCHANGE_BUSY (429).
   */
  async template(name: string, { holes = [], limits = [] }: Pick<DriverStats, 'holes' | 'limits'>): Promise<string> {
    const { file, config } = this.#options;
    const { devices } = config();
    const device = Object.hasOwn(devices, name) ? devices[name] : undefined;
    if (device === undefined) throw errors.HUB_NO_SUCH_DEVICE({ name });
    const job = { kind: 'template', file, name, device, learnt: { holes, limits } } as const;
    return new TextDecoder().decode((await (tagsOf([device]) < inPlaceTags ? inPlace(job) : this.#alone(job))) as Uint8Array);
  }

  async #alone(job: ExchangeJob): Promise<ExchangeMade> {
    if (this.#busy) throw errors.HUB_EXCHANGE_BUSY();
    this.#busy = true;
    const worker = new Worker(new URL('./exchange-worker.js', import.meta.url), { workerData: job });
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) => reject(errors.HUB_EXCHANGE_FAILED({ detail: `the worker ended with code ${code}` })));
      });
      if ('result' in answer) return answer.result;
      const { code = '', params = {}, text = '' } = answer.thrown;
      const row = (configErrors as unknown as Readonly<Record<string, { row: ErrorRow } | undefined>>)[code]?.row;
      throw row === undefined ? errors.HUB_EXCHANGE_FAILED({ detail: text }) : new OmhError(code, row, params);
    } finally {
      this.#busy = false;
      void worker.terminate();
    }
  }
}
