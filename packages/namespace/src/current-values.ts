import type { Micros, QualityWord, Tag, TagId, TagValue } from '@omh/core';

/** What is known of a tag now. */
export interface CurrentValue {
  readonly tag: Tag;
  /** The last usable one; undefined before the first. */
  readonly value: TagValue | undefined;
  /** When `value` was read. */
  readonly valueTime: Micros | undefined;
  readonly quality: QualityWord;
  readonly qualityCode: number;
  /** Since when this quality holds. */
  readonly since: Micros;
  readonly reason: string | undefined;
}

/** The table of last values, which the namespace reads and never changes. */
export interface CurrentValues {
  get(id: TagId | number | undefined): CurrentValue | undefined;
  byPath(path: string): CurrentValue | undefined;
  /** Of one device's tags. */
  counts(device?: string): Record<QualityWord, number>;
}
