import type { Hub } from '@omh/hub';
import { unknown } from './tag-target.ts';

/** The name itself where a device has it; an unknown one answers with the nearest. */
export function deviceNamed(hub: Hub, name: string): string {
  const names = hub.deviceAdmin.names();
  return names.includes(name) ? name : unknown('device', name, names);
}
