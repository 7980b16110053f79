const smallBuffer = 16_384;
/** A connection's output is written at once when it reaches this many bytes. */
export const largeBuffer = 65_536;
const smallPool: Buffer[] = [];
const largePool: Buffer[] = [];
const maxSmall = 512;
const maxLarge = 64;

/** A buffer of at least `want` bytes; those of the two usual sizes come back from earlier writes. */
export function take(want: number): Buffer {
  if (want <= smallBuffer) return smallPool.pop() ?? Buffer.allocUnsafeSlow(smallBuffer);
  if (want <= largeBuffer) return largePool.pop() ?? Buffer.allocUnsafeSlow(largeBuffer);
  return Buffer.allocUnsafeSlow(want);
}

/** Only for buffers that nobody reads any more. */
export function recycle(buffer: Buffer): void {
  if (buffer.length === smallBuffer && smallPool.length < maxSmall) smallPool.push(buffer);
  else if (buffer.length === largeBuffer && largePool.length < maxLarge) largePool.push(buffer);
}
