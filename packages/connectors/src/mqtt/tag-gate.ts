import type { Micros, Principal, Tag, TagValue } from '@omh/core';
import type { Sender } from './uplink.ts';

/** What is known of a tag now. */
export interface TagReading {
  readonly tag: Tag;
  /** undefined until the first usable value. */
  readonly value: TagValue | undefined;
  readonly valueTime: Micros | undefined;
  readonly qualityCode: number;
}

export interface TagWrite {
  readonly device: string;
  readonly group: string;
  readonly tag: string;
  readonly value: unknown;
  /** Why, in the writer's words. */
  readonly reason?: string;
  readonly principal: Principal;
  /** Where it came from, for the audit log: `ip:port`, or what is known instead. */
  readonly from: string;
}

export interface DeviceLink {
  readonly node: string;
  /** It answers. */
  readonly up: boolean;
  /** It is asked to run. */
  readonly running: boolean;
}

/** The hub's tags as an app reaches them; permissions, limits and the audit log stand behind it. */
export interface TagGate {
  /** `no device` and `no group` where there is none. */
  readings(device: string, group: string): readonly TagReading[] | 'no device' | 'no group';
  mayRead(principal: Principal, path: string): boolean;
  mayPublish(sender: Sender, topic: string): boolean;
  /** Resolves after the device confirmed, rejects with an OmhError: APP_NOT_ALLOWED, APP_NO_SUCH_TAG, or what acquisition refuses. */
  write(write: TagWrite): Promise<void>;
  devices(): readonly DeviceLink[];
}
