import { Fault, Code, malformed } from '../codec/protocol.ts';

/** Cuts what a socket gives into packets; keeps at most one that is not whole, bounded by `maxBytes`. */
export class PacketSplitter {
  readonly #maxBytes: number;
  readonly #onPacket: (header: number, buf: Buffer, start: number, end: number) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #need = 2;

  constructor(maxBytes: number, onPacket: (header: number, buf: Buffer, start: number, end: number) => void) {
    this.#maxBytes = maxBytes;
    this.#onPacket = onPacket;
  }

  /** Throws a Fault for what is no packet, is longer than allowed, or what `onPacket` throws. */
  feed(chunk: Buffer): void {
    let buf = chunk;
    if (this.#chunks.length > 0) {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size < this.#need) return;
      buf = Buffer.concat(this.#chunks);
      this.#chunks = [];
    }
    let at = 0;
    for (;;) {
      const end = this.#end(buf, at);
      if (end < 0 || end > buf.length) {
        if (at < buf.length) this.#wait(buf.subarray(at), end < 0 ? buf.length - at + 1 : end - at);
        return;
      }
      let body = at + 2;
      while (buf[body - 1]! & 128) body++;
      this.#onPacket(buf[at]!, buf, body, end);
      at = end;
    }
  }
  #wait(rest: Buffer, need: number): void {
    this.#chunks = [rest];
    this.#size = rest.length;
    this.#need = need;
  }

  /** Where the packet at `at` ends, which may be after what is there; -1 when its length is not there yet. */
  #end(buf: Buffer, at: number): number {
    let length = 0;
    for (let i = 0; i < 4; i++) {
      const b = buf[at + 1 + i];
      if (b === undefined) return -1;
      length |= (b & 127) << (7 * i);
      if (b < 128) {
        if (length > this.#maxBytes)
          throw new Fault(Code.packetTooLarge, `a packet of ${length} bytes comes where ${this.#maxBytes} are allowed`);
        return at + 2 + i + length;
      }
    }
    throw malformed('a length has more than four bytes');
  }
}
