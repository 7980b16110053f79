import type { TagConfig } from './tag-schema.ts';

/** A tag as a person writes it: what is so anyway is not said. */
export function withoutDefaults(tag: Partial<TagConfig>): Partial<TagConfig> {
  const silent = (key: string, value: unknown): boolean =>
    value === undefined ||
    (value === false && (key === 'writeReason' || key === 'readBack')) ||
    (key === 'access' && value === 'read') ||
    (key === 'report' && value === 'cycle');
  return Object.fromEntries(Object.entries(tag).filter(([key, value]) => !silent(key, value)));
}
