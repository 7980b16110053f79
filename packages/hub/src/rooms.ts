import type { Device } from '@omh/acquisition';
import type { Broker } from '@omh/broker';
import type { MqttApp } from '@omh/connectors';
import type { EmbeddedHistorian } from '@omh/historian';
import type { Rule } from '@omh/rules';
import type { Simulator } from '@omh/simulators';

/** The parts of a hub by room, named as in the hub file. */
export interface Rooms {
  readonly simulators: Map<string, Simulator>;
  readonly devices: Map<string, Device>;
  readonly apps: Map<string, MqttApp>;
  readonly rules: Map<string, Rule>;
  readonly broker: Broker;
  readonly historian: EmbeddedHistorian;
}
