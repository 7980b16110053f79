const minus = (text: string): string => text.replace('-', '−');
const grouped = new Map<number, Intl.NumberFormat>();

/** Thousands separated, real minus sign, always `decimals` places. */
export function num(v: number, decimals = 0): string {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v > 0 ? '∞' : '−∞';
  let format = grouped.get(decimals);
  if (format === undefined)
    grouped.set(decimals, (format = new Intl.NumberFormat('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })));
  return minus(format.format(v));
}
/** A rate: one decimal below ten, whole numbers above and wherever a window of ten seconds, one event more or less, may mean one. */
export const rate = (v: number): string => {
  const whole = Math.round(v);
  return v === 0 || v >= 9.95 || Math.abs(v - whole) < Math.max(0.05, whole * 0.105) ? num(whole) : num(v, 1);
};

/** A span in the largest unit that fits: `0.3 s`, `14 s`, `8 min`, `5 h`, `3 d`. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const s = Math.max(0, ms) / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 99.5) return `${Math.round(s)} s`;
  if (s < 5_940) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}
/** Like `span`, in whole seconds: for countdowns. */
export const countdown = (ms: number): string => (ms < 99_500 ? `${Math.max(0, Math.ceil(ms / 1000))} s` : span(ms));

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  let v = n;
  while (v >= 999.5 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  return `${i === 0 || v >= 99.5 ? num(Math.round(v)) : num(v, 1)} ${units[i]}`;
}

const two = (n: number): string => String(n).padStart(2, '0');
export const clock = (ms: number, seconds = true): string => {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}${seconds ? `:${two(d.getSeconds())}` : ''}`;
};
export const clockTenths = (ms: number): string => `${clock(ms)}.${Math.floor((((ms % 1000) + 1000) % 1000) / 100)}`;
const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
export const day = (ms: number): string => dayFormat.format(ms);
/** The short name of this browser's time zone, which every time of the console is in. */
export const zone: string =
  new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts().find((p) => p.type === 'timeZoneName')?.value ?? '';
/** Time of day, with the date when it is another day. */
export function moment(ms: number, seconds = true): string {
  if (!Number.isFinite(ms)) return '';
  return new Date(ms).toDateString() === new Date().toDateString() ? clock(ms, seconds) : `${day(ms)}, ${clock(ms, seconds)}`;
}

const units: Record<string, string> = {
  Cel: '°C',
  '[degF]': '°F',
  K: 'K',
  '%': '%',
  '/min': '/min',
  '1/min': '/min',
  'l/min': 'l/min',
  'm3/h': 'm³/h',
  Ohm: 'Ω',
  deg: '°',
  um: 'µm',
  '1': '',
};
/** UCUM code to what stands behind a value. */
export const unitText = (unit: string | undefined): string => (unit === undefined ? '' : (units[unit] ?? unit));

/** Decimals of a tag: its precision, none for whole types, else two. Never derived from the value. */
export const decimalsOf = (type: string, precision: number | undefined): number =>
  precision ?? (/int|word|byte|bool|uint|long|short/i.test(type) ? 0 : 2);

/** Decimals of a value that has no tag yet: as many as it needs, six at most. */
export const decimalsIn = (v: unknown): number =>
  typeof v !== 'number' || Number.isInteger(v) ? 0 : Math.min(6, /\.(\d+)/.exec(String(Number(v.toPrecision(7))))?.[1]?.length ?? 0);

/** A tag's value as text. */
export function valueText(v: unknown, decimals: number): string {
  if (v === null || v === undefined) return 'no value';
  if (typeof v === 'boolean') return v ? 'on' : 'off';
  if (typeof v === 'number') return num(v, decimals);
  if (typeof v === 'string') return v;
  // Without separators of thousands: a comma stands between the elements.
  if (Array.isArray(v))
    return `[${v.map((e: unknown) => (typeof e === 'number' && Number.isFinite(e) ? minus(e.toFixed(decimals)) : valueText(e, decimals))).join(', ')}]`;
  return JSON.stringify(v);
}

/** `1 rule`, `2 rules`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${num(n)} ${n === 1 ? one : many}`;
/** `The one`, `Both`, `All 7`. */
export const all = (n: number): string => (n === 1 ? 'The one' : n === 2 ? 'Both' : `All ${num(n)}`);
/** `a`, `a and b`, `a, b and 3 more`. */
export function list(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
  return `${names.slice(0, most - 1).join(', ')} and ${num(names.length - most + 1)} more`;
}
/** The first sentence of a reason, without its full stop: for places with room for one. */
export const firstSentence = (text: string): string => (/^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text).replace(/[.]$/, '');
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
