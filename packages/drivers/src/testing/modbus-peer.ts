import type { DriverPeer, PeerBehaviour } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { peerWay, type PeerChannel, type PeerWay, type PeerWayName } from './peer-way.ts';

/** The PDU that answers a request, an exception code, undefined for silence, or `own` for the peer's own answer. */
export type Responder = (unit: number, request: modbus.Request, pdu: Uint8Array) => Uint8Array | number | undefined | 'own';

export interface PeerOptions {
  readonly way?: PeerWayName;
  readonly framing?: modbus.FramingName;
}

/** A raw Modbus device that does what a test tells it, also what no device should do. */
export class ModbusPeer implements DriverPeer {
  readonly holding = new Uint16Array(1000);
  readonly coils = new Uint8Array(1000);
  /** Every request: unit, function, start, count. */
  readonly seen: { unit: number; function: number; start: number; count: number }[] = [];
  respond: Responder = () => 'own';
  /** The answer to a function that this peer does not know; an exception code where it does not either. */
  rare: (pdu: Uint8Array) => Uint8Array | number = () => modbus.ExceptionCode.illegalFunction;
  delayMs = 0;
  /** Repeats what it hears, as a two-wire adapter does. */
  echoes = false;
  /** Further settings of the driver. */
  extra: Record<string, unknown> = {};
  readonly #framing: modbus.Framing;
  #way!: PeerWay;
  readonly #channels = new Set<PeerChannel>();
  #behaviour: PeerBehaviour = { kind: 'answer' };
  #pieces: Promise<void> = Promise.resolve();
  #held: { channel: PeerChannel; frame: Uint8Array }[] = [];
  /** Connections that were open at the same time, at most. */
  mostConnections = 0;

