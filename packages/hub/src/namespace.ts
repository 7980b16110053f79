import { allows, type Access } from '@omh/access';
import type { LastValues } from '@omh/acquisition';
import { Namespace, type WriteDoor } from '@omh/namespace';
import type { Clock, Logger, MessageBus, Principal } from '@omh/core';
import { mayAnswer } from './may-answer.ts';
import type { MqttAccess } from './mqtt-access.ts';

export interface HubNamespaceOptions {
  readonly bus: MessageBus;
  readonly values: LastValues;
  readonly access: Access;
  readonly mqttAccess: MqttAccess;
  readonly driverOf: (device: string) => string;
  /** As `Hub.write`. */
  readonly write: (target: { readonly path: string }, value: unknown, principal: Principal, reason?: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The namespace with the hub's own permissions and audit: who may write a tag over HTTP may do it over MQTT, and nobody else. */
export function hubNamespace({ access, mqttAccess, write, log, ...options }: HubNamespaceOptions): Namespace {
  const now = (principal: Principal): Principal | undefined =>
    principal.kind === 'anonymous' || principal.kind === 'part' ? principal : access.current(principal);
  const door: WriteDoor = {
    mayWrite: (principal, path) => {
      const known = now(principal);
      return known !== undefined && allows(known, 'tag.write', path);
    },
    mayAnswer: mayAnswer(mqttAccess),
    write: (path, value, principal, reason) => write({ path }, value, principal, reason),
    audit: ({ principal, peer, path, value, reason, result, code }) => {
      const entry = {
        who: principal.name,
        kind: principal.kind,
        ...(peer === undefined ? {} : { from: peer.slice(0, Math.max(0, peer.lastIndexOf(':'))) || peer }),
        verb: 'tag.write',
        what: path,
        detail: {
          method: 'MQTT',
          ...(isPlain(value) ? { value } : {}),
          ...(reason === undefined ? {} : { reason: reason.slice(0, longestReason) }),
          ...(code === undefined ? {} : { code }),
        },
      };
      if (result === 'refused') access.audit.refused(entry);
      else access.audit.record({ ...entry, result });
    },
  };
  return new Namespace({ ...options, door, log: log.child({ part: 'namespace' }) });
}

const longestReason = 500;
const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= longestReason);
