import { decimalsOf, num, unitText, valueText } from './format.ts';
import type { TagKey } from '../api/types.ts';

/** A number whose decimal point stands at the same place in every row: the fraction is as wide as the `places` of the longest one. */
export const AlignedValue = ({ value, decimals, places }: { value: unknown; decimals: number; places: number }) => {
  const width = places === 0 ? 0 : `${places + 0.6}ch`;
  // Texts and lists have no point to stand below, and need the room.
  if (typeof value === 'string' || typeof value === 'object') return valueText(value, decimals);
  if (typeof value !== 'number' || !Number.isFinite(value))
    return (
      <>
        {valueText(value, decimals)}
        <span className="fr" style={{ width }} />
      </>
    );
  const [whole, fraction] = num(value, Math.min(decimals, 6)).split('.');
  return (
    <>
      {whole}
      <span className="fr" style={{ minWidth: width }}>
        {fraction === undefined ? '' : `.${fraction}`}
      </span>
    </>
  );
};

export const keyName = (key: TagKey): string => `${key.device}/${key.group}/${key.tag}`;
export const keyDecimals = (key: TagKey): number => decimalsOf(key.type, key.precision);
/** The word that a tag has for a value. */
export const labelOf = (key: TagKey, value: unknown): string | undefined =>
  key.labels === undefined || value === null || value === undefined
    ? undefined
    : (key.labels[String(value)] ?? (typeof value === 'boolean' ? key.labels[value ? '1' : '0'] : undefined));
export const keyText = (key: TagKey, value: unknown): string => {
  const unit = unitText(key.unit);
  const label = labelOf(key, value);
  if (label !== undefined) return `${label} (${valueText(value, keyDecimals(key))})`;
  return value === null || value === undefined ? 'no value' : `${valueText(value, keyDecimals(key))}${unit === '' ? '' : ` ${unit}`}`;
};
export const isWritable = (key: TagKey): boolean => /write|rw/i.test(key.access);