  private constructor(framing: modbus.FramingName) {
    this.#framing = modbus.framings[framing];
  }
  static async listen({ way = 'tcp', framing = 'mbap' }: PeerOptions = {}): Promise<ModbusPeer> {
    const peer = new ModbusPeer(framing);
    peer.#way = await peerWay(way, (channel) => peer.#accept(channel));
    return peer;
  }
  get settings(): { host: string; port: number } {
    const { name } = this.#framing;
    return { ...(name !== 'mbap' && { framing: name }), ...this.#way.settings, ...this.extra } as unknown as { host: string; port: number };
  }
  behave(behaviour: PeerBehaviour): void {
    this.#behaviour = behaviour;
  }
  requests(): number {
    return this.seen.length;
  }
  get connections(): number {
    return this.#channels.size;
  }
  release(): void {
    for (const { channel, frame } of this.#held.splice(0)) channel.write(frame);
  }
  hangUp(): void {
    for (const channel of this.#channels) channel.destroy();
  }
  /** Takes a serial adapter away, and brings it back under the same name. */
  async unplug(): Promise<void> {
    await this.#way.unplug!();
  }
  async plugIn(): Promise<void> {
    await this.#way.plugIn!();
  }
  async close(): Promise<void> {
    this.hangUp();
    await this.#way.close();
  }

  #accept(channel: PeerChannel): (chunk: Uint8Array) => void {
    this.#channels.add(channel);
    this.mostConnections = Math.max(this.mostConnections, this.#channels.size);
    channel.onClose(() => this.#channels.delete(channel));
    const scanner = this.#framing.scanner((bytes, start, end, unit, transaction) => {
      const pdu = bytes.slice(start, end);
      const answer = this.#answer(unit, pdu);
      const request: Asked = { unit, transaction: Math.max(0, transaction), function: pdu[0]! };
      const frame = answer === undefined ? undefined : this.#frame(request.transaction, unit, answer);
      if (this.delayMs > 0) setTimeout(() => this.#deliver(channel, request, frame), this.delayMs);
      else this.#deliver(channel, request, frame);
    }, 'server');
    return (chunk) => {
      if (this.echoes) channel.write(Uint8Array.from(chunk));
      if (scanner.push(chunk) !== undefined) channel.destroy();
    };
  }
  #frame(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
    const out = new Uint8Array(this.#framing.frameLength(pdu.length));
    this.#framing.put(out, 0, transaction, unit, pdu, 0, pdu.length);
    return out;
  }

  #answer(unit: number, pdu: Uint8Array): Uint8Array | undefined {
    const request = modbus.decodeRequest(pdu);
    this.seen.push({
      unit,
      function: request.function,
      start: 'start' in request ? request.start : 0,
      count: 'count' in request ? request.count : 1,
    });
    const isUnknown = request.kind === 'refuse' && request.exception === modbus.ExceptionCode.illegalFunction;
    const scripted = isUnknown ? this.rare(pdu) : request.kind === 'refuse' ? request.exception : this.respond(unit, request, pdu);
    const own = scripted === 'own' ? this.#own(request as modbus.Request, pdu) : scripted;
    return typeof own === 'number' ? modbus.encodeException(pdu[0]!, own) : own;
  }

  #own(request: modbus.Request, pdu: Uint8Array): Uint8Array | number {
    switch (request.kind) {
      case 'read': {
        const data = new Uint8Array(modbus.readByteCount(request.function, request.count));
        for (let i = 0; i < request.count; i++) {
          if (request.function <= 2) data[i >> 3]! |= (this.coils[request.start + i] ?? 0) << (i & 7);
          else new DataView(data.buffer).setUint16(i * 2, this.holding[request.start + i] ?? 0);
        }
        return modbus.encodeReadResponse(request.function, data);
      }
      case 'writeCoil':
        this.coils[request.start] = request.on ? 1 : 0;
        break;
      case 'writeRegister':
        this.holding[request.start] = request.value;
        break;
      case 'writeCoils':
        for (let i = 0; i < request.count; i++) this.coils[request.start + i] = (request.data[i >> 3]! >> (i & 7)) & 1;
        break;
      case 'writeRegisters':
        for (let i = 0; i < request.count; i++) this.holding[request.start + i] = (request.data[i * 2]! << 8) | request.data[i * 2 + 1]!;
        break;
      case 'mask':
        this.holding[request.start] = (this.holding[request.start]! & request.and) | (request.or & ~request.and);
        break;
      case 'identify':
        return modbus.ExceptionCode.illegalFunction;
    }
    return modbus.encodeWriteResponse(pdu);
  }

  #deliver(channel: PeerChannel, request: Asked, answer: Uint8Array | undefined): void {
    const how = this.#behaviour;
    if (how.kind === 'hangUp') {
      channel.destroy();
      return;
    }
    if (how.kind === 'garbage') {
      channel.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
      return;
    }
    if (how.kind === 'silent' || answer === undefined) return;
    switch (how.kind) {
      case 'answer':
        channel.write(answer);
        break;
      case 'hold':
        this.#held.push({ channel, frame: answer });
        break;
      case 'cut':
        this.#cut(channel, answer, how.at);
        break;
      case 'join':
        this.#held.push({ channel, frame: answer });
        if (how.answers === 1) this.#held.unshift({ channel, frame: this.#frame(7, request.unit ^ 1, Uint8Array.of(3, 2, 0, 1)) });
        if (this.#held.length >= how.answers) channel.write(Buffer.concat(this.#held.splice(0).map((h) => h.frame)));
        break;
      case 'fuzz':
        channel.write(Buffer.concat([...Array.from({ length: how.frames }, () => this.#random(request, how.random)), answer]));
        break;
    }
  }

  /** The stream of all answers, cut after `at` bytes of each; every piece leaves in its own turn of the loop. */
  #cut(channel: PeerChannel, answer: Uint8Array, at: number): void {
    this.#pieces = this.#pieces.then(async () => {
      for (const piece of [answer.subarray(0, at), answer.subarray(at)]) {
        if (piece.length === 0) continue;
        channel.write(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  /** Sound framing, any content; one in four claims to answer the request. */
  #random({ unit, transaction, function: fn }: Asked, random: () => number): Uint8Array {
    const pdu = Uint8Array.from({ length: 1 + Math.floor(random() * (random() < 0.1 ? 252 : 20)) }, () => random() * 256);
    const isAnswer = this.#framing.hasTransaction && random() < 0.25;
    if (isAnswer && random() < 0.5) pdu[0] = fn | (random() < 0.3 ? 0x80 : 0);
    const other = isAnswer ? unit : (unit + 1 + Math.floor(random() * 254)) & 0xff;
    return this.#frame(isAnswer ? transaction : Math.floor(random() * 65536), other, pdu);
  }
}

interface Asked {
  readonly unit: number;
  readonly transaction: number;
  readonly function: number;
}
