/** A statement that mosquitto 2.0 does not keep, and the clause that decides. */
export interface Disagreement {
  readonly version: '3.1.1' | '5.0';
  readonly id: string;
  /** What mosquitto does where our broker does what the statement asks for. */
  readonly does: string;
  /** Section and what it says, in our words. */
  readonly clause: string;
}

/** Seen with mosquitto 2.0.11; `docs/conformance.md` shows them, a test asks mosquitto again. */
export const disagreements: readonly Disagreement[] = [
  {
    version: '3.1.1',
    id: 'MQTT-2.2.2-1',
    does: 'answers a PINGREQ whose reserved flag bits are set',
    clause: '2.2.2: other flags than those of table 2.2 end the connection.',
  },
  {
    version: '3.1.1',
    id: 'MQTT-3.3.1-2',
    does: 'takes a QoS 0 message with DUP set',
    clause: '3.3.1.1 forbids DUP at QoS 0, and 4.8 ends the connection of a client that breaks the protocol.',
  },
  {
    version: '3.1.1',
    id: 'MQTT-4.3.3-2',
    does: 'ends the connection when a QoS 2 message comes a third time before PUBREL',
    clause: '4.3.3: until PUBREL every repetition is answered with PUBREC.',
  },
  {
    version: '3.1.1',
    id: 'MQTT-4.8.0-1',
    does: 'ignores a PINGRESP from a client',
    clause: '2.2.1 gives PINGRESP to the server alone, and 4.8 ends the connection of a client that breaks the protocol.',
  },
  {
    version: '5.0',
    id: 'MQTT-2.1.3-1',
    does: 'answers a PINGREQ whose reserved flag bits are set',
    clause: '2.1.3: other flags than those of table 2-2 make a packet malformed.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.1.2-24',
    does: 'does not count the subscription identifier and sends a packet one byte above the maximum',
    clause: '3.1.2.11.4: the maximum packet size is that of the whole packet.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.3.1-2',
    does: 'takes a QoS 0 message with DUP set',
    clause: '3.3.1.1 forbids DUP at QoS 0.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.3.2-14',
    does: 'passes a response topic with wildcards on',
    clause: '3.3.2.3.5: the response topic has no wildcards; 4.13 ends the connection after a protocol error.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.3.4-6',
    does: 'takes a PUBLISH with a subscription identifier from a client',
    clause: '3.3.4: only the server puts subscription identifiers into PUBLISH.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.3.4-7',
    does: 'refuses the message above its receive maximum with PUBREC 0x97',
    clause: '3.3.4: the server ends the connection with DISCONNECT 0x93.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.3.4-9',
    does: 'sends the next message at PUBREC, with the one before still waiting for PUBCOMP',
    clause: '3.3.4 and 4.9: a QoS 2 message gives its place back at PUBCOMP, or at a PUBREC of 0x80 or above.',
  },
  {
    version: '5.0',
    id: 'MQTT-3.8.3-4',
    does: 'grants a shared subscription with no local',
    clause: '3.8.3.1: no local on a shared subscription is a protocol error.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.3.3-7',
    does: 'forgets a QoS 2 message that was sent and not acknowledged when its expiry passes',
    clause: '4.3.3: a message does not expire once its PUBLISH was sent.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.3.3-10',
    does: 'ends the connection with 0x82 when a QoS 2 message comes a third time before PUBREL',
    clause: '4.3.3: until PUBREL every repetition is answered with PUBREC.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.8.2-1',
    does: 'grants `$share//t`',
    clause: '4.8.2: the share name has a character at least.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.8.2-2',
    does: 'grants share names with wildcards',
    clause: '4.8.2: the share name has no +, # or /.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.9.0-1',
    does: 'as 3.3.4-9',
    clause: '4.9: the quota is one of messages without PUBACK, PUBCOMP or a refusing PUBREC.',
  },
  {
    version: '5.0',
    id: 'MQTT-4.9.0-2',
    does: 'as 3.3.4-9',
    clause: '4.9: at a quota of 0 no PUBLISH above QoS 0 is sent.',
  },
];
