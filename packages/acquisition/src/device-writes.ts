import { isGood, Quality, reasonOf, tagKey, valueAt } from '@omh/core';
import type { Driver, DriverModule, OmhError, Tag, TagValue } from '@omh/core';
import { errors } from './errors.ts';
import { engineeringValue } from './static-tag.ts';
import { checkWrite, isWritten, type Present, type WriteBy } from './write-guard.ts';

export interface WriteRequest {
  readonly tag: Tag;
  /** Engineering value or label. */
  readonly value: unknown;
}
export interface DeviceWritesOptions {
  readonly device: string;
  readonly module: DriverModule;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly driver: () => Driver;
  /** Why nothing can be written now; undefined when it can. */
  readonly obstacle: () => OmhError | undefined;
  readonly present: (tag: Tag) => Present;
}

const mostWaiting = 1000;
const timeoutMs = 3000;

interface Ready {
  readonly tag: Tag;
  readonly raw: TagValue;
}
type Checked = { readonly raw: TagValue } | { readonly error: OmhError };

/** The way of values into a device: checked before anything goes over the wire, answered after the device confirmed. */
export class DeviceWrites {
  readonly #options: DeviceWritesOptions;
  /** Items that the device has not answered yet. */
  #waiting = 0;
  /** What the device confirmed last of tags that cannot be read but move in steps, by tag id. */
  readonly #confirmed = new Map<number, TagValue>();
  readonly count = { ok: 0, refused: 0 };

  constructor(options: DeviceWritesOptions) {
    this.#options = options;
  }

  /** For each item its raw value, or why it is not written. */
  check(items: readonly WriteRequest[], by: WriteBy): Checked[] {
    const out = items.map((item) => this.#check(item, by));
    const wired = items.filter(({ tag }) => tag.source === undefined).length;
    const why = wired === 0 ? undefined : this.#obstacle(wired);
    if (why === undefined) return out;
    return out.map((checked, i) => ('error' in checked || items[i]!.tag.source !== undefined ? checked : { error: why }));
  }
  #check({ tag, value }: WriteRequest, by: WriteBy): Checked {
    const { module, settings } = this.#options;
    const name = tagKey(tag);
    if (tag.access === 'read' || tag.source?.kind === 'derived')
      return { error: errors.ACQUISITION_NOT_WRITABLE({ tag: name, access: tag.source?.kind === 'derived' ? 'derived' : tag.access }) };
    if (tag.source === undefined) {
      const parsed = module.parseAddress(tag.address, tag, settings);
      if (!parsed.ok || !parsed.value.writable)
        return { error: errors.ACQUISITION_ADDRESS_NOT_WRITABLE({ tag: name, address: tag.address }) };
    }
    const raw = checkWrite(tag, value, by, this.#present(tag));
    return raw.ok ? { raw: raw.value } : { error: raw.error };
  }
  /** A tag that cannot be read stands where it was written last; before the first write every step is free. */
  #present(tag: Tag): Present {
    if (tag.access !== 'write' || tag.source !== undefined) return this.#options.present(tag);
    const value = this.#confirmed.get(tag.id);
    return value === undefined ? 'free' : { value, quality: Quality.good };
  }
  /** A request that comes alone goes out however many items it has. */
  #obstacle(items: number): OmhError | undefined {
    const { device, obstacle } = this.#options;
    const isBusy = this.#waiting > 0 && this.#waiting + items > mostWaiting;
    return obstacle() ?? (isBusy ? errors.ACQUISITION_WRITE_BUSY({ device, waiting: this.#waiting }) : undefined);
  }

  /** What passed `check` goes out in one call; result i belongs to item i, undefined where the device confirmed. Never rejects. */
  async send(items: readonly Ready[]): Promise<(OmhError | undefined)[]> {
    const { device, driver } = this.#options;
    const why = this.#obstacle(items.length);
    if (why !== undefined) return items.map(() => why);
    const refused = ({ tag }: Ready, reason: string): OmhError => errors.ACQUISITION_WRITE_REFUSED({ device, tag: tagKey(tag), reason });
    this.#waiting += items.length;
    try {
      const work = items.map(({ tag, raw }) => ({ tag, value: raw }));
      const results = await driver().write(work, { timeoutMs });
      const out = items.map((item, i): OmhError | undefined => {
        const result = results[i];
        if (result === undefined || !isGood(result.quality)) return refused(item, result?.reason?.text ?? 'no answer');
        if (item.tag.access === 'write' && item.tag.guard?.step !== undefined)
          this.#confirmed.set(item.tag.id, engineeringValue(item.tag, item.raw));
        return undefined;
      });
      const confirmed = items.flatMap(({ tag }, i) => (out[i] === undefined && tag.guard?.readBack ? [i] : []));
      if (confirmed.length > 0) {
        const back = await this.#readBack(confirmed.map((i) => items[i]!));
        for (const [n, i] of confirmed.entries()) out[i] = back[n];
      }
      return this.#counted(out);
    } catch (thrown) {
      return this.#counted(items.map((item) => refused(item, reasonOf(thrown).text)));
    } finally {
      this.#waiting -= items.length;
    }
  }
  #counted(out: (OmhError | undefined)[]): (OmhError | undefined)[] {
    for (const error of out) this.count[error === undefined ? 'ok' : 'refused']++;
    return out;
  }

  /** All of a request in one plan. */
  async #readBack(items: readonly Ready[]): Promise<(OmhError | undefined)[]> {
    const { device } = this.#options;
    const driver = this.#options.driver();
    const tags = items.map(({ tag }) => rawOf(tag));
    const batch = await driver.read(driver.compile(tags), { timeoutMs });
    return items.map(({ tag, raw }, i) => {
      const found = valueAt(batch, i, tags[i]!);
      if (isWritten(tag, raw, found)) return undefined;
      const seen = found === undefined ? (batch.reasons?.[i]?.text ?? 'nothing') : shown(found);
      return errors.ACQUISITION_READ_BACK({ device, tag: tagKey(tag), value: shown(raw), found: seen });
    });
  }
}

/** The tag as a driver reads it, without scaling. */
function rawOf(tag: Tag): Tag {
  const { decimal: _, bias: __, ...plain } = tag;
  return { ...plain, access: 'read' };
}
const shown = (value: TagValue): string => (typeof value === 'object' ? JSON.stringify(value, text) : String(value));
const text = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
