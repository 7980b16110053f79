const context = 3;
/** Past this the differing middle is shown as one replaced block: a diff is for reading. */
const maxDistance = 500;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Unified text (`--- `, `+++ `, `@@`) that leads from one text to the other; '' when they are equal. Absent texts are /dev/null. */
export function unifiedDiff(name: string, from: string | undefined, to: string | undefined): string {
  if (from === to) return '';
  const lines = compare(linesOf(from ?? ''), linesOf(to ?? ''));
  const head = [`--- ${from === undefined ? '/dev/null' : `a/${name}`}`, `+++ ${to === undefined ? '/dev/null' : `b/${name}`}`];
  return `${[...head, ...hunks(lines)].join('\n')}\n`;
}

const linesOf = (text: string): string[] => {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines[lines.length - 1] += '\n\\ No newline at end of file';
  return lines;
};

function compare(a: readonly string[], b: readonly string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < Math.min(a.length, b.length) - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

/** Myers' O(ND): the shortest edit, walked back through the kept frontiers. */
function middle(a: readonly string[], b: readonly string[]): Line[] {
  const whole = (): Line[] => [...a.map((text): Line => ({ sign: '-', text })), ...b.map((text): Line => ({ sign: '+', text }))];
  if (a.length === 0 || b.length === 0) return whole();
  const limit = Math.min(maxDistance, a.length + b.length);
  const frontiers: Int32Array[] = [];
  let last = new Int32Array(2 * limit + 3);
  const at = (k: number): number => k + limit + 1;
  for (let d = 0; d <= limit; d++) {
    const row = last.slice();
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && last[at(k - 1)]! < last[at(k + 1)]!) ? last[at(k + 1)]! : last[at(k - 1)]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      row[at(k)] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, [...frontiers, last], d, limit);
    }
    frontiers.push(last.slice(limit + 1 - d - 1, limit + 1 + d + 2));
    last = row;
  }
  return whole();
}

function walkBack(a: readonly string[], b: readonly string[], frontiers: readonly Int32Array[], distance: number, limit: number): Line[] {
  const out: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = distance; d >= 0; d--) {
    const row = frontiers[d]!;
    // The newest frontier is kept whole, the older ones as far as they reach.
    const value = (k: number): number => (d === distance ? row[k + limit + 1]! : row[k + d + 1]!);
    const k = x - y;
    const down = k === -d || (k !== d && value(k - 1) < value(k + 1));
    const from = d === 0 ? 0 : down ? value(k + 1) : value(k - 1) + 1;
    while (x > from && y > from - k) {
      out.push({ sign: ' ', text: a[x - 1]! });
      x--;
      y--;
    }
    if (d === 0) break;
    if (down) out.push({ sign: '+', text: b[--y]! });
    else out.push({ sign: '-', text: a[--x]! });
  }
  return out.reverse();
}

function hunks(lines: readonly Line[]): string[] {
  const out: string[] = [];
  let left = 1;
  let right = 1;
  const starts = lines.map(({ sign }) => {
    const here = [left, right] as const;
    if (sign !== '+') left++;
    if (sign !== '-') right++;
    return here;
  });
  for (let i = 0; i < lines.length; ) {
    if (lines[i]!.sign === ' ') {
      i++;
      continue;
    }
    const first = Math.max(0, i - context);
    let last = i;
    for (let j = i; j < lines.length && j - last <= 2 * context; j++) if (lines[j]!.sign !== ' ') last = j;
    const end = Math.min(lines.length, last + context + 1);
    const part = lines.slice(first, end);
    const count = (sign: '-' | '+'): number => part.filter((line) => line.sign === ' ' || line.sign === sign).length;
    const [from, to] = starts[first]!;
    const range = (start: number, n: number): string => `${n === 0 ? start - 1 : start},${n}`;
    out.push(`@@ -${range(from, count('-'))} +${range(to, count('+'))} @@`, ...part.map(({ sign, text }) => sign + text));
    i = end;
  }
  return out;
}
