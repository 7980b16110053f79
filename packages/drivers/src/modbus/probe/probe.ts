import { isBad, Quality, type DriverModule } from '@omh/core';
import { modbus } from '@omh/wire';
import { errors } from '../../errors.ts';
import { visitDevice, type DeviceVisit, type VisitOptions } from './device-visit.ts';
import { rank, type Candidate, type Hint, type Ranking } from './rank.ts';
import { bitsOf, type Registers } from './reading.ts';

export interface ProbeRequest {
  /** In the notation of the settings; its number may be one too low or too high. */
  readonly address: string;
  readonly hint?: Hint;
  /** How often the registers are read, 1 to 100; 10 when absent. */
  readonly samples?: number;
  /** Between two readings, 10 to 60000; 500 when absent. */
  readonly everyMs?: number;
}
export interface ProbedCandidate extends Candidate {
  /** As a tag of this device writes it. */
  readonly address: string;
}
export interface ProbeAnswer extends Ranking {
  readonly unit: number;
  readonly area: modbus.Area;
  /** Wire address of the first register of `samples`. */
  readonly first: number;
  readonly samples: readonly Registers[];
  readonly candidates: readonly ProbedCandidate[];
}

const before = 4;
const after = 8;

/** Reads the registers around an address several times and ranks what the value there may be. Never writes. */
export function probe(
  module: DriverModule,
  settings: Readonly<Record<string, unknown>>,
  request: ProbeRequest,
  options: VisitOptions,
): Promise<ProbeAnswer> {
  const addressing = modbus.addressingOf(settings);
  const address = registerAddress(request.address, addressing);
  return visitDevice(module, rawSettings(settings, address.unit), options, async (visit) => {
    const first = Math.max(0, address.start - before);
    const last = Math.min(65535, address.start + after);
    const count = Math.min(100, Math.max(1, Math.trunc(request.samples ?? 10)));
    const everyMs = Math.min(60_000, Math.max(10, request.everyMs ?? 500));
    const samples: Registers[] = [];
    for (let t = 0; t < count; t++) {
      if (t > 0) await options.clock.sleep(everyMs, options.signal);
      samples.push(await registers(visit, address, first, last, request.address));
    }
    const { candidates, remarks } = rank({ samples, at: address.start - first }, request.hint);
    const written = candidates.map((c) => ({ ...c, address: addressOf(c, address, settings) }));
    return { unit: address.unit, area: address.area, first, samples, remarks, candidates: written };
  });
}

/** The parsed address of a register; a fault of it is one sentence. */
export function registerAddress(text: string, addressing: modbus.Addressing): modbus.Address {
  const bare = text.replace(/#\w+$/, '');
  const withUnit =
    (addressing.addressing ?? 'neuron') === 'neuron' && addressing.unit === undefined && !bare.includes('!') ? `1!${bare}` : bare;
  const parsed = modbus.parseAddress(withUnit, { type: 'uint16', access: 'read' }, addressing);
  if (parsed.ok) return parsed.value;
  if (parsed.error.some((i) => i.code === 'MODBUS_ADDRESS_TYPE')) throw errors.DRIVERS_PROBE_BITS({ address: text });
  throw errors.DRIVERS_MODBUS_ADDRESS({ detail: parsed.error.map((i) => `${i.message} ${i.fix ?? ''}`.trim()).join(' ') });
}

/** As on the wire, whatever the notation; a unit is asked however often it was silent. */
export const rawSettings = (settings: Readonly<Record<string, unknown>>, unit: number): Readonly<Record<string, unknown>> => ({
  ...settings,
  addressing: 'zero',
  addressBase: 1,
  unit,
  degradeAfter: 0,
});
const shortNames: Readonly<Record<modbus.Area, string>> = { coil: 'co', discrete: 'di', input: 'ir', holding: 'hr' };
export const rawAddress = (unit: number, area: modbus.Area, at: number): string => `${unit}!${shortNames[area]}${at}`;

async function registers(
  visit: DeviceVisit,
  { unit, area }: modbus.Address,
  first: number,
  last: number,
  text: string,
): Promise<Registers> {
  const wanted = Array.from({ length: last - first + 1 }, (_, i) => ({
    address: rawAddress(unit, area, first + i),
    type: 'uint16' as const,
  }));
  const readings = await visit.read(wanted);
  const silent = readings.find((r) => r.quality === Quality.badTimeout || r.quality === Quality.badNoCommunication);
  if (silent !== undefined || readings.every((r) => isBad(r.quality))) {
    const why = (silent ?? readings[0]!).reason?.text ?? 'The device does not say why.';
    throw errors.DRIVERS_PROBE_UNREADABLE({ address: text, why });
  }
  return readings.map((r) => (typeof r.value === 'number' ? r.value : undefined));
}

/** Where the device's own order says it, the address does not. */
function addressOf(candidate: Candidate, { unit, area, start }: modbus.Address, settings: Readonly<Record<string, unknown>>): string {
  const size = (bitsOf(candidate.type) / 8) as 2 | 4 | 8;
  const order = (settings['byteOrder'] ?? 'ABCD') as modbus.ByteOrder;
  const order64 = (settings['byteOrder64'] ?? 'ABCDEFGH') as modbus.ByteOrder64;
  const suffix = candidate.suffix as modbus.EndianSuffix;
  const isUsual = modbus.orderMask(size, undefined, order, order64) === modbus.orderMask(size, suffix, order, order64);
  return modbus.formatAddress(
    {
      unit,
      area,
      query: undefined,
      start: start + candidate.offset,
      bit: undefined,
      length: 0,
      layout: 'H',
      endian: isUsual ? undefined : suffix,
      elements: undefined,
      count: size / 2,
    },
    modbus.addressingOf(settings),
  );
}
