import { parseDurationMs } from '@omh/core';
import type { TagDefinition } from '@omh/core';
import type { Registry } from './checks.ts';
import type { DeviceConfig, HubConfig } from './hub-schema.ts';
import { countOf } from './count-of.ts';
import { same } from './same.ts';
import { defineTag } from './tag-definition.ts';

export interface PlanWarning {
  /** HISTORY_STAYS, LOAD_GROWS, LOAD_HIGH, ANONYMOUS_BEYOND_LOOPBACK; of the running hub QUEUE_STAYS. */
  readonly code: string;
  readonly path: string;
  readonly text: string;
}

/** A load that grows by less is not worth a word. */
const growth = 1.5;
/** Requests per second that many controllers and gateways no longer answer. */
const highRequests = 100;

/** What a person should know before applying, though nothing is wrong with it. */
export function warningsOf(from: HubConfig, to: HubConfig, registry: Registry): PlanWarning[] {
  return [...history(from, to), ...load(from, to, registry), ...anonymous(from, to)];
}

function* history(from: HubConfig, to: HubConfig): Iterable<PlanWarning> {
  for (const [name, device] of Object.entries(from.devices)) {
    let removed = 0;
    for (const [group, { tags }] of Object.entries(device.groups)) {
      const next = to.devices[name]?.groups[group]?.tags;
      for (const tag of Object.keys(tags)) if (next === undefined || !Object.hasOwn(next, tag)) removed++;
    }
    if (removed === 0) continue;
    const text = `${countOf(removed, 'tag')} of device ${name} ${removed === 1 ? 'is' : 'are'} no longer read; the history ${removed === 1 ? 'it has' : 'they have'} stays until the retention ends it.`;
    yield { code: 'HISTORY_STAYS', path: `devices/${name}`, text };
  }
}

interface Load {
  values: number;
  /** undefined when the driver cannot say. */
  requests: number | undefined;
}

function* load(from: HubConfig, to: HubConfig, registry: Registry): Iterable<PlanWarning> {
  for (const [name, device] of Object.entries(to.devices)) {
    const former = from.devices[name];
    if (same(former, device)) continue;
    const before = former === undefined ? { values: 0, requests: 0 } : loadOf(former, registry);
    const after = loadOf(device, registry);
    if (after.requests !== undefined && after.requests >= highRequests && after.requests > (before.requests ?? 0)) {
      const text = `The link of device ${name} carries about ${rate(after.requests)} requests/s for ${rate(after.values)} values/s; many devices answer fewer than ${highRequests} a second.`;
      yield { code: 'LOAD_HIGH', path: `devices/${name}`, text };
      continue;
    }
    const grows = (a: number | undefined, b: number | undefined): boolean => a !== undefined && b !== undefined && a > 0 && b >= a * growth;
    if (!grows(before.values, after.values) && !grows(before.requests, after.requests)) continue;
    const requests =
      before.requests === undefined || after.requests === undefined
        ? ''
        : `${rate(before.requests)} → ${rate(after.requests)} requests/s, `;
    const text = `The link of device ${name} carries more: ${requests}${rate(before.values)} → ${rate(after.values)} values/s.`;
    yield { code: 'LOAD_GROWS', path: `devices/${name}`, text };
  }
}

function loadOf(device: DeviceConfig, registry: Registry): Load {
  const out: Load = { values: 0, requests: 0 };
  for (const group of Object.values(device.groups)) {
    const perSecond = 1000 / (parseDurationMs(group.interval) ?? Infinity);
    const tags = Object.entries(group.tags).flatMap(([name, tag]): TagDefinition[] =>
      tag.access === 'write' || tag.address === undefined ? [] : [defineTag({}, name, tag)],
    );
    out.values += tags.length * perSecond;
    const requests = tags.length === 0 ? 0 : registry.requestsPerCycle?.(device.driver, device.settings, tags);
    out.requests = requests === undefined || out.requests === undefined ? undefined : out.requests + requests * perSecond;
  }
  return out;
}

function* anonymous(from: HubConfig, to: HubConfig): Iterable<PlanWarning> {
  for (const kind of Object.keys(to.broker.listeners)) {
    const open = (config: HubConfig): boolean => {
      const listener = config.broker.listeners[kind];
      return listener?.anonymous === true && !isLoopback(listener.host);
    };
    if (!open(to) || open(from)) continue;
    const text = `Anyone who reaches this machine over the network may then connect to MQTT without a password (${kind}).`;
    yield { code: 'ANONYMOUS_BEYOND_LOOPBACK', path: `broker/listeners/${kind}/anonymous`, text };
  }
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
const rate = (perSecond: number): string =>
  perSecond >= 100 ? Math.round(perSecond).toLocaleString('en-US') : String(Math.round(perSecond * 10) / 10);
