import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { DriverPeer, PeerBehaviour } from '@omh/core/testing';
import { modbus } from '@omh/wire';

/** The PDU that answers a request, an exception code, undefined for silence, or `own` for the peer's own answer. */
export type Responder = (unit: number, request: modbus.Request, pdu: Uint8Array) => Uint8Array | number | undefined | 'own';

/** A raw Modbus TCP peer that does what a test tells it, also what no device should do. */
export class ModbusPeer implements DriverPeer {
  readonly holding = new Uint16Array(1000);
  readonly coils = new Uint8Array(1000);
  /** Every request: unit, function, start, count. */
  readonly seen: { unit: number; function: number; start: number; count: number }[] = [];
  respond: Responder = () => 'own';
  delayMs = 0;
  /** Further settings of the driver. */
  extra: Record<string, unknown> = {};
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #behaviour: PeerBehaviour = { kind: 'answer' };
  #pieces: Promise<void> = Promise.resolve();
  #held: { socket: Socket; frame: Uint8Array }[] = [];

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }
  static async listen(): Promise<ModbusPeer> {
    const peer = new ModbusPeer();
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }
  get settings(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port, ...this.extra };
  }
  behave(behaviour: PeerBehaviour): void {
    this.#behaviour = behaviour;
  }
  requests(): number {
    return this.seen.length;
  }
  get connections(): number {
    return this.#sockets.size;
  }
  release(): void {
    for (const { socket, frame } of this.#held.splice(0)) socket.write(frame);
  }
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
  async close(): Promise<void> {
    this.hangUp();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    const scanner = new modbus.FrameScanner((bytes, start, end) => {
      const frame = bytes.slice(start, end);
      const answer = this.#answer(frame);
      if (this.delayMs > 0) setTimeout(() => this.#deliver(socket, frame, answer), this.delayMs);
      else this.#deliver(socket, frame, answer);
    });
    socket.on('data', (chunk) => {
      if (scanner.push(chunk) !== undefined) socket.destroy();
    });
  }

  #answer(frame: Uint8Array): Uint8Array | undefined {
    const pdu = frame.subarray(modbus.headerLength);
    const request = modbus.decodeRequest(pdu);
    const unit = frame[6]!;
    this.seen.push({
      unit,
      function: request.function,
      start: 'start' in request ? request.start : 0,
      count: 'count' in request ? request.count : 1,
    });
    if (request.kind === 'refuse') return answerFrame(frame, request.exception);
    const scripted = this.respond(unit, request, pdu);
    const own = scripted === 'own' ? this.#own(request, pdu) : scripted;
    return own === undefined ? undefined : answerFrame(frame, own);
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

  #deliver(socket: Socket, request: Uint8Array, answer: Uint8Array | undefined): void {
    if (socket.destroyed) return;
    const how = this.#behaviour;
    if (how.kind === 'hangUp') {
      socket.destroy();
      return;
    }
    if (how.kind === 'garbage') {
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    }
    if (how.kind === 'silent' || answer === undefined) return;
    switch (how.kind) {
      case 'answer':
        socket.write(answer);
        break;
      case 'hold':
        this.#held.push({ socket, frame: answer });
        break;
      case 'cut':
        this.#cut(socket, answer, how.at);
        break;
      case 'join':
        this.#held.push({ socket, frame: answer });
        if (this.#held.length >= how.answers) socket.write(Buffer.concat(this.#held.splice(0).map((h) => h.frame)));
        break;
      case 'fuzz':
        for (let i = 0; i < how.frames; i++) socket.write(randomFrame(request, how.random));
        socket.write(answer);
        break;
    }
  }

  /** The stream of all answers, cut after `at` bytes of each; every piece leaves in its own turn of the loop. */
  #cut(socket: Socket, answer: Uint8Array, at: number): void {
    this.#pieces = this.#pieces.then(async () => {
      for (const piece of [answer.subarray(0, at), answer.subarray(at)]) {
        if (piece.length > 0 && !socket.destroyed) await new Promise<void>((resolve) => socket.write(piece, () => setImmediate(resolve)));
      }
    });
  }
}

function answerFrame(request: Uint8Array, answer: Uint8Array | number): Uint8Array {
  const pdu = typeof answer === 'number' ? modbus.encodeException(request[modbus.headerLength]!, answer) : answer;
  return modbus.frameOf((request[0]! << 8) | request[1]!, request[6]!, pdu);
}

/** Valid header, any content; one in four claims to answer the request. */
function randomFrame(request: Uint8Array, random: () => number): Uint8Array {
  const pdu = Uint8Array.from({ length: 1 + Math.floor(random() * 252) }, () => random() * 256);
  const isAnswer = random() < 0.25;
  const transaction = isAnswer ? (request[0]! << 8) | request[1]! : Math.floor(random() * 65536);
  if (isAnswer && random() < 0.5) pdu[0] = request[modbus.headerLength]! | (random() < 0.3 ? 0x80 : 0);
  return modbus.frameOf(transaction, isAnswer ? request[6]! : Math.floor(random() * 256), pdu);
}
