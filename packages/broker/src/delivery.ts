import type { QoS } from '@omh/core';
import type { Publish } from './publish.ts';
import type { SharedGroup } from './shared-group.ts';

/** One message for one session, from its match to its last acknowledgement. */
export interface Delivery {
  /** null when it is not sent again: PUBREC came, or the session keeps nothing. */
  p: Publish | null;
  readonly qos: QoS;
  readonly retain: boolean;
  /** 5.0 subscription identifiers. */
  readonly ids: readonly number[] | null;
  readonly group: SharedGroup | null;
  /** PUBREC came; PUBREL is said again until PUBCOMP comes. */
  released: boolean;
  /** Its number among all of a kept session, from 0; -1 = not in the log. */
  seq: number;
  /** Position in the log that must be safe before the next QoS 2 packet about it goes out. */
  position: number;
  /** Packet identifier that it has because the one its number stands for was in use; 0 = its own. */
  moved: number;
  /** It may have been sent before the broker started. */
  again: boolean;
  /** Acknowledged or dropped. */
  gone: boolean;
}

export const delivery = (
  p: Publish | null,
  qos: QoS,
  retain: boolean,
  ids: readonly number[] | null,
  group: SharedGroup | null,
): Delivery => ({ p, qos, retain, ids, group, released: false, seq: -1, position: -1, moved: 0, again: false, gone: false });

/** The packet identifier of a kept session's delivery follows from its number, so that none needs a record to be known again. */
export const packetIdOf = (d: Delivery): number => (d.moved > 0 ? d.moved : (d.seq % 65535) + 1);
