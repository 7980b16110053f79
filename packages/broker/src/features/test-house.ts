import type { TestContext } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import type { Broker, BrokerOptions } from '../broker.ts';
import type { Connect, Version } from '../conformance/packets.ts';
import { Peer } from '../conformance/peer.ts';
import { openBroker, RawPeer } from '../test-support.ts';
import type { FeatureOptions } from './feature-options.ts';

export interface House {
  readonly broker: Broker;
  readonly clock: VirtualClock;
  /** A connected client. */
  client(id: string, version?: Version, options?: Connect): Promise<Peer>;
  /** One that has said nothing yet. */
  stranger(version?: Version): Promise<Peer>;
}

/** A broker with these features, time that stands still, and clients made of packets; all of it ends with the test. */
export async function house(t: TestContext, features: Partial<FeatureOptions> = {}, options: Partial<BrokerOptions> = {}): Promise<House> {
  const clock = new VirtualClock();
  const broker = await openBroker({ clock, features, ...options });
  const peers: RawPeer[] = [];
  t.after(async () => {
    for (const peer of peers) peer.close();
    await broker.stop();
  });
  const stranger = async (version: Version = 5): Promise<Peer> => {
    const raw = await RawPeer.open(broker);
    peers.push(raw);
    return new Peer(raw, version, true);
  };
  return { broker, clock, stranger, client: async (id, version, connect) => (await stranger(version)).welcome(id, connect) };
}
