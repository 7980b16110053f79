import type { Micros, OmhError, Principal, Tag, TagValue } from '@omh/core';
import type { Sender } from './uplink.ts';

/** What is known of a tag now. */
export interface TagReading {
  readonly tag: Tag;
  /** undefined until the first usable value. */
  readonly value: TagValue | undefined;
  readonly valueTime: Micros | undefined;
  readonly qualityCode: number;
}

/** What one request writes: tags of one group. */
export interface TagWrites {
  readonly device: string;
  readonly group: string;
  readonly items: readonly { readonly tag: string; readonly value: unknown }[];
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
  /** Whether an answer may go to this topic: where its asker may publish. */
  mayAnswer(asker: Sender, topic: string): boolean;
  /**
   * Resolves after the device answered; result i is undefined where it confirmed item i, else APP_NOT_ALLOWED, APP_NO_SUCH_TAG, or what
   * acquisition refuses. Where one of them may not be written, none is.
   */
  write(writes: TagWrites): Promise<readonly (OmhError | undefined)[]>;
  devices(): readonly DeviceLink[];
}
