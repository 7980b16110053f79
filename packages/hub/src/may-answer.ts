import type { Principal } from '@omh/core';
import type { MqttAccess } from './mqtt-access.ts';

/** Whoever sent a request over MQTT. */
export interface Asker {
  readonly principal: Principal;
  readonly clientId: string;
  /** `ip:port`. */
  readonly peer?: string | undefined;
}

/**
 * Whether an answer may go to the response topic that a request names (MQTT 5.0, 4.10): where its asker may publish, for the hub publishes
 * there in the asker's name. Whether they may read there is asked when they subscribe.
 */
export const mayAnswer =
  ({ door }: MqttAccess) =>
  ({ principal, clientId, peer = '' }: Asker, topic: string): boolean =>
    principal.kind === 'part' || door.authorize(principal, 'publish', topic, { clientId, username: undefined, peer }, 0, false);
