import { useState } from 'react';
import { nameFault } from '../../form/name-field.tsx';
import type { Schema } from '../../form/schema.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type PlanRequest } from '../../plan/plan.ts';
import { Glyph } from '../../ui/glyph.tsx';
import { Panel } from '../../ui/panel.tsx';
import { groupsSchema, tagsSchema, type Plant } from './plant.ts';
import { Ask, field, Text } from './probe-fields.tsx';
import type { Candidate } from './probe-found.tsx';

/** The driver that the probe speaks. */
export const probeDriver = 'modbus-tcp';

/** What stands between the raw value and the one on the display. */
const scaling = ['decimal', 'bias'] as const;

/** Makes a tag of a candidate, or changes the one that is there; with a device where there is none yet. */
export function UseThis({
  plant,
  schema,
  candidate: c,
  known,
  device,
  where,
  group,
  tag,
}: {
  plant: Plant;
  schema: Schema;
  candidate: Candidate;
  /** Its factor was found from a value of the display: a tag that is there takes it over, also when there is none. */
  known: boolean;
  /** Absent: a host that is no device yet. */
  device: string | undefined;
  where: { host: string; port?: number } | undefined;
  group: string | undefined;
  tag: string | undefined;
}) {
  const [newDevice, setNewDevice] = useState('');
  const [groupName, setGroup] = useState(group ?? Object.keys(plant.devices[device ?? '']?.groups ?? {})[0] ?? 'fast');
  const [name, setName] = useState(tag ?? '');
  const [tellAll, setTellAll] = useState(false);
  const [request, setRequest] = useState<PlanRequest>();
  const [done, setDone] = useState(false);
  const typed =
    (set: (text: string) => void) =>
    (text: string): void => {
      set(text);
      setDone(false);
    };
  const at = device ?? newDevice;
  const tags = plant.devices[at]?.groups[groupName]?.tags;
  const before = tags?.[name];
  const faults = {
    device: device === undefined ? nameFault(newDevice, 'device', Object.keys(plant.devices), {}) : undefined,
    group: tags === undefined ? nameFault(groupName, 'group', [], groupsSchema(schema)) : undefined,
    name: before === undefined ? nameFault(name, 'tag', [], tagsSchema(schema)) : undefined,
  };
  const found = { address: c.address, type: c.type, ...(c.decimal === undefined ? {} : { decimal: c.decimal }) };
  const use = (): void => {
    setTellAll(true);
    if (Object.values(faults).some((f) => f !== undefined)) return;
    const whole = before === undefined ? { ...found, access: 'read' } : undefined;
    const place = ['devices', at, 'groups', groupName];
    setRequest({
      ops:
        device === undefined
          ? [
              {
                op: 'add',
                path: pathOf('devices', at),
                value: { driver: probeDriver, settings: where, groups: { [groupName]: { interval: '1s', tags: { [name]: whole } } } },
              },
            ]
          : tags === undefined
            ? [{ op: 'add', path: pathOf(...place), value: { interval: '1s', tags: { [name]: whole } } }]
            : before === undefined
              ? [{ op: 'add', path: pathOf(...place, 'tags', name), value: whole }]
              : [
                  ...Object.entries(found).map(([key, value]) => ({
                    op: 'add' as const,
                    path: pathOf(...place, 'tags', name, key),
                    value,
                  })),
                  ...(known ? scaling.filter((key) => before[key] !== undefined && !(key in found)) : []).map((key) => ({
                    op: 'remove' as const,
                    path: pathOf(...place, 'tags', name, key),
                  })),
                ],
    });
  };
  return (
    <Panel title="Use this" meta={`${c.type} at ${c.address}${c.decimal === undefined ? '' : `, factor ${c.decimal}`}`} className="usethis">
      <form
        className="probeform"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          use();
        }}
      >
        {device === undefined ? (
          <Ask label="Device" hint="a new one" fault={tellAll ? faults.device : undefined}>
            {(...of) => <Text {...field(of)} value={newDevice} set={typed(setNewDevice)} placeholder="press-2" testid="use-device" />}
          </Ask>
        ) : null}
        <Ask label="Group" hint={tags === undefined ? 'a new one, every second' : undefined} fault={tellAll ? faults.group : undefined}>
          {(...of) => <Text {...field(of)} value={groupName} set={typed(setGroup)} testid="use-group" />}
        </Ask>
        <Ask
          label="Tag"
          hint={before === undefined || done ? undefined : 'is there: address and type change'}
          fault={tellAll ? faults.name : undefined}
        >
          {(...of) => <Text {...field(of)} value={name} set={typed(setName)} placeholder="temperature" testid="use-tag" />}
        </Ask>
        <div className="row probego">
          <button type="submit" className="btn primary" data-testid="use-this" disabled={done}>
            {before === undefined || done ? 'Add the tag' : 'Change the tag'}
          </button>
          {done ? (
            <span className="row" role="status" data-testid="use-done">
              <Glyph name="check" />
              It is read from now on.
            </span>
          ) : null}
        </div>
      </form>
      {request === undefined ? null : (
        <PlanSheet
          request={request}
          onClose={() => setRequest(undefined)}
          onApplied={() => {
            setRequest(undefined);
            setDone(true);
          }}
        />
      )}
    </Panel>
  );
}
