import { MemoryStaticValues, type DeviceControl, type DeviceControls, type StaticValues } from '@omh/acquisition';
import type { Documents } from '@omh/storage';
import type { Cancel, Clock, DriverMemory, Logger, TagValue } from '@omh/core';

type Plain = string | number | boolean | { readonly int64: string } | { readonly bytes: string } | readonly Plain[];

const controlsName = 'device-controls';
const staticsName = 'static-tags';
const learntName = 'learnt-devices';
const learntAfterMs = 1000;

/** What the hub knows of its devices that stands in no file: what people switched off, values of static tags, what drivers learnt. */
export class DeviceState {
  readonly #documents: Documents;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #controls: Map<string, DeviceControl>;
  readonly #statics = new MemoryStaticValues();
  readonly #staticKeys = new Set<string>();
  readonly #learnt: Map<string, unknown>;
  #pending: Cancel | undefined;

  constructor(documents: Documents, clock: Clock, log: Logger) {
    this.#documents = documents;
    this.#clock = clock;
    this.#log = log;
    this.#controls = new Map(Object.entries(documents.get<Record<string, DeviceControl>>(controlsName) ?? {}));
    this.#learnt = new Map(Object.entries(documents.get<Record<string, unknown>>(learntName) ?? {}));
    for (const [key, value] of Object.entries(documents.get<Record<string, unknown>>(staticsName) ?? {})) {
      const kept = fromPlain(value);
      if (kept === undefined) {
        log.warn('a kept value of a static tag cannot be understood and is left out', { tag: key });
        continue;
      }
      this.#staticKeys.add(key);
      this.#statics.set(key, kept);
    }
  }

  /** On disk before it is answered. */
  readonly controls: DeviceControls = {
    get: (device) => this.#controls.get(device),
    set: (device, control) => {
      if (control === undefined) this.#controls.delete(device);
      else this.#controls.set(device, control);
      this.#documents.put(controlsName, Object.fromEntries(this.#controls));
    },
  };
  /** On disk before it is answered. */
  readonly statics: StaticValues = {
    get: (key) => this.#statics.get(key),
    set: (key, value) => {
      this.#staticKeys.add(key);
      this.#statics.set(key, value);
      this.#documents.put(staticsName, Object.fromEntries([...this.#staticKeys].map((k) => [k, toPlain(this.#statics.get(k)!)])));
    },
  };
  /** What people switched off at devices that are gone, and what was learnt of them, is forgotten: a new one of the name is another device. */
  keepOnly(devices: ReadonlySet<string>): void {
    const gone = [...this.#controls.keys()].filter((device) => !devices.has(device));
    for (const device of gone) this.#controls.delete(device);
    if (gone.length > 0) this.#documents.put(controlsName, Object.fromEntries(this.#controls));
    for (const device of this.#learnt.keys()) if (!devices.has(device)) this.memory(device).put(undefined);
  }

  /** On disk within a second: what is lost is learnt again. */
  memory(device: string): DriverMemory {
    return {
      get: () => this.#learnt.get(device),
      put: (value) => {
        if (value === undefined) this.#learnt.delete(device);
        else this.#learnt.set(device, value);
        this.#pending ??= this.#clock.after(learntAfterMs, () => this.flush());
      },
    };
  }
  flush(): void {
    if (this.#pending === undefined) return;
    this.#pending();
    this.#pending = undefined;
    try {
      this.#documents.put(learntName, Object.fromEntries(this.#learnt));
    } catch (thrown) {
      this.#log.error('what was learnt of the devices is not on disk', { err: thrown });
    }
  }
}

function toPlain(value: TagValue): Plain {
  if (typeof value === 'bigint') return { int64: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  return Array.isArray(value) ? (value as readonly TagValue[]).map(toPlain) : (value as string | number | boolean);
}
/** undefined where it is none of ours. */
function fromPlain(value: unknown): TagValue | undefined {
  if (Array.isArray(value)) {
    const list = value.map(fromPlain);
    return list.includes(undefined) ? undefined : (list as TagValue);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { int64, bytes } = value as { readonly int64?: unknown; readonly bytes?: unknown };
  if (typeof int64 === 'string' && /^-?\d+$/.test(int64)) return BigInt(int64);
  return typeof bytes === 'string' && /^([\da-f]{2})*$/i.test(bytes) ? new Uint8Array(Buffer.from(bytes, 'hex')) : undefined;
}
