import type { TagKey } from '../../api/types.ts';
import { num, unitText } from '../../ui/format.ts';

type Parsed = { value: unknown } | { fault: string };

/** What was typed, as the value of a tag's type, held against the limits of the tag; the hub checks both again. */
export function parseValue(key: Pick<TagKey, 'type' | 'unit' | 'guard'>, text: string, present: unknown): Parsed {
  const parsed = parse(key, text);
  if (!('value' in parsed) || key.guard === undefined) return parsed;
  const { min, max, step } = key.guard;
  const unit = unitText(key.unit) === '' ? '' : ` ${unitText(key.unit)}`;
  for (const v of Array.isArray(parsed.value) ? (parsed.value as unknown[]) : [parsed.value]) {
    const n = typeof v === 'string' && /64/.test(key.type) ? Number(v) : v;
    if (typeof n !== 'number') continue;
    if (min !== undefined && n < min) return { fault: `Its lowest is ${plain(min)}${unit}.` };
    if (max !== undefined && n > max) return { fault: `Its highest is ${plain(max)}${unit}.` };
    if (step !== undefined && typeof present === 'number' && Math.abs(n - present) > step + 1e-9)
      return {
        fault: `A write may move it by ${plain(step)}${unit} at most, to between ${plain(present - step)} and ${plain(present + step)}${unit}.`,
      };
  }
  return parsed;
}

/** A bound as it was configured. */
export const plain = (v: number): string => {
  const decimals = /\.(\d+)$/.exec(String(Number(v.toPrecision(12))))?.[1]?.length ?? 0;
  return num(v, decimals);
};

function parse(key: Pick<TagKey, 'type'>, text: string): Parsed {
  const { type } = key;
  const t = text.trim();
  if (t === '') return { fault: 'Give the new value.' };
  if (t.startsWith('[')) {
    try {
      const list = JSON.parse(t) as unknown;
      if (Array.isArray(list)) return { value: list };
    } catch {
      return { fault: 'A list is written like [1, 2, 3].' };
    }
  }
  if (/bool|bit/i.test(type)) {
    if (/^(?:1|on|true|yes)$/i.test(t)) return { value: true };
    if (/^(?:0|off|false|no)$/i.test(t)) return { value: false };
    return { fault: 'Write on or off.' };
  }
  if (/string|text|char|bytes/i.test(type)) return { value: text };
  const digits = t.replace('−', '-').replace(',', '.');
  const v = /^0x[0-9a-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : Number(digits);
  if (!Number.isFinite(v)) return { fault: `“${t}” is no number.` };
  // Beyond 2^53 a number is not exact: it goes as text.
  if (/int64/.test(type) && /^[+-]?\d+$/.test(digits) && !Number.isSafeInteger(v)) return { value: digits };
  return { value: v };
}
