const longest = 100;

/** The candidate a person most likely meant by `word`, or undefined when none is near. Looks at the first `most`. */
export function nearest(word: string, candidates: Iterable<string>, most = Infinity): string | undefined {
  const asked = word.toLowerCase();
  let seen = 0;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.min(3, Math.floor(asked.length / 3))) + 0.5;
  for (const candidate of candidates) {
    if (++seen > most) break;
    const other = candidate.toLowerCase();
    // Ten thousand names are asked about a thousand faults: most are out of reach by their length alone.
    let distance = Math.abs(asked.length - other.length) < bestDistance ? editDistance(asked, other) : Infinity;
    if (asked.length >= 3 && other.length >= 3 && (other.startsWith(asked) || asked.startsWith(other))) distance = Math.min(distance, 1.25);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length > longest || b.length > longest) return Infinity;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return last[b.length]!;
}
