/** For a set of siblings: which others a name is easily taken for, `wtp1` for `WTP1` or `WTP_1`; undefined for nearly all. */
export function looksLike(...siblings: readonly Iterable<string>[]): (name: string) => readonly string[] | undefined {
  const groups = new Map<string, Set<string>>();
  const doubtful = new Set<string>();
  for (const names of siblings) {
    for (const name of names) {
      const key = plain(name);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, new Set([name]));
      else if (group.add(name).size > 1) doubtful.add(key);
    }
  }
  if (doubtful.size === 0) return () => undefined;
  return (name) => {
    const key = plain(name);
    return doubtful.has(key) ? [...groups.get(key)!].filter((other) => other !== name) : undefined;
  };
}

const plain = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[ _-]+/g, '');
