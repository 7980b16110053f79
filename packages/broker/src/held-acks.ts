import type { BrokerContext } from './broker-context.ts';
import type { Client } from './client.ts';
import { PacketType } from './codec/protocol.ts';
import { Stop } from './connection.ts';
import type { SafetyWaiter } from './durable/durable-store.ts';

export interface HeldAck {
  readonly type: number;
  readonly id: number;
  code: number;
  /** No durable reader lets it wait. */
  ready: boolean;
  /** What must be safe in the log before it is said; -1 = nothing. */
  readonly position: number;
  /** SUBACK or UNSUBACK, and what follows it. */
  readonly packet: Buffer | null;
  readonly after: (() => void) | null;
}

/** Acknowledgements to one client in the order of its packets (4.6); empty unless a durable reader or the log lets one wait. */
export class HeldAcks implements SafetyWaiter {
  readonly #broker: BrokerContext;
  readonly #client: Client;
  readonly #acks: HeldAck[] = [];
  /** Too many wait, or the log holds too much: the socket is not read. */
  paused = false;
  waiting = false;
  /** QoS 1 publications that are not acknowledged yet. */
  pubacks = 0;

  constructor(broker: BrokerContext, client: Client) {
    this.#broker = broker;
    this.#client = client;
  }
  has(type: number, id: number): boolean {
    return this.#acks.some((a) => a.id === id && a.type === type);
  }
  #isSafe(position: number): boolean {
    const { store } = this.#broker;
    return position < 0 || store === null || store.isSafe(position);
  }
  say(type: number, id: number, code: number, position: number): void {
    if (this.#acks.length === 0 && this.#isSafe(position)) this.#client.conn.sendAck(type, id, code);
    else this.#hold({ type, id, code, ready: true, position, packet: null, after: null });
  }
  /** A whole packet, and what follows it. */
  answer(packet: Buffer, position: number, after: () => void): void {
    if (position < 0 || (this.#acks.length === 0 && this.#isSafe(position))) {
      this.#client.conn.send(packet);
      after();
    } else this.#hold({ type: 0, id: 0, code: 0, ready: true, position, packet, after });
  }
  /** Waits for `settle` too. */
  later(type: number, id: number, position: number): HeldAck {
    const held: HeldAck = { type, id, code: 0, ready: false, position, packet: null, after: null };
    this.#hold(held);
    return held;
  }
  settle(held: HeldAck, code: number): void {
    held.code = code;
    held.ready = true;
    this.onSafe();
  }
  #hold(held: HeldAck): void {
    this.#acks.push(held);
    if (held.type === PacketType.puback) this.pubacks++;
    const { store, limits } = this.#broker;
    if (held.position >= 0) store?.wait(this);
    if (this.#acks.length >= limits.receiveMaximum || store?.pressed === true) this.pause();
  }
  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.#client.conn.stop(Stop.acks);
    this.#broker.store?.wait(this);
  }
  /** Says what may be said now, in order. */
  onSafe(): void {
    const client = this.#client;
    if (!client.connected) return;
    let n = 0;
    for (; n < this.#acks.length; n++) {
      const a = this.#acks[n]!;
      if (!a.ready || !this.#isSafe(a.position)) break;
      if (a.type === PacketType.puback) this.pubacks--;
      if (a.packet === null) client.conn.sendAck(a.type, a.id, a.code);
      else {
        client.conn.send(a.packet);
        a.after!();
      }
    }
    if (n > 0) this.#acks.splice(0, n);
    const { store, limits } = this.#broker;
    if (this.paused && this.#acks.length < limits.receiveMaximum / 2 && store?.pressed !== true) {
      this.paused = false;
      client.conn.goOn(Stop.acks);
    }
    if (this.paused || this.#acks[0]?.ready === true) store?.wait(this);
  }
  /** The connection is over; calls back with QoS 2 messages that a durable reader did not take yet: those are new when they come again. */
  dispose(untaken: (id: number) => void): void {
    for (const a of this.#acks) if (!a.ready && a.type === PacketType.pubrec) untaken(a.id);
    this.#acks.length = 0;
  }
}
