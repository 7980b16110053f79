/** A small grey trend that ends in a dot; a violet-red line where the data was bad. `values`: number, NaN unknown, Infinity bad. */
export const Spark = ({
  values,
  width = 110,
  height = 20,
  step = false,
  ends = true,
}: {
  values: ArrayLike<number>;
  width?: number;
  height?: number;
  step?: boolean;
  ends?: boolean;
}) => {
  let low = Infinity;
  let high = -Infinity;
  let lastIndex = -1;
  const n = values.length;
  for (let i = 0; i < n; i++) {
    const v = values[i]!;
    if (!Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
    lastIndex = i;
  }
  if (lastIndex >= 0 && high - low < 1e-9) {
    low -= 1;
    high += 1;
  }
  const x = (i: number): number => 1 + (i / Math.max(1, n - 1)) * (width - 4);
  const y = (v: number): number => 2.5 + (1 - (v - low) / (high - low)) * (height - 5);
  let line = '';
  let broken = '';
  let pen = 0;
  for (let i = 0; i < n; i++) {
    const v = values[i]!;
    if (v === Infinity) {
      broken += `M${(i > 0 ? x(i - 1) : x(0)).toFixed(1)} ${height / 2}H${x(i).toFixed(1)}`;
      pen = 0;
    } else if (Number.isNaN(v)) pen = 0;
    else {
      line +=
        pen === 0
          ? `M${x(i).toFixed(1)} ${y(v).toFixed(1)}`
          : step
            ? `H${x(i).toFixed(1)}V${y(v).toFixed(1)}`
            : `L${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
      pen = 1;
    }
  }
  const dot = ends && lastIndex >= 0 && lastIndex === n - 1;
  return (
    <svg className="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {broken === '' ? null : <path d={broken} fill="none" stroke="var(--omh-bad)" strokeWidth="1.4" opacity=".75" />}
      {line === '' ? null : <path d={line} fill="none" stroke="var(--omh-text-3)" strokeWidth="1.2" strokeLinejoin="round" />}
      {dot ? <circle cx={x(lastIndex)} cy={y(values[lastIndex]!)} r="1.9" fill="var(--omh-text)" /> : null}
    </svg>
  );
};
