/** The candidate a person most likely meant, or undefined when none is near. Looks at the first 5,000. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  const word = text.toLowerCase().slice(0, 200);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > 5000) break;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const d = distance(word, candidate.toLowerCase(), bestDistance);
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** Levenshtein distance; gives up with `limit` as soon as it cannot be less. */
function distance(a: string, b: string, limit: number): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const d = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      next.push(d);
      if (d < least) least = d;
    }
    if (least >= limit) return limit;
    row = next;
  }
  return row[b.length]!;
}
