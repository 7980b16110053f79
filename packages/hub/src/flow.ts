import type { Health, Micros, Part, PartState } from '@omh/core';
import type { Rates } from './rates.ts';
import type { Rooms } from './rooms.ts';

interface Rated {
  readonly name: string;
  readonly state: PartState;
  readonly sentence: string;
}

/** How values flow right now: what the overview draws. Rates are per second over the last ten seconds. */
export interface FlowSnapshot {
  readonly time: Micros;
  readonly devices: readonly (Rated & {
    readonly driver: string;
    readonly endpoint: string;
    readonly valuesPerSecond: number;
    readonly tags: number;
    readonly good: number;
    readonly uncertain: number;
    readonly bad: number;
  })[];
  readonly apps: readonly (Rated & { readonly type: string; readonly messagesPerSecond: number })[];
  readonly broker: {
    readonly state: PartState;
    readonly sentence: string;
    readonly clients: number;
    readonly messagesInPerSecond: number;
    readonly messagesOutPerSecond: number;
    readonly subscriptions: number;
    readonly retained: number;
    readonly dropped: number;
  };
  readonly rules: readonly (Rated & {
    readonly matchedPerSecond: number;
    readonly passedPerSecond: number;
    readonly failedPerSecond: number;
  })[];
  readonly historian: {
    readonly state: PartState;
    readonly sentence: string;
    readonly samplesPerSecond: number;
    readonly rowsPerSecond: number;
    readonly commitP50Ms: number;
    readonly queued: number;
    readonly bytesOnDisk: number;
  };
  readonly simulators: readonly { readonly name: string; readonly state: PartState; readonly requestsPerSecond: number }[];
  readonly loop: { readonly p99Ms: number };
  readonly rssMb: number;
}

/** What `Rates` reads once a second; the names are those that `flowOf` asks for. */
export function* countersOf(rooms: Rooms): Iterable<readonly [string, number]> {
  for (const device of rooms.devices.values()) yield [`${device.id}/values`, device.values];
  for (const app of rooms.apps.values()) yield [`${app.id}/messages`, app.messages];
  for (const rule of rooms.rules.values()) {
    const { matched, passed, failed } = rule.status();
    yield [`${rule.id}/matched`, matched];
    yield [`${rule.id}/passed`, passed];
    yield [`${rule.id}/failed`, failed];
  }
  for (const simulator of rooms.simulators.values()) yield [`${simulator.id}/requests`, simulator.stats().requests];
  const { messagesIn, messagesOut, messagesLocal } = rooms.broker.stats();
  yield ['broker/in', messagesIn + messagesLocal];
  yield ['broker/out', messagesOut];
  const { samples, rows } = rooms.historian.stats();
  yield ['historian/samples', samples];
  yield ['historian/rows', rows];
}

export function flowOf(rooms: Rooms, rates: Rates, loop: FlowSnapshot['loop'], time: Micros): FlowSnapshot {
  const rate = (part: string, what: string): number => rates.perSecond(`${part}/${what}`);
  const { clients, subscriptions, retained, dropped } = rooms.broker.stats();
  const { commitP50Ms, queued, bytesOnDisk } = rooms.historian.stats();
  return {
    time,
    devices: [...rooms.devices.values()].map((device) => {
      const { name, driver, endpoint, health, tags, counts } = device.brief();
      return { name, ...told(health), driver, endpoint, valuesPerSecond: rate(device.id, 'values'), tags, ...counts };
    }),
    apps: [...rooms.apps.values()].map((app) => ({
      name: app.name,
      ...stateOf(app),
      type: 'mqtt',
      messagesPerSecond: rate(app.id, 'messages'),
    })),
    broker: {
      ...stateOf(rooms.broker),
      clients,
      subscriptions,
      retained,
      dropped,
      messagesInPerSecond: rate('broker', 'in'),
      messagesOutPerSecond: rate('broker', 'out'),
    },
    rules: [...rooms.rules].map(([name, rule]) => ({
      name,
      ...stateOf(rule),
      matchedPerSecond: rate(rule.id, 'matched'),
      passedPerSecond: rate(rule.id, 'passed'),
      failedPerSecond: rate(rule.id, 'failed'),
    })),
    historian: {
      ...stateOf(rooms.historian),
      samplesPerSecond: rate('historian', 'samples'),
      rowsPerSecond: rate('historian', 'rows'),
      commitP50Ms,
      queued,
      bytesOnDisk,
    },
    simulators: [...rooms.simulators.values()].map((s) => ({
      name: s.name,
      state: s.health().state,
      requestsPerSecond: rate(s.id, 'requests'),
    })),
    loop,
    rssMb: process.memoryUsage.rss() / 1e6,
  };
}

const told = ({ state, reason }: Health): { state: PartState; sentence: string } => ({ state, sentence: reason.text });
const stateOf = (part: Part): { state: PartState; sentence: string } => told(part.health());
