import { encodeAck } from '../codec/encode.ts';
import { PacketType } from '../codec/protocol.ts';
import type { IncomingPublish } from './client-packets.ts';
import type { ExternalMessage } from './external-message.ts';

/** One QoS 1 message of the broker until everybody who must have it has it. */
export class Receipt {
  readonly packetId: number;
  readonly message: ExternalMessage;
  readonly #receipts: Receipts;
  /** Whoever has to settle it; the one who hands it out counts until all are told. */
  #open = 1;
  code = 0;

  constructor(packetId: number, message: ExternalMessage, receipts: Receipts) {
    this.packetId = packetId;
    this.message = message;
    this.#receipts = receipts;
  }
  get done(): boolean {
    return this.#open === 0;
  }
  /** One more has to settle it. */
  await(): void {
    this.#open++;
  }
  settled(code: number): void {
    if (code !== 0) this.code = code;
    if (--this.#open === 0) this.#receipts.flush();
  }
}

/** Acknowledges what came in the order in which it came (MQTT 5.0, 4.6), each only when it is settled. */
export class Receipts {
  readonly #send: (bytes: Uint8Array) => void;
  /** Of the present connection, the oldest first. */
  #queue: Receipt[] = [];
  /** All that are not settled, of former connections too, by packet identifier. */
  #known = new Map<number, Receipt>();
  /** Nobody reads them now, somebody may come who does. */
  readonly #held = new Set<Receipt>();

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }
  get held(): readonly Receipt[] {
    return [...this.#held];
  }
  get open(): number {
    return this.#queue.length;
  }

  /** undefined when the broker repeats what is still worked on: that is acknowledged when it is done. */
  take(packet: IncomingPublish, make: () => ExternalMessage): Receipt | undefined {
    const known = this.#known.get(packet.packetId);
    if (packet.duplicate && known !== undefined && !known.done && same(known, packet)) {
      this.#queue.push(known);
      return undefined;
    }
    const receipt = new Receipt(packet.packetId, make(), this);
    this.#known.set(packet.packetId, receipt);
    this.#queue.push(receipt);
    return receipt;
  }

  flush(): void {
    let n = 0;
    for (; n < this.#queue.length && this.#queue[n]!.done; n++) {
      const receipt = this.#queue[n]!;
      if (this.#known.get(receipt.packetId) === receipt) this.#known.delete(receipt.packetId);
      this.#send(encodeAck(5, PacketType.puback, receipt.packetId, receipt.code));
    }
    if (n > 0) this.#queue.splice(0, n);
  }

  /** Settles it for one who waits when it is released. */
  hold(receipt: Receipt): void {
    if (this.#held.has(receipt)) {
      receipt.settled(0);
      return;
    }
    receipt.message.keep();
    this.#held.add(receipt);
  }
  release(receipt: Receipt): void {
    if (this.#held.delete(receipt)) receipt.settled(0);
  }

  /** The broker sends again what was not acknowledged, if it kept the session. */
  down(): void {
    this.#queue = [];
    for (const [id, receipt] of this.#known) if (receipt.done) this.#known.delete(id);
  }
  /** Without its session the broker gives packet identifiers anew. */
  forget(): void {
    this.#known.clear();
  }
}

const same = (known: Receipt, packet: IncomingPublish): boolean =>
  known.message.topic === packet.topic && packet.payload.equals(known.message.bytes());
