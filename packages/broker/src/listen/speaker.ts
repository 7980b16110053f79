import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Place } from '../admission.ts';
import type { BrokerLimits } from '../limits.ts';
import type { BrokerStats } from '../stats.ts';
import type { Timed, TimerWheel } from '../timer-wheel.ts';
import type { Transport, TransportEvents } from '../transport.ts';

/** What a listener speaks between the socket and MQTT. */
export interface Speaker {
  /** The socket is paused; what came already stands in it. The speaker calls `place.leave` when the connection is over. */
  take(socket: Socket, place: Place, peer: string): void;
  /** Connections that are open keep what they have. */
  renew?(context: SecureContextOptions): void;
  /** Ends what is not MQTT yet. */
  close(): void;
}

export interface SpeakerContext {
  readonly limits: BrokerLimits;
  readonly stats: BrokerStats;
  readonly wheel: TimerWheel;
  readonly accept: (transport: Transport) => TransportEvents;
}

/** A connection on its way through TLS and HTTP to its first MQTT packet, which gets one connect time-out for that. */
export class Candidate implements Timed {
  readonly socket: Socket;
  readonly place: Place;
  readonly peer: string;
  readonly #wheel: TimerWheel;
  arrived = false;
  dueTick = 0;
  slot = -1;

  constructor(socket: Socket, place: Place, peer: string, wheel: TimerWheel) {
    this.socket = socket;
    this.place = place;
    this.peer = peer;
    this.#wheel = wheel;
  }
  /** MQTT begins, and watches itself. */
  arrive(): void {
    this.arrived = true;
    this.#wheel.cancel(this);
  }
  leave(): void {
    this.#wheel.cancel(this);
    this.place.leave();
  }
  onDue(): void {
    this.socket.destroy();
  }
}

/** Candidates by the socket's two ends: the sockets of TLS and HTTP are others than the one that was accepted. */
export class Underway {
  readonly #all = new Map<string, Candidate>();
  readonly #wheel: TimerWheel;
  readonly #seconds: number;

  constructor({ wheel, limits }: SpeakerContext) {
    this.#wheel = wheel;
    this.#seconds = limits.connectTimeoutMs / 1000 + 1;
  }
  /** False when the socket is closed already. */
  add(socket: Socket, place: Place, peer: string): boolean {
    const key = keyOf(socket);
    if (key === undefined) {
      place.leave();
      return false;
    }
    const candidate = new Candidate(socket, place, peer, this.#wheel);
    this.#all.set(key, candidate);
    this.#wheel.set(candidate, this.#seconds);
    socket.once('close', () => {
      if (this.#all.get(key) === candidate) this.#all.delete(key);
      candidate.leave();
    });
    return true;
  }
  find(socket: Socket): Candidate | undefined {
    const key = keyOf(socket);
    return key === undefined ? undefined : this.#all.get(key);
  }
  /** Those that speak MQTT stay. */
  close(): void {
    for (const candidate of [...this.#all.values()]) if (!candidate.arrived) candidate.socket.destroy();
  }
}

const keyOf = (socket: Socket): string | undefined =>
  socket.remotePort === undefined ? undefined : `${socket.remoteAddress}|${socket.remotePort}`;
