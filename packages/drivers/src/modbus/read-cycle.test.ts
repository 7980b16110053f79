import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qualityName, type Tag } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { tag } from '../testing/tag.ts';
import { LearntMap } from './holes.ts';
import type { Exchange, ModbusLink, Outcome } from './link.ts';
import { Places } from './places.ts';
import { ModbusPlan } from './plan.ts';
import { ReadCycle } from './read-cycle.ts';
import { resolveSettings } from './settings.ts';
import { UnitWatch } from './unit-watch.ts';

/** One cycle over tags of a unit that owes its last answer, on a link that settles all it gets in the same way. */
function cycleThatMeets(outcome: Outcome, tags: readonly Tag[]): Promise<string[]> {
  const clock = new VirtualClock();
  const settings = resolveSettings({});
  const waiting: Exchange[] = [];
  const link = {
    isOpen: true,
    submit: (exchange: Exchange) => void waiting.push(exchange),
    pump() {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.settle(outcome, new Uint8Array(0), 0, 0);
    },
  } as unknown as ModbusLink;
  const silentUnits = new UnitWatch('demo', clock, settings, link);
  silentUnits.silent(1, clock.monotonicMs());
  const learnt = new LearntMap(clock, undefined);
  const places = new Places(settings, 'demo');
  tags.forEach((t, row) => places.add(t, row));
  const plan = new ModbusPlan(tags, places, learnt);
  const cycle = new ReadCycle(plan, 1000, { device: 'demo', clock, link, settings, learnt, silentUnits, refused() {} });
  return cycle.run().then((batch) => Array.from(batch.quality, qualityName));
}

for (const [outcome, quality] of [
  ['skipped', 'badTimeout'],
  ['timeout', 'badTimeout'],
  ['lost', 'badNoCommunication'],
] as const) {
  test(`a cycle ends although the first request of a silent unit is ${outcome}`, async () => {
    assert.deepEqual(await cycleThatMeets(outcome, [tag(1, '1!40001'), tag(2, '1!40101'), tag(3, '1!40201')]), [quality, quality, quality]);
  });
}
