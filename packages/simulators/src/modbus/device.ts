import type { OmhError } from '@omh/core';
import { DeviceTime } from '../device-time.ts';
import { errors } from '../errors.ts';
import { FaultBoard } from '../faults/board.ts';
import type { FaultConfig } from '../faults/config.ts';
import { seedOf } from '../signals/chance.ts';
import { csvColumn } from '../signals/csv-column.ts';
import type { ModbusSimulatorConfig, UnitConfig } from './config.ts';
import { Unit } from './unit.ts';
import { planUnit, type Tell, type UnitPlan } from './unit-plan.ts';

/** The published demo: exactly two holding registers, in tenths of a degree and of a percent; 16 coils to write to. */
const blueprint: UnitConfig = {
  areas: { coil: 16, discrete: 16, input: 16, holding: 2 },
  signals: [
    { name: 'temperature', at: 40001, signal: 'random', min: 280, max: 309 },
    { name: 'humidity', at: 40002, signal: 'random', min: 700, max: 729 },
  ],
};

/** A block's units, placed. */
export function planUnits(config: ModbusSimulatorConfig, tell: Tell): UnitPlan[] {
  if (config.units !== undefined) return Object.entries(config.units).map(([key, unit]) => planUnit(key, unit, tell));
  return [planUnit(String(config.unit ?? 1), config.preset === 'blueprint' ? blueprint : {}, tell)];
}

/** Holes are faults that never end. */
const holesOf = ({ holes = [] }: ModbusSimulatorConfig): FaultConfig[] =>
  holes.map((hole): FaultConfig => ({ fault: 'refuse', area: 'holding', to: hole.from, ...hole }));

/** All units of a simulator with their time, chance and faults. */
export class Device {
  readonly time: DeviceTime;
  readonly faults: FaultBoard;
  readonly units: ReadonlyMap<number, Unit>;
  readonly seed: number;

  /** Throws what is wrong with the configuration. */
  constructor(
    name: string,
    config: ModbusSimulatorConfig,
    deps: { readonly clock: ConstructorParameters<typeof DeviceTime>[0]; readonly folder: string },
  ) {
    this.time = new DeviceTime(deps.clock);
    const random = config.seed === undefined && config.preset === 'blueprint' && config.units === undefined;
    this.seed = random ? Math.floor(Math.random() * 2 ** 32) : seedOf(config.seed ?? 1, name);
    this.faults = new FaultBoard(this.seed, config.faults ?? [], holesOf(config));
    const columns = new Map<string, readonly number[]>();
    const column = (file: string, name: string): readonly number[] => {
      const key = `${file}\n${name}`;
      const values = columns.get(key) ?? csvColumn(deps.folder, file, name);
      columns.set(key, values);
      return values;
    };
    let fault: OmhError | undefined;
    const plans = planUnits(config, (_path, error) => {
      fault ??= error;
    });
    if (fault !== undefined) throw errors.SIMULATORS_SETTINGS({ name, detail: fault.text }, { cause: fault });
    const context = { seed: this.seed, time: this.time, faults: this.faults, column };
    this.units = new Map(plans.map((plan) => [plan.unit, new Unit(plan, config, context)]));
  }
  get hasProcesses(): boolean {
    return [...this.units.values()].some((unit) => unit.signals.hasProcesses);
  }
}
