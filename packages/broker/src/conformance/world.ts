import { RawPeer } from '../test-support.ts';
import type { Connect, Version } from './packets.ts';
import { Peer } from './peer.ts';

/** A server under test, fresh for each statement. */
export interface Server {
  readonly port: number;
  /** MQTT over WebSocket, where it offers that. */
  readonly wsUrl: string | undefined;
  /** A method of enhanced authentication, where it offers one: the first message is a name, each answer to a challenge proves it or not. */
  readonly authMethod?: string;
  /** Time goes by for it. */
  pass(seconds: number): Promise<void>;
  /** It has seen that a connection broke. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}
/** What a statement may rely on: nobody signs in as `bad`, `good` has the password `right`, `forbidden/#` is for nobody else. */
export interface House {
  readonly name: string;
  /** It is ours: reason codes are compared, and features that are optional must be there. */
  readonly strict: boolean;
  open(): Promise<Server>;
}

/** Where one exchange takes place. */
export class World {
  readonly version: Version;
  readonly strict: boolean;
  readonly server: Server;
  readonly #patienceMs: number;
  readonly #peers: RawPeer[] = [];

  constructor(house: House, server: Server, version: Version, patienceMs: number) {
    this.strict = house.strict;
    this.server = server;
    this.version = version;
    this.#patienceMs = patienceMs;
  }
  /** A network connection, nothing said yet. */
  async open(version: Version = this.version): Promise<Peer> {
    const raw = await RawPeer.open(this.server.port);
    raw.patienceMs = this.#patienceMs;
    this.#peers.push(raw);
    return new Peer(raw, version, this.strict);
  }
  /** Connected with this client id. */
  async join(id: string, options: Connect = {}, version: Version = this.version): Promise<Peer> {
    const peer = await this.open(version);
    return peer.welcome(id, options);
  }
  /** The network fails under a client. */
  async cut(peer: Peer): Promise<void> {
    const settled = this.server.settled();
    peer.raw.close();
    await settled;
  }
  pass(seconds: number): Promise<void> {
    return this.server.pass(seconds);
  }
  async end(): Promise<void> {
    for (const peer of this.#peers) peer.close();
    await this.server.stop();
  }
}
