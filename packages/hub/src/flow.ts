import type { Micros, PartState } from '@omh/core';

interface Rated { readonly name: string; readonly state: PartState; readonly sentence: string }

/** How values flow right now: what the overview draws. Rates are per second over the last ten seconds. */
export interface FlowSnapshot {
  readonly time: Micros;
  readonly devices: readonly (Rated & {
    readonly driver: string; readonly endpoint: string; readonly valuesPerSecond: number;
    readonly tags: number; readonly good: number; readonly uncertain: number; readonly bad: number;
  })[];
  readonly apps: readonly (Rated & { readonly type: string; readonly messagesPerSecond: number })[];
  readonly broker: {
    readonly state: PartState; readonly sentence: string; readonly clients: number; readonly messagesInPerSecond: number;
    readonly messagesOutPerSecond: number; readonly subscriptions: number; readonly retained: number; readonly dropped: number;
  };
  readonly rules: readonly (Rated & { readonly matchedPerSecond: number; readonly passedPerSecond: number; readonly failedPerSecond: number })[];
  readonly historian: {
    readonly state: PartState; readonly sentence: string; readonly samplesPerSecond: number; readonly rowsPerSecond: number;
    readonly commitP50Ms: number; readonly queued: number; readonly bytesOnDisk: number;
  };
  readonly simulators: readonly { readonly name: string; readonly state: PartState; readonly requestsPerSecond: number }[];
  readonly loop: { readonly p99Ms: number };
  readonly rssMb: number;
}
