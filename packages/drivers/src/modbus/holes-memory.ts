import { modbus } from '@omh/wire';

/** One area as it is kept over restarts; spans are `[start, count, …]`. */
export interface SavedArea {
  readonly unit: number;
  readonly area: modbus.Source;
  readonly limit?: number;
  /** Exception code with which the function of the area is refused. */
  readonly whole?: number;
  /** `[start, count, code, seconds until it is asked again]` */
  readonly holes: readonly (readonly [number, number, number, number])[];
  /** `[start, count, code]` */
  readonly fences: readonly (readonly [number, number, number])[];
  readonly answered: readonly (readonly [number, number])[];
}
interface Saved {
  readonly areas: readonly SavedArea[];
  readonly identities: readonly (readonly [number, string])[];
}

const version = 1;
const maxAreas = 1536;

/** What stands under `learnt` of the driver's memory; the other keys stay as they are. */
export function toMemory(former: unknown, areas: readonly SavedArea[], identities: readonly (readonly [number, string])[]): unknown {
  return { ...(isObject(former) ? former : {}), learnt: { version, areas: areas.slice(0, maxAreas), identities } };
}

/** What is not understood is left out: the device teaches it again. */
export function fromMemory(value: unknown): Saved {
  const learnt = isObject(value) ? value['learnt'] : undefined;
  if (!isObject(learnt) || learnt['version'] !== version) return { areas: [], identities: [] };
  const areas = listOf(learnt['areas']).slice(0, maxAreas).flatMap(areaOf);
  const identities = listOf(learnt['identities']).flatMap((pair) =>
    Array.isArray(pair) && isUnit(pair[0]) && typeof pair[1] === 'string' ? [[pair[0], pair[1]] as const] : [],
  );
  return { areas, identities };
}

function areaOf(value: unknown): SavedArea[] {
  if (!isObject(value) || !isUnit(value['unit']) || !modbus.sources.includes(value['area'] as modbus.Source)) return [];
  const { unit, limit, whole } = value;
  return [
    {
      unit,
      area: value['area'] as modbus.Source,
      ...(isCount(limit) && limit > 0 ? { limit } : {}),
      ...(isCount(whole) ? { whole } : {}),
      holes: rowsOf(value['holes'], 4) as unknown as SavedArea['holes'],
      fences: rowsOf(value['fences'], 3) as unknown as SavedArea['fences'],
      answered: rowsOf(value['answered'], 2) as unknown as SavedArea['answered'],
    },
  ];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65536 * 2;
const isUnit = (value: unknown): value is number => isCount(value) && value <= 255;
const rowsOf = (value: unknown, width: number): number[][] =>
  listOf(value).filter((row): row is number[] => Array.isArray(row) && row.length === width && row.every(isCount) && row[0]! <= 65535);
