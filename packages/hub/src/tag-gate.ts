import { allows, type Access, type AuditEntry } from '@omh/access';
import { acquisitionErrors, type LastValues } from '@omh/acquisition';
import { connectorErrors, type TagGate, type TagWrites } from '@omh/connectors';
import { tagKey, type OmhError, type Principal, type Tag } from '@omh/core';
import type { DeviceAdmin } from './device-admin.ts';
import { mayAnswer } from './may-answer.ts';
import type { MqttAccess } from './mqtt-access.ts';
import type { PlantDevice } from './plant.ts';
import type { Rooms } from './rooms.ts';

export interface TagGateOptions {
  readonly rooms: Rooms;
  readonly values: LastValues;
  readonly plant: () => readonly PlantDevice[];
  readonly access: Access;
  readonly mqttAccess: MqttAccess;
  readonly deviceAdmin: Pick<DeviceAdmin, 'writeMany'>;
}

/** The hub's tags for its apps: who may write a tag over HTTP may do it by a request, and what an app's settings allow to strangers is audited as the app's. */
export function tagGate({ rooms, values, plant, access, mqttAccess, deviceAdmin }: TagGateOptions): TagGate {
  const now = (principal: Principal): Principal | undefined =>
    principal.kind === 'anonymous' || principal.kind === 'part' ? principal : access.current(principal);
  const audit = (
    { principal, reason, from }: TagWrites,
    { path }: Tag,
    value: unknown,
    result: AuditEntry['result'],
    code?: string,
  ): void => {
    const detail = {
      method: 'MQTT',
      ...(isPlain(value) ? { value } : {}),
      ...(reason === undefined ? {} : { reason: reason.slice(0, longestText) }),
      ...(code === undefined ? {} : { code }),
    };
    const entry = { who: principal.name, kind: principal.kind, from: from.replace(/:\d+$/, ''), verb: 'tag.write', what: path, detail };
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
    mayAnswer: mayAnswer(mqttAccess),
    async write(request) {
      const { device, group, items, principal, reason } = request;
      const known = now(principal);
      const tags = items.map(({ tag }) => values.byTag(device, group, tag)?.tag);
      const refused = tags.map((tag, i): OmhError | undefined => {
        if (tag === undefined) return connectorErrors.APP_NO_SUCH_TAG({ node: device, group, tag: items[i]!.tag });
        if (known !== undefined && allows(known, 'tag.write', tag.path)) return undefined;
        const refusal = connectorErrors.APP_NOT_ALLOWED({ who: principal.name, what: `write ${tag.path}` });
        audit(request, tag, items[i]!.value, 'refused', refusal.code);
        return refusal;
      });
      if (known === undefined || refused.some((error) => error !== undefined))
        return refused.map((error, i) => error ?? acquisitionErrors.ACQUISITION_HELD_BACK({ tag: tagKey(tags[i]!) }));
      const work = items.map(({ value }, i) => ({ tag: tags[i]!, value }));
      const results = await deviceAdmin.writeMany(work, known, reason);
      for (const [i, { tag, value }] of work.entries()) {
        const error = results[i];
        if (error === undefined) audit(request, tag, value, 'ok');
        // As over HTTP: what the caller asked wrongly changed nothing and is not recorded.
        else if (error.status >= 500) audit(request, tag, value, 'failed', error.code);
      }
      return results;
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
