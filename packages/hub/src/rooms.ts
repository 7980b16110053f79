import type { Device } from '@omh/acquisition';
import type { MqttApp } from '@omh/connectors';
import type { Logger, Part } from '@omh/core';
import type { Broker, ExternalBroker } from '@omh/broker';
import type { EmbeddedHistorian } from '@omh/historian';
import type { Rule } from '@omh/rules';
import type { Simulator } from '@omh/simulators';
import { errors } from './errors.ts';

/** The parts of a hub by room, named as in the hub file. */
export class Rooms {
  readonly simulators = new Map<string, Simulator>();
  readonly devices = new Map<string, Device>();
  readonly apps = new Map<string, MqttApp>();
  readonly rules = new Map<string, Rule>();
  /** The one inside, or the way to one elsewhere. */
  readonly broker: Broker | ExternalBroker;
  readonly historian: EmbeddedHistorian;

  constructor(broker: Broker | ExternalBroker, historian: EmbeddedHistorian) {
    this.broker = broker;
    this.historian = historian;
  }

  /** Throws HUB_NO_SUCH_SIMULATOR. */
  simulator(name: string): Simulator {
    const simulator = this.simulators.get(name);
    if (!simulator) throw errors.HUB_NO_SUCH_SIMULATOR({ name });
    return simulator;
  }

  /** In the order in which people look for them. */
  *parts(): Iterable<Part> {
    yield* this.simulators.values();
    yield* this.devices.values();
    yield* this.apps.values();
    yield this.broker;
    yield* this.rules.values();
    yield this.historian;
  }

  /** In the direction of the flow, so that what is on its way still arrives. Never rejects. */
  async stop(log: Logger): Promise<void> {
    const { devices, apps, rules, broker, historian, simulators } = this;
    const stages: Iterable<Part>[] = [devices.values(), apps.values(), rules.values(), [broker], [historian], simulators.values()];
    for (const stage of stages) {
      await Promise.all(
        [...stage].map((part) =>
          part.stop().catch((thrown: unknown) => log.error('a part did not stop cleanly', { part: part.id, err: thrown })),
        ),
      );
    }
  }
}
