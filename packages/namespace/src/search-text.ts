import type { Tag } from '@omh/core';

/** What can be searched of many tags as one string, a line per tag: one pass of `indexOf` instead of a look at each field of each tag. */
export class SearchText {
  readonly #text: string;
  /** Where line i ends. */
  readonly #ends: Uint32Array;

  constructor(tags: readonly Tag[]) {
    const lines: string[] = [];
    this.#ends = new Uint32Array(tags.length);
    let end = 0;
    for (const [i, { path, device, group, address, unit, description }] of tags.entries()) {
      const line = `${path}\t${device}/${group}\t${address}\t${unit ?? ''}\t${description ?? ''}`.replaceAll('\n', ' ').toLowerCase();
      lines.push(line);
      end += line.length + 1;
      this.#ends[i] = end;
    }
    this.#text = lines.join('\n');
  }

  /** Lines from `from` on that hold every word, given in lower case; all of them without words. */
  *find(words: readonly string[], from: number): Iterable<number> {
    const text = this.#text;
    const ends = this.#ends;
    const [first = '', ...others] = words;
    let i = from;
    while (i < ends.length) {
      const start = i === 0 ? 0 : ends[i - 1]!;
      const at = text.indexOf(first, start);
      if (at < 0) return;
      i = this.#lineAt(at, i);
      const line = others.length === 0 ? '' : text.slice(i === 0 ? 0 : ends[i - 1]!, ends[i]! - 1);
      if (others.every((word) => line.includes(word))) yield i;
      i++;
    }
  }
  #lineAt(position: number, from: number): number {
    let low = from;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
