import { isBad, Quality, type DeviceIdentity, type DriverModule } from '@omh/core';
import { modbus } from '@omh/wire';
import { visitDevice, type DeviceVisit, type VisitOptions } from './device-visit.ts';
import { rawAddress, rawSettings } from './probe.ts';

export interface Span {
  readonly area: modbus.Area;
  /** Wire addresses, both included. */
  readonly from: number;
  readonly to: number;
  /** False where only some of a long span was asked for. */
  readonly whole: boolean;
}
export interface SurveyRequest {
  readonly unit: number;
  /** Those of both kinds of registers and bits when absent. */
  readonly areas?: readonly modbus.Area[];
  /** 100 to 2000; 200 when absent. */
  readonly requests?: number;
  /** Between two requests; 20 ms when absent. */
  readonly pauseMs?: number;
  /** A wire address that is known to be of interest; its area and it are asked first. */
  readonly near?: { readonly area: modbus.Area; readonly at: number };
}
export interface Survey {
  readonly unit: number;
  readonly identity: DeviceIdentity | undefined;
  readonly spans: readonly Span[];
  /** Largest request that is answered, where the spans were long enough to tell; of bits one that is answered. */
  readonly maxRegisters: number | undefined;
  readonly maxBits: number | undefined;
  /** Requests the device keeps up with at once; undefined where the line takes one at a time. */
  readonly window: number | undefined;
  /** Requests that this took. */
  readonly requests: number;
  /** What was not finished or not understood, in sentences. */
  readonly remarks: readonly string[];
}

/** Where devices begin their lists: everywhere near 0, then round numbers in both systems. */
const starts = [
  0, 1, 64, 100, 128, 200, 256, 300, 400, 500, 512, 1000, 1024, 2000, 2048, 3000, 4000, 4096, 5000, 8192, 10_000, 20_000, 30_000, 40_000,
];

/**
 * What a unit lets be read: spans by galloping from likely starts and halving at their ends, the largest request on the way. Bounded by
 * `requests`, one at a time with a pause between. Never writes.
 */
export function survey(
  module: DriverModule,
  settings: Readonly<Record<string, unknown>>,
  request: SurveyRequest,
  options: VisitOptions,
): Promise<Survey> {
  const raw = { ...rawSettings(settings, request.unit), maxGap: 0, maxGapBits: 0, maxRegisters: 125, maxBits: 2000 };
  return visitDevice(module, raw, options, (visit) => new Surveyor(visit, request, options).run());
}

const windowRequests = 64;

class Surveyor {
  readonly #visit: DeviceVisit;
  readonly #request: SurveyRequest;
  readonly #options: VisitOptions;
  readonly #most: number;
  readonly #spans: Span[] = [];
  readonly #remarks: string[] = [];
  readonly #limits = new Map<'registers' | 'bits', number>();
  #silent = 0;
  #isCut = false;
  /** Requests up to which the area that is looked at may go. */
  #share = 0;

  constructor(visit: DeviceVisit, request: SurveyRequest, options: VisitOptions) {
    this.#visit = visit;
    this.#request = request;
    this.#options = options;
    this.#most = Math.min(2000, Math.max(100, request.requests ?? 200));
  }

