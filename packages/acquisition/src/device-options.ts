import type { Clock, DriverMemory, DriverModule, DriverStats, Health, Logger, QualityWord, Tag } from '@omh/core';
import type { CycleSurroundings, Finished } from './cycle-steps.ts';
import type { DeviceControl, DeviceControls } from './device-control.ts';
import type { GroupPhases } from './group-phases.ts';
import type { LinkState } from './link-keeper.ts';
import type { GroupStatus } from './polling-group.ts';

export interface GroupOptions {
  readonly name: string;
  readonly intervalMs: number;
  readonly tags: readonly Tag[];
}
export interface DeviceOptions {
  readonly name: string;
  readonly module: DriverModule;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly path: string;
  readonly groups: readonly GroupOptions[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly emit: (finished: Finished) => void;
  /** Counts of the device's tags by quality, for its sentence and metrics. */
  readonly counts: () => Record<QualityWord, number>;
  readonly around: CycleSurroundings;
  /** One for all devices of a hub. */
  readonly phases: GroupPhases;
  readonly controls: DeviceControls;
  /** What the driver learnt; kept over a restart. */
  readonly memory?: DriverMemory;
  /** One for all drivers of a hub. */
  readonly shared?: Map<string, unknown>;
}

export interface DeviceBrief {
  readonly name: string;
  readonly driver: string;
  readonly endpoint: string;
  readonly health: Health;
  readonly tags: number;
  readonly counts: Record<QualityWord, number>;
}
export interface DeviceStatus extends DeviceBrief {
  readonly path: string;
  readonly link: LinkState;
  readonly groups: readonly GroupStatus[];
  readonly stats: DriverStats;
  /** What people switched off. */
  readonly control: DeviceControl;
}
