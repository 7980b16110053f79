/** A seed made of a seed and a word, so that each device and each signal has its own chance. */
export function seedOf(seed: number, word: string): number {
  let hash = (seed ^ 0x9e3779b9) >>> 0;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** From 0 (included) to 1 (excluded): the same for the same seed and index, without any state. */
export function chance(seed: number, index: number): number {
  let x = (seed ^ Math.imul((index >>> 0) + 1, 0x9e3779b1) ^ Math.imul(Math.floor(index / 4294967296), 0x85ebca6b)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 4294967296;
}