  async run(): Promise<Survey> {
    const { unit } = this.#request;
    const identity = await this.#visit.identify(unit);
    const { near } = this.#request;
    const all = this.#request.areas ?? (['holding', 'input', 'coil', 'discrete'] as const);
    const areas = near === undefined ? all : [near.area, ...all.filter((area) => area !== near.area)];
    for (const [i, area] of areas.entries()) {
      const used = this.#visit.stats().requests;
      this.#share = used + Math.floor((this.#most - windowRequests - used) / (areas.length - i));
      await this.#area(area);
      if (this.#silent > 1) {
        this.#remarks.push(`Unit ${unit} stopped answering; the rest was left out.`);
        break;
      }
    }
    const window = this.#silent > 1 ? undefined : await this.#window();
    if (this.#isCut) this.#remarks.push(`It ended with its ${this.#most} requests; more may be readable.`);
    if (this.#spans.length === 0) this.#remarks.push(`Unit ${unit} lets nothing be read that was asked for.`);
    return {
      unit,
      identity,
      spans: this.#spans,
      maxRegisters: this.#limits.get('registers'),
      maxBits: this.#limits.get('bits'),
      window,
      requests: this.#visit.stats().requests,
      remarks: this.#remarks,
    };
  }

  async #area(area: modbus.Area): Promise<void> {
    const { near } = this.#request;
    for (const start of near?.area === area ? [near.at, ...starts] : starts) {
      if (this.#spans.some((s) => s.area === area && s.from <= start && start <= s.to)) continue;
      if (this.#isSpent()) return;
      if (await this.#reads(area, start, 1))
        this.#add(modbus.isBitArea(area) ? await this.#growBits(area, start) : await this.#grow(area, start));
    }
  }
  #isSpent(): boolean {
    if (this.#visit.stats().requests < this.#share) return this.#silent > 1;
    this.#isCut = true;
    return true;
  }
  /** Spans that turn out to touch are one. */
  #add(span: Span): void {
    const touching = this.#spans.filter((s) => s.area === span.area && s.from <= span.to + 1 && span.from <= s.to + 1);
    for (const s of touching) this.#spans.splice(this.#spans.indexOf(s), 1);
    const all = [span, ...touching];
    this.#spans.push({
      area: span.area,
      from: Math.min(...all.map((s) => s.from)),
      to: Math.max(...all.map((s) => s.to)),
      whole: all.every((s) => s.whole),
    });
    this.#spans.sort((a, b) => modbus.areas.indexOf(b.area) - modbus.areas.indexOf(a.area) || a.from - b.from);
  }

  /** The span around a point that is readable: up in the largest requests there are, then down. */
  async #grow(area: modbus.Area, start: number): Promise<Span> {
    let whole = true;
    const size = await this.#largest(area, start);
    let to = start + size - 1;
    for (let ahead = 1; !this.#isSpent() && to < 65535; ) {
      const at = to + 1 + (ahead - 1) * size;
      const count = Math.min(size, 65536 - at);
      if (count > 0 && (await this.#reads(area, at, count))) {
        if (ahead > 1) whole = false;
        to = at + count - 1;
        // Short spans are read whole, long ones ever more seldom.
        if (to - start > 8 * size) ahead *= 2;
        continue;
      }
      if (ahead > 1) {
        ahead = 1;
        continue;
      }
      to += await this.#reach(area, to + 1, count - 1, 1);
      break;
    }
    let from = start;
    while (from > 0 && !this.#isSpent()) {
      const count = Math.min(size, from);
      if (await this.#reads(area, from - count, count)) from -= count;
      else {
        from -= await this.#reach(area, from - 1, count - 1, -1);
        break;
      }
    }
    return { area, from, to, whole };
  }

  /** How many points beyond the `known` ones from `at` on, up to `most` in all, are readable in one request. */
  async #reach(area: modbus.Area, at: number, most: number, direction: 1 | -1, known = 0): Promise<number> {
    let low = 0;
    let high = Math.max(0, most - known);
    while (low < high && !this.#isSpent()) {
      const middle = (low + high + 1) >> 1;
      const count = known + middle;
      if (await this.#reads(area, direction === 1 ? at : at - count + 1, count)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The largest request from a readable point on; it is the device's limit where the next point is readable alone. */
  async #largest(area: modbus.Area, start: number): Promise<number> {
    const known = this.#limits.get('registers');
    const most = Math.min(known ?? 125, 65536 - start);
    if (await this.#reads(area, start, most)) {
      if (most === 125) this.#limits.set('registers', most);
      return most;
    }
    const size = 1 + (await this.#reach(area, start, most - 1, 1, 1));
    if (known === undefined && start + size < 65536 && (await this.#reads(area, start + size, 1)) && !this.#isCut)
      this.#limits.set('registers', size);
    return size;
  }

  /** Bit by bit to both ends, with ever longer strides and then halves; then all of it is read, in the largest requests there are. */
  async #growBits(area: modbus.Area, start: number): Promise<Span> {
    const to = start + (await this.#stride(area, start, 1, 65535 - start));
    const from = start - (await this.#stride(area, start, -1, start));
    let size = Math.min(this.#limits.get('bits') ?? 2000, to - from + 1);
    let isLimited = false;
    for (let at = from; at <= to; ) {
      const count = Math.min(size, to - at + 1);
      if (this.#isSpent()) return { area, from, to, whole: false };
      const read = await this.#reads(area, at, count);
      if (this.#isCut) return { area, from, to, whole: false };
      if (read) at += count;
      // The driver finds the limit of a row by itself and reads it in parts.
      const limit = this.#visit.stats().limits?.find((l) => l.area === area)?.count;
      if (limit !== undefined || !read) {
        if (size <= 8) return { area, from, to, whole: false };
        size = Math.min(limit ?? size >> 1, read ? size : size >> 1);
        isLimited = true;
      }
    }
    if (isLimited || size === 2000) this.#limits.set('bits', size);
    return { area, from, to, whole: true };
  }
  async #stride(area: modbus.Area, start: number, direction: 1 | -1, most: number): Promise<number> {
    let low = 0;
    let high = most;
    for (let ahead = 8; ahead <= most && !this.#isSpent(); ahead *= 2) {
      if (await this.#reads(area, start + direction * ahead, 1)) low = ahead;
      else {
        high = ahead - 1;
        break;
      }
    }
    while (low < high && !this.#isSpent()) {
      const middle = (low + high + 1) >> 1;
      if (await this.#reads(area, start + direction * middle, 1)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** One request: registers as text with one character each, which no driver takes apart. */
  async #reads(area: modbus.Area, at: number, count: number): Promise<boolean> {
    // A refused row of bits is looked into by the driver: that costs requests too.
    const reserve = windowRequests + (modbus.isBitArea(area) && count > 1 ? 24 : 0);
    if (this.#visit.stats().requests >= this.#most - reserve) {
      this.#isCut = true;
      return false;
    }
    const { clock, signal } = this.#options;
    await clock.sleep(this.#request.pauseMs ?? 20, signal);
    this.#visit.forgetLearnt();
    const address = rawAddress(this.#request.unit, area, at);
    const [reading] = await this.#visit.read([
      modbus.isBitArea(area)
        ? { address, type: 'bool', ...(count === 1 ? {} : { count }) }
        : { address: `${address}.${count}D`, type: 'string' },
    ]);
    const { quality } = reading!;
    this.#silent = quality === Quality.badTimeout || quality === Quality.badNoCommunication ? this.#silent + 1 : 0;
    return !isBad(quality);
  }

  /** Several requests at once, a few times: the driver finds out by itself what the device keeps up with. */
  async #window(): Promise<number | undefined> {
    const span = this.#spans.find((s) => !modbus.isBitArea(s.area));
    if (span === undefined) return undefined;
    this.#visit.forgetLearnt();
    const each = Math.max(1, Math.min(4, Math.floor((span.to - span.from + 1) / 16)));
    const wanted = Array.from({ length: 8 }, (_, i) => ({
      address: rawAddress(this.#request.unit, span.area, span.from + 2 * i * each),
      type: 'uint16' as const,
    })).filter((_, i) => span.from + 2 * i * each <= span.to);
    if (wanted.length < 8) return undefined;
    for (let round = 0; round < windowRequests / 8; round++) {
      const readings = await this.#visit.read(wanted);
      if (readings.some((r) => isBad(r.quality))) return undefined;
    }
    return this.#visit.stats().window;
  }
}
