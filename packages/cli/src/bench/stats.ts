export const median = (values: readonly number[]): number => percentile(values, 50);

/** Nearest rank; NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil((p / 100) * sorted.length) - 1))]!;
}

/** `12.3 (11.9 to 14.0)`: the median and the whole spread. */
export const spread = (values: readonly number[], digits: number): string =>
  values.length === 0
    ? '-'
    : values.length === 1
      ? values[0]!.toFixed(digits)
      : `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;

/** Wall clock in ms with fraction, comparable between processes of one machine. */
export const wallMs = (): number => performance.timeOrigin + performance.now();
