import { isLoopback } from '@omh/core';
import type { Clock, Logger } from '@omh/core';
import type { Ban, Bans } from './bans.ts';
import { Code } from './codec/protocol.ts';
import { Flapping } from './flapping.ts';
import type { FlappingLimits } from './flapping.ts';
import type { BrokerLimits } from './limits.ts';
import type { BrokerListener } from './listen/listener-options.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { ListenerRates } from './rate-limit.ts';
import type { BrokerStats } from './stats.ts';

/** A listener as its connections see it. */
export interface Door {
  readonly name: string;
  options: BrokerListener;
  rates: ListenerRates | undefined;
  /** Open sockets, with those that wait. */
  connections: number;
}

interface Crowd {
  connections: number;
  /** Those that no client signed in on yet. */
  unconfirmed: number;
}

/** The room one connection takes, from accept to close. */
export class Place {
  readonly door: Door;
  address: string;
  confirmed = false;
  readonly #admission: Admission;
  #left = false;

  constructor(door: Door, address: string, admission: Admission) {
    this.door = door;
    this.address = address;
    this.#admission = admission;
  }
  /** A client signed in. */
  confirm(): void {
    if (this.confirmed) return;
    this.confirmed = true;
    this.#admission.confirmed(this);
  }
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#admission.left(this);
  }
}

/** Who may come in: connections in all, by listener and by address, bans, and the memory there is. */
export class Admission {
  readonly bans: Bans;
  readonly #flapping: Flapping | null;
  readonly #limits: BrokerLimits;
  readonly #stats: BrokerStats;
  readonly #memory: MemoryWatch;
  readonly #log: Logger;
  readonly #changed: () => void;
  readonly #crowds = new Map<string, Crowd>();
  readonly #most: number;
  /** Sockets that fit beside all else that needs descriptors. */
  readonly #sockets: number;
  /** Accepted and not let in yet. */
  #waiting = 0;
  #full: string | undefined;

  constructor(o: {
    readonly limits: BrokerLimits;
    readonly stats: BrokerStats;
    readonly bans: Bans;
    readonly flapping: FlappingLimits | undefined;
    readonly memory: MemoryWatch;
    readonly descriptors: number | undefined;
    readonly clock: Clock;
    readonly log: Logger;
    readonly changed: () => void;
  }) {
    this.bans = o.bans;
    this.#flapping = o.flapping === undefined ? null : new Flapping(o.flapping, o.bans, o.clock, o.log);
    this.#limits = o.limits;
    this.#stats = o.stats;
    this.#memory = o.memory;
    this.#log = o.log;
    this.#changed = o.changed;
    this.#sockets = o.descriptors === undefined ? Infinity : Math.max(16, o.descriptors - o.limits.descriptorsReserved);
    this.#most = Math.min(o.limits.maxConnections, this.#sockets);
    if (this.#most < o.limits.maxConnections) {
      o.log.warn('fewer MQTT connections fit than the limit says: the system gives this process too few descriptors', {
        fit: this.#most,
        limit: o.limits.maxConnections,
      });
    }
  }
  /** Connections that fit at once. */
  get most(): number {
    return this.#most;
  }

  /** Whether a fresh socket may wait for its turn; it is closed unread when not. */
  mayWait(address: string): boolean {
    if (this.#isBanned(address)) return false;
    if (this.#stats.connections + this.#waiting < this.#sockets) return true;
    this.refuse(`all ${this.#sockets} connections that the system lets this process have are taken`);
    return false;
  }
  waits(change: 1 | -1): void {
    this.#waiting += change;
  }
  /**
   * A place, or why there is none now, as the end of a sentence: a place may become free. Undefined when the address may not come in; the
   * socket is then closed unread.
   */
  enter(door: Door, address: string): Place | string | undefined {
    if (this.#stats.connections >= this.#most) return `all ${this.#most} connections are taken`;
    const { maxConnections = Infinity } = door.options;
    if (door.connections >= maxConnections) return `all ${maxConnections} connections of listener ${door.name} are taken`;
    if (!this.#welcome(door, address)) return undefined;
    if (this.#full !== undefined) {
      this.#full = undefined;
      this.#changed();
    }
    const place = new Place(door, address, this);
    this.#stats.connections++;
    this.#stats.connectionsTotal++;
    door.connections++;
    this.#count(address, 1, 1);
    return place;
  }
  /** No place became free in time. */
  refuse(why: string): void {
    this.#stats.connectionsRefused++;
    const sentence = `Refuses new clients: ${why}.`;
    if (this.#full === sentence) return;
    this.#full = sentence;
    this.#log.warn('no more MQTT connections fit', { reason: why });
    this.#changed();
  }
  /** The proxy said where the connection really comes from. False when that address may not come in. */
  move(place: Place, address: string): boolean {
    if (!this.#welcome(place.door, address)) return false;
    this.#count(place.address, -1, -1);
    place.address = address;
    this.#count(address, 1, 1);
    return true;
  }
  #isBanned(address: string): boolean {
    if (this.bans.findAddress(address) === undefined) return false;
    this.#stats.connectionsBanned++;
    return true;
  }
  #welcome(door: Door, address: string): boolean {
    if (this.#isBanned(address)) return false;
    const crowd = this.#crowds.get(address);
    if (crowd === undefined) return true;
    const { maxConnectionsPerAddress = Infinity } = door.options;
    if (crowd.connections < maxConnectionsPerAddress && crowd.unconfirmed < this.#limits.maxUnconfirmedPerAddress) return true;
    this.#stats.connectionsRefused++;
    this.#log.debug('too many connections come from one address', { address, ...crowd });
    return false;
  }
  #count(address: string, connections: number, unconfirmed: number): void {
    if (isLoopback(address)) return;
    const crowd = this.#crowds.get(address);
    if (crowd === undefined) {
      if (connections > 0) this.#crowds.set(address, { connections, unconfirmed });
      return;
    }
    crowd.connections += connections;
    crowd.unconfirmed += unconfirmed;
    if (crowd.connections <= 0) this.#crowds.delete(address);
  }
  confirmed(place: Place): void {
    this.#count(place.address, 0, -1);
  }
  left(place: Place): void {
    this.#stats.connections--;
    place.door.connections--;
    this.#count(place.address, -1, place.confirmed ? 0 : -1);
  }

  /** The CONNACK code that keeps this client out, 0 when nothing does. */
  refusal(clientId: string, username: string | undefined, address: string): number {
    if (this.#memory.tight) return Code.serverBusy;
    if (this.bans.size === 0) return 0;
    const ban: Ban | undefined = this.bans.find(clientId, username, address);
    if (ban === undefined) return 0;
    this.#stats.connectionsBanned++;
    return Code.banned;
  }
  /** A client that was connected is not any more. */
  disconnected(clientId: string): void {
    this.#flapping?.disconnected(clientId);
  }
  /** Why somebody may be kept out now, as a sentence. */
  trouble(): string | undefined {
    return this.#memory.trouble() ?? this.#full;
  }
}
