import {
  OmhError,
  Quality,
  silentLogger,
  valueAt,
  type Clock,
  type DataType,
  type DeviceIdentity,
  type Driver,
  type DriverModule,
  type DriverStats,
  type Logger,
  type Quality as QualityCode,
  type Reason,
  type Tag,
  type TagId,
  type TagValue,
} from '@omh/core';
import { errors } from '../../errors.ts';

export interface Wanted {
  readonly address: string;
  readonly type: DataType;
  readonly count?: number;
}
export interface Reading {
  /** Undefined where the quality is bad. */
  readonly value: TagValue | undefined;
  readonly quality: QualityCode;
  readonly reason?: Reason;
}
export interface VisitOptions {
  readonly clock: Clock;
  readonly log?: Logger;
  /** How the device is called in sentences; its endpoint when absent. */
  readonly name?: string;
  /** For one request; 1500 when absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One connection to a device for a question or two, with nothing kept afterwards. */
export class DeviceVisit {
  readonly name: string;
  readonly #module: DriverModule;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #driver: Driver;
  readonly #timeoutMs: number;

  constructor(module: DriverModule, settings: Readonly<Record<string, unknown>>, options: VisitOptions) {
    this.#module = module;
    this.#settings = settings;
    this.name = options.name ?? module.endpoint(settings);
    this.#timeoutMs = options.timeoutMs ?? 1500;
    this.#driver = module.create(settings, {
      device: this.name,
      clock: options.clock,
      log: options.log ?? silentLogger,
      onLost: () => {},
    });
  }

  /** Rejects with the driver's error. */
  open(signal: AbortSignal): Promise<void> {
    return this.#driver.open(signal);
  }
  close(): Promise<void> {
    return this.#driver.close();
  }
  stats(): DriverStats {
    return this.#driver.stats();
  }
  forgetLearnt(): void {
    this.#driver.forgetLearnt?.();
  }

  /** Result i belongs to `wanted[i]`; throws where an address is not valid. */
  async read(wanted: readonly Wanted[]): Promise<Reading[]> {
    const tags = wanted.map((w, i) => this.#tag(w, 'read', i));
    const batch = await this.#driver.read(this.#driver.compile(tags), { timeoutMs: this.#timeoutMs });
    return tags.map((tag, i) => {
      const reason = batch.reasons?.[i];
      return {
        value: valueAt(batch, i, tag),
        quality: batch.quality[i]! as QualityCode,
        ...(reason === undefined ? {} : { reason }),
      };
    });
  }

  /** Resolves when the device confirmed; `value` is the device's own number. */
  async write(wanted: Wanted, value: TagValue): Promise<void> {
    const tag = this.#tag(wanted, 'readwrite', 0);
    const [result] = await this.#driver.write([{ tag, value }], { timeoutMs: this.#timeoutMs });
    if (result!.quality === Quality.good) return;
    throw errors.DRIVERS_PROBE_NO_WRITE({ address: wanted.address, why: result!.reason?.text ?? 'The device does not say why.' });
  }

  /** What the device says of itself; undefined where it says nothing. */
  async identify(unit: number): Promise<DeviceIdentity | undefined> {
    try {
      return await this.#driver.identify?.(unit, { timeoutMs: this.#timeoutMs });
    } catch (thrown) {
      if (thrown instanceof OmhError) return undefined;
      throw thrown;
    }
  }

  #tag({ address, type, count }: Wanted, access: 'read' | 'readwrite', row: number): Tag {
    const parsed = this.#module.parseAddress(address, { type, access, count }, this.#settings);
    if (!parsed.ok)
      throw errors.DRIVERS_MODBUS_ADDRESS({ detail: parsed.error.map((i) => `${i.message} ${i.fix ?? ''}`.trim()).join(' ') });
    const id = (row + 1) as TagId;
    return {
      id,
      name: address,
      address,
      type,
      access,
      device: this.name,
      group: '',
      path: address,
      ...(count === undefined ? {} : { count }),
    };
  }
}

/** Opens, works, and closes whatever happens. Nothing is written unless `work` writes. */
export async function visitDevice<T>(
  module: DriverModule,
  settings: Readonly<Record<string, unknown>>,
  options: VisitOptions,
  work: (visit: DeviceVisit) => Promise<T>,
): Promise<T> {
  const visit = new DeviceVisit(module, settings, options);
  try {
    await visit.open(options.signal ?? new AbortController().signal);
    return await work(visit);
  } finally {
    await visit.close();
  }
}
