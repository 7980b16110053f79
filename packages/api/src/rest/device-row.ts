import { Type, type Static } from '@fastify/type-provider-typebox';
import { rfc3339 } from '@omh/core';
import type { DeviceStatus, Held } from '@omh/hub';
import { healthFields, healthToJson, listOf, Time } from '../schemas.ts';

export const HeldRow = Type.Object(
  { by: Type.String(), at: Time, comment: Type.Optional(Type.String()) },
  { description: 'Who switched it off, when and why.' },
);
export type HeldRow = Static<typeof HeldRow>;
const Ms = (description: string) => Type.Optional(Type.Number({ description }));

export const DeviceRow = Type.Object({
  name: Type.String(),
  driver: Type.String(),
  endpoint: Type.String(),
  path: Type.String(),
  ...healthFields,
  link: Type.Unsafe<DeviceStatus['link']>({
    type: 'string',
    enum: ['connecting', 'up', 'down', 'stopped'],
    description: 'down: the next attempt waits until nextTry.',
  }),
  stopped: Type.Optional(HeldRow),
  paused: Type.Optional(HeldRow),
  groups: Type.Array(
    Type.Object({
      name: Type.String(),
      intervalMs: Type.Number(),
      tags: Type.Number(),
      cycles: Type.Number(),
      missed: Type.Number(),
      skipped: Type.Number({ description: 'Cycles left out because the one before was still running.' }),
      lastCycleMs: Ms('How long the last cycle took.'),
      jitterP99Ms: Ms('How much later than due 99 % of the newest cycles began.'),
      overrun: Type.Boolean({ description: 'The last cycle took longer than the interval.' }),
      paused: Type.Optional(HeldRow),
    }),
  ),
  tags: Type.Number(),
  good: Type.Number(),
  uncertain: Type.Number(),
  bad: Type.Number(),
  stats: Type.Object({
    requests: Type.Number(),
    responses: Type.Number(),
    refusals: Type.Number(),
    timeouts: Type.Number(),
    strays: Type.Number({ description: 'Late or wrong answers that were thrown away.' }),
    bytesIn: Type.Number(),
    bytesOut: Type.Number(),
    connects: Type.Number(),
    lastRttMs: Type.Optional(Type.Number()),
    rttP50Ms: Ms('Half of the newest round trips took no longer.'),
    rttP99Ms: Ms('99 % of the newest round trips took no longer.'),
    window: Type.Optional(Type.Integer({ description: 'Requests that may be under way at once now.' })),
    holes: Type.Integer({ description: 'Ranges that the device is known to refuse.' }),
    faults: listOf(Type.Object({ code: Type.String(), count: Type.Integer() }), 'How often each fault was met, the most frequent first.'),
  }),
});
export type DeviceRow = Static<typeof DeviceRow>;

const heldToJson = ({ by, at, comment }: Held): HeldRow => ({ by, at: rfc3339(at), ...(comment === undefined ? {} : { comment }) });
/** Only what is defined. */
const said = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

export function deviceToJson({
  name,
  driver,
  endpoint,
  path,
  health,
  link,
  groups,
  tags,
  counts,
  stats,
  control,
}: DeviceStatus): DeviceRow {
  const { requests, responses, refusals, timeouts, strays, bytesIn, bytesOut, connects } = stats;
  const { lastRttMs, rttP50Ms, rttP99Ms, window, holes = [], faults = {} } = stats;
  const { stopped, paused } = control;
  return {
    name,
    driver,
    endpoint,
    path,
    ...healthToJson(health),
    link,
    ...said({ stopped: stopped && heldToJson(stopped), paused: paused && heldToJson(paused) }),
    groups: groups.map((g) => ({
      name: g.name,
      intervalMs: g.intervalMs,
      tags: g.tags,
      cycles: g.cycles,
      missed: g.missed,
      skipped: g.skipped,
      overrun: (g.lastCycleMs ?? 0) > g.intervalMs,
      ...said({ lastCycleMs: g.lastCycleMs, jitterP99Ms: g.jitterP99Ms, paused: g.paused && heldToJson(g.paused) }),
    })),
    tags,
    ...counts,
    stats: {
      requests,
      responses,
      refusals,
      timeouts,
      strays,
      bytesIn,
      bytesOut,
      connects,
      ...said({ lastRttMs, rttP50Ms, rttP99Ms, window }),
      holes: holes.length,
      faults: Object.entries(faults)
        .map(([code, count]) => ({ code, count }))
        .sort((a, b) => b.count - a.count),
    },
  };
}
