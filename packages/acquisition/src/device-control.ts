import { rfc3339, type Micros, type Reason } from '@omh/core';

/** Who switched something off, and since when. */
export interface Held {
  readonly by: string;
  readonly at: Micros;
  readonly comment?: string;
}
/** What people switched off at a device; state, not configuration. */
export interface DeviceControl {
  /** The link is closed. */
  readonly stopped?: Held;
  /** The link stays, nothing is read. */
  readonly paused?: Held;
  /** Groups that are not read. */
  readonly groups?: Readonly<Record<string, Held>>;
}
export type ControlAction = 'start' | 'stop' | 'pause' | 'resume';

/** Where it is kept over a restart. */
export interface DeviceControls {
  get(device: string): DeviceControl | undefined;
  /** undefined: nothing is switched off any more. */
  set(device: string, control: DeviceControl | undefined): void;
}

/** The control after an action; undefined when nothing is switched off. `start` also ends a pause of the whole device. */
export function controlled(now: DeviceControl, action: ControlAction, group: string | undefined, held: Held): DeviceControl | undefined {
  const { stopped, paused, groups = {} } = now;
  if (group !== undefined) {
    const { [group]: _, ...others } = groups;
    const next = action === 'pause' || action === 'stop' ? { ...others, [group]: held } : others;
    return compact({ stopped, paused, groups: next });
  }
  switch (action) {
    case 'stop':
      return compact({ stopped: held, paused, groups });
    case 'start':
      return compact({ stopped: undefined, paused: undefined, groups });
    case 'pause':
      return compact({ stopped, paused: held, groups });
    case 'resume':
      return compact({ stopped, paused: undefined, groups });
  }
}

function compact(control: {
  stopped: Held | undefined;
  paused: Held | undefined;
  groups: Record<string, Held>;
}): DeviceControl | undefined {
  const { stopped, paused, groups } = control;
  const hasGroups = Object.keys(groups).length > 0;
  if (stopped === undefined && paused === undefined && !hasGroups) return undefined;
  return { ...(stopped === undefined ? {} : { stopped }), ...(paused === undefined ? {} : { paused }), ...(hasGroups ? { groups } : {}) };
}

/** Who switched it off, as a sentence. */
export const heldReason = ({ by, at, comment }: Held, how: 'Stopped' | 'Paused'): Reason => ({
  code: how === 'Stopped' ? 'DEVICE_STOPPED_BY' : 'DEVICE_PAUSED_BY',
  params: { by, at: rfc3339(at) },
  text: `${how} by ${by}${comment === undefined || comment === '' ? '' : `: ${comment.replace(/\.$/, '')}`}.`,
});
