import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Elsewhere } from '../../form/elsewhere.tsx';
import { faultsBelow, faultsIn } from '../../form/faults.ts';
import { Field } from '../../form/field.tsx';
import { nameFault, NameField } from '../../form/name-field.tsx';
import { SchemaForm } from '../../form/schema-form.tsx';
import { changesOf, withoutDefaults, type Block, type Schema } from '../../form/schema.ts';
import { useFormPlan } from '../../form/use-form-plan.ts';
import { useTellEditing } from '../../form/use-held.ts';
import { PlanSheet } from '../../plan/plan-sheet.tsx';
import { pathOf, type EditOp } from '../../plan/plan.ts';
import { Panel } from '../../ui/panel.tsx';
import { DocsLink } from './docs-link.tsx';
import { defaultPath, deviceSchema, newDevice, sectionSchema, settingsSchema, type Plant } from './plant.ts';
import { afterPress } from '../../form/after-press.ts';

interface Props {
  schema: Schema;
  plant: Plant;
  /** The revision that the form was opened on. */
  revision: number;
  /** Absent: a new one. */
  name?: string;
  onDone: (name: string) => void;
  /** From `useHeld`: keeps the draft when the configuration changes under it. */
  onEditing?: (editing: boolean) => void;
  readOnly?: boolean;
}

/** A device's name, driver, settings and path; the settings' form is made from the driver's own schema. */
export function DeviceForm({ schema, plant, revision, name, onDone, onEditing, readOnly = false }: Props) {
  const entry = deviceSchema(schema);
  const driverSchema = entry.properties?.['driver'] ?? {};
  const drivers = (driverSchema.enum ?? []).map(String);
  const saved = name === undefined ? undefined : plant.devices[name];
  const [base] = useState(revision);
  const [newName, setNewName] = useState('');
  const [driver, setDriver] = useState(saved?.driver ?? drivers[0] ?? '');
  const settingsOf = settingsSchema(entry, 'driver', driver) ?? {};
  const [before] = useState<Block>(() => (saved === undefined ? {} : withoutDefaults(settingsOf, saved.settings)));
  const [settings, setSettings] = useState<Block>(before);
  const usual = defaultPath(plant, name ?? (newName === '' ? '{device}' : newName));
  const savedPath = saved?.path === undefined || saved.path === usual ? '' : saved.path;
  const [path, setPath] = useState(savedPath);
  const [left, setLeft] = useState<readonly string[]>([]);
  const plan = useFormPlan();
  const navigate = useNavigate();
  const at = ['devices', name ?? newName];

  const changed = <T,>(set: (value: T) => void, value: T): void => {
    set(value);
    plan.changed();
  };
  const noName =
    name === undefined ? nameFault(newName, 'device', Object.keys(plant.devices), sectionSchema(schema, 'devices')) : undefined;
  const noPath =
    path === '' ? undefined : faultsIn({ type: 'object', properties: { path: entry.properties?.['path'] ?? {} } }, { path })[0];
  const own = faultsIn(settingsOf, settings);
  const { own: told, rest } = faultsBelow([...at, 'settings'], plan.faults);
  const pathFault = noPath?.message ?? rest.find((f) => f.path[2] === 'path')?.message;
  const tell = (field: string, fault: string | undefined): string | undefined => (plan.tellAll || left.includes(field) ? fault : undefined);
  const leave = (field: string) => () => afterPress(() => setLeft((l) => [...l, field]));

  const ops = (): EditOp[] => {
    if (name === undefined) return [{ op: 'add', path: pathOf(...at), value: newDevice(entry, driver, settings, path) }];
    const out = changesOf([...at, 'settings'], before, settings);
    if (path !== savedPath)
      out.push(path === '' ? { op: 'remove', path: pathOf(...at, 'path') } : { op: 'add', path: pathOf(...at, 'path'), value: path });
    return out;
  };
  const edited = name === undefined || ops().length > 0;
  useTellEditing(edited, onEditing);
  const wrong = (noName === undefined ? 0 : 1) + (noPath === undefined ? 0 : 1) + own.length;
  return (
    <form
      ref={plan.form}
      className="formbox"
      noValidate
      data-testid="device-form"
      onSubmit={(e) => {
        e.preventDefault();
        if (!readOnly && edited) plan.ask(ops(), base, wrong);
      }}
    >
      {name === undefined ? (
        <>
          <NameField
            noun="device"
            placeholder="press-2"
            testid="device-name"
            value={newName}
            onChange={(v) => changed(setNewName, v)}
            onLeave={leave('name')}
            fault={tell('name', noName)}
          />
          <div>
            <Field
              schema={{ ...driverSchema, title: 'Driver', description: 'The protocol that the device speaks.' }}
              name="driver"
              value={driver}
              onChange={(v) => {
                setSettings({});
                changed(setDriver, typeof v === 'string' ? v : '');
              }}
              onLeave={leave('driver')}
              fault={tell('driver', driver === '' ? 'Choose the driver.' : undefined)}
              required
              readOnly={false}
              testid="device-driver"
            />
            <DocsLink kind="drivers" id={driver} />
          </div>
        </>
      ) : null}
      <SchemaForm
        key={driver}
        schema={settingsOf}
        value={settings}
        onChange={(v) => changed(setSettings, v)}
        faults={[...own, ...told]}
        tellAll={plan.tellAll}
        readOnly={readOnly}
        testid="setting"
      />
      <Field
        schema={{ ...entry.properties?.['path'], description: 'Where its tags stand in the namespace.' }}
        name="path"
        value={path}
        onChange={(v) => changed(setPath, typeof v === 'string' ? v : '')}
        onLeave={leave('path')}
        fault={tell('path', pathFault)}
        required={false}
        readOnly={readOnly}
        testid="device-path"
        placeholder={usual}
      />
      <Elsewhere faults={rest.filter((f) => f.path[2] !== 'path')} />
      {readOnly ? (
        <p className="meta">Engineers can change this.</p>
      ) : (
        <div className="formend">
          <button type="submit" className={`btn${edited ? ' primary' : ''}`} data-testid="device-save" disabled={!edited}>
            {name === undefined ? 'Add device' : edited ? 'Review the change' : 'Saved'}
          </button>
          {name === undefined ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                void navigate({ to: '/devices' });
              }}
            >
              Cancel
            </button>
          ) : edited ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                setSettings(before);
                setPath(savedPath);
                plan.changed();
              }}
            >
              Discard
            </button>
          ) : null}
          {plan.tellAll && wrong > 0 ? (
            <span className="meta right">{wrong === 1 ? '1 field to mend' : `${wrong} fields to mend`}</span>
          ) : null}
        </div>
      )}
      {plan.request === undefined ? null : (
        <PlanSheet
          request={plan.request}
          action={name === undefined ? `Add ${newName}` : undefined}
          onClose={plan.close}
          onRefused={plan.onRefused}
          onApplied={() => {
            plan.close();
            onDone(name ?? newName);
          }}
        />
      )}
    </form>
  );
}

/** A new device stands where the one that is looked at stands. */
export const NewDevice = (props: Omit<Props, 'name' | 'readOnly' | 'onEditing'>) => (
  <Panel title="New device" flush className="dvform">
    <DeviceForm {...props} />
  </Panel>
);
