import { OmhError } from './errors.ts';
import type { Message, MessageProperties, QoS } from './message.ts';

/** What a stage makes of a message; what is absent stays as it was. */
export interface Replacement {
  readonly topic?: string;
  /** As in `Publication`; a replaced payload has no batch. */
  readonly payload?: Uint8Array | string | (() => unknown);
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: MessageProperties;
}

export interface Refusal {
  /** MQTT 5.0 reason code for PUBACK and PUBREC (2.4), 0x80 and above: 0x83, 0x87, 0x90, 0x97 or 0x99. */
  readonly refuse: number;
  /** One sentence for the log and for publishers of this process. */
  readonly reason: string;
  /** The publisher's connection ends as well. */
  readonly disconnect?: boolean;
}

/**
 * Looks at every publication of the topics it applies to: after permissions, before retained messages and subscribers. Synchronous, no
 * slice over a millisecond. What it throws refuses the message with 0x80.
 */
export interface PublishStage {
  /** Unique per bus: `validation/press`, `transformation/units`. */
  readonly name: string;
  /** Asked once per topic while the stage is attached. */
  appliesTo(topic: string): boolean;
  /** undefined leaves the message as it is. The message is valid during the call; `keep()` outlives it. */
  run(message: Message): Replacement | Refusal | undefined;
}

/**
 * What a durable reader rejects with when it will never take a message. A 5.0 publisher hears the code in PUBACK or PUBREC, one of 3.1.1 is
 * acknowledged, for it has no words (3.1.1, 3.3.5); the message does not come again.
 */
export class RefusedPublication extends OmhError {
  /** As in `Refusal`. */
  readonly refuse: number;

  constructor(error: OmhError, refuse: number) {
    super(error.code, error.row, error.params, { cause: error });
    this.refuse = refuse;
  }
}
