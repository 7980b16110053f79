import type { TestContext } from 'node:test';
import { isGood, qualityName, silentLogger, systemClock, type Clock, type Driver, type Reason, type Tag } from '@omh/core';
import { modbusTcp } from '../modbus/module.ts';
import type { ModbusTcpSettings } from '../modbus/settings.ts';
import { ModbusPeer, type PeerOptions } from './modbus-peer.ts';
import { tag } from './tag.ts';

export const signal: AbortSignal = new AbortController().signal;

interface Made {
  readonly driver: Driver;
  readonly lost: Reason[];
}
/** A driver that is closed with the test, and what it lost its link by. */
export function make(
  t: TestContext,
  settings: ModbusTcpSettings,
  more: { device?: string; shared?: Map<string, unknown>; clock?: Clock } = {},
): Made {
  const lost: Reason[] = [];
  const { device = 'demo', shared, clock = systemClock } = more;
  const driver = modbusTcp.create(settings, {
    device,
    clock,
    log: silentLogger,
    onLost: (reason) => void lost.push(reason),
    ...(shared !== undefined && { shared }),
  });
  t.after(() => driver.close());
  return { driver, lost };
}
export async function peerOf(t: TestContext, options: PeerOptions = {}): Promise<ModbusPeer> {
  const peer = await ModbusPeer.listen(options);
  t.after(() => peer.close());
  return peer;
}
export const settingsOf = (peer: ModbusPeer, more: Partial<ModbusTcpSettings> = {}): ModbusTcpSettings => ({ ...peer.settings, ...more });
/** Registers too far apart to be read together. */
export const spread = (n: number, unit = 1): Tag[] => Array.from({ length: n }, (_, i) => tag(i + 1, `${unit}!4${1 + i * 10}`));
export const names = (quality: Uint16Array): string[] => Array.from(quality, qualityName);
export const allGood = (quality: Uint16Array): boolean => quality.every(isGood);
