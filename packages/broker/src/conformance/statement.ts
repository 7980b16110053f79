import type { World } from './world.ts';

/** One normative statement of MQTT 3.1.1 or 5.0 and the exchange that shows it, or why there is none. */
export interface Statement {
  /** As in the standard, without brackets: `MQTT-3.1.0-1`. */
  readonly id: string;
  /** What it asks for, in our words. */
  readonly says: string;
  /** Throws when the server does otherwise. */
  readonly run?: (x: World) => Promise<void>;
  /** Binds clients; a server can only be asked what it does with one that breaks it. */
  readonly client?: true;
  /** Why no exchange on a socket can tell. */
  readonly untestable?: string;
}

export const must = (id: string, says: string, run: (x: World) => Promise<void>): Statement => ({ id: `MQTT-${id}`, says, run });
export const client = (id: string, says: string): Statement => ({ id: `MQTT-${id}`, says, client: true });
export const unseen = (id: string, says: string, untestable: string): Statement => ({ id: `MQTT-${id}`, says, untestable });
