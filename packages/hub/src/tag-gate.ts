import { allows, type Access, type AuditEntry } from '@omh/access';
import type { LastValues } from '@omh/acquisition';
import { connectorErrors, type TagGate, type TagWrite } from '@omh/connectors';
import { OmhError, reasonOf, type Principal, type Tag } from '@omh/core';
import type { MqttAccess } from './mqtt-access.ts';
import type { PlantDevice } from './plant.ts';
import type { Rooms } from './rooms.ts';

export interface TagGateOptions {
  readonly rooms: Rooms;
  readonly values: LastValues;
  readonly plant: () => readonly PlantDevice[];
  readonly access: Access;
  readonly mqttAccess: MqttAccess;
  /** As `Hub.write`. */
  readonly write: (
    target: { readonly device: string; readonly group: string; readonly tag: string },
    value: unknown,
    principal: Principal,
    reason?: string,
  ) => Promise<void>;
}

/** The hub's tags for its apps: who may write a tag over HTTP may do it by a request, and what an app's settings allow to strangers is audited as the app's. */
export function tagGate({ rooms, values, plant, access, mqttAccess, write }: TagGateOptions): TagGate {
  const now = (principal: Principal): Principal | undefined =>
    principal.kind === 'anonymous' || principal.kind === 'part' ? principal : access.current(principal);
  const { authorize } = mqttAccess.door;
  const audit = (request: TagWrite, tag: Tag, result: AuditEntry['result'], code?: string): void => {
    const { principal, value, reason, from } = request;
    const detail = {
      method: 'MQTT',
      ...(isPlain(value) ? { value } : {}),
      ...(reason === undefined ? {} : { reason: reason.slice(0, longestText) }),
      ...(code === undefined ? {} : { code }),
    };
    const entry = { who: principal.name, kind: principal.kind, from: from.replace(/:\d+$/, ''), verb: 'tag.write', what: tag.path, detail };
    if (result === 'refused') access.audit.refused(entry);
    else access.audit.record({ ...entry, result });
  };
  return {
    readings(device, group) {
      const found = plant().find(({ name }) => name === device);
      if (found === undefined) return 'no device';
      const tags = found.groups.find(({ name }) => name === group)?.tags;
      return tags?.flatMap(({ id }) => values.get(id) ?? []) ?? 'no group';
    },
    mayRead(principal, path) {
      const known = now(principal);
      return known !== undefined && allows(known, 'values.read', path);
    },
    mayPublish: ({ principal, clientId, peer = '' }, topic) =>
      principal.kind === 'part' || authorize(principal, 'publish', topic, { clientId, username: undefined, peer }, 0, false),
    async write(request) {
      const { device, group, tag: name, value, principal, reason } = request;
      const tag = values.byTag(device, group, name)?.tag;
      if (tag === undefined) throw connectorErrors.APP_NO_SUCH_TAG({ node: device, group, tag: name });
      const known = now(principal);
      if (known === undefined || !allows(known, 'tag.write', tag.path)) {
        const refusal = connectorErrors.APP_NOT_ALLOWED({ who: principal.name, what: `write ${tag.path}` });
        audit(request, tag, 'refused', refusal.code);
        throw refusal;
      }
      try {
        await write({ device, group, tag: name }, value, known, reason);
        audit(request, tag, 'ok');
      } catch (thrown) {
        // As over HTTP: what the caller asked wrongly changed nothing and is not recorded.
        if (!(thrown instanceof OmhError) || thrown.status >= 500) audit(request, tag, 'failed', reasonOf(thrown).code);
        throw thrown;
      }
    },
    devices: () =>
      [...rooms.devices.values()].map((device) => {
        const { state } = device.health();
        return { node: device.name, up: state === 'running' || state === 'degraded', running: state !== 'stopped' };
      }),
  };
}

const longestText = 500;
const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value.length <= longestText);
