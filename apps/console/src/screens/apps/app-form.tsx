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
import { DocsLink } from '../devices/docs-link.tsx';
import { appSchema, sectionSchema, settingsSchema, type Plant } from '../devices/plant.ts';
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

/** An app's name, type and settings; the settings' form is made from the schema of the type. */
export function AppForm({ schema, plant, revision, name, onDone, onEditing, readOnly = false }: Props) {
  const entry = appSchema(schema);
  const typeSchema = entry.properties?.['type'] ?? {};
  const types = (typeSchema.enum ?? []).map(String);
  const saved = name === undefined ? undefined : plant.apps[name];
  const [base] = useState(revision);
  const [newName, setNewName] = useState('');
  const [type, setType] = useState(saved?.type ?? types[0] ?? '');
  const own = settingsSchema(entry, 'type', type) ?? {};
  const [before] = useState<Block>(() => (saved === undefined ? {} : withoutDefaults(own, saved.settings)));
  const [settings, setSettings] = useState<Block>(before);
  const [left, setLeft] = useState<readonly string[]>([]);
  const plan = useFormPlan();
  const navigate = useNavigate();
  const at = ['apps', name ?? newName];
  const noName = name === undefined ? nameFault(newName, 'app', Object.keys(plant.apps), sectionSchema(schema, 'apps')) : undefined;
  const faults = faultsIn(own, settings);
  const { own: told, rest } = faultsBelow([...at, 'settings'], plan.faults);
  const ops = (): EditOp[] =>
    name !== undefined
      ? changesOf([...at, 'settings'], before, settings)
      : [{ op: 'add', path: pathOf(...at), value: { type, ...(Object.keys(settings).length === 0 ? {} : { settings }) } }];
  const edited = name === undefined || ops().length > 0;
  useTellEditing(edited, onEditing);
  const wrong = faults.length + (noName === undefined ? 0 : 1);
  return (
    <form
      ref={plan.form}
      className="formbox"
      noValidate
      data-testid="app-form"
      onSubmit={(e) => {
        e.preventDefault();
        if (!readOnly && edited) plan.ask(ops(), base, wrong);
      }}
    >
      {name === undefined ? (
        <>
          <NameField
            noun="app"
            placeholder="mes"
            testid="app-name"
            value={newName}
            onChange={(v) => {
              setNewName(v);
              plan.changed();
            }}
            onLeave={() => afterPress(() => setLeft((l) => [...l, 'name']))}
            fault={plan.tellAll || left.includes('name') ? noName : undefined}
          />
          <div>
            <Field
              schema={{ ...typeSchema, effect: 'live' }}
              name="type"
              value={type}
              onChange={(v) => {
                setType(typeof v === 'string' ? v : '');
                setSettings({});
              }}
              onLeave={() => undefined}
              fault={undefined}
              required
              readOnly={false}
              testid="app-type"
            />
            <DocsLink kind="apps" id={type} />
          </div>
        </>
      ) : null}
      <SchemaForm
        key={type}
        schema={own}
        value={settings}
        onChange={(v) => {
          setSettings(v);
          plan.changed();
        }}
        faults={[...faults, ...told]}
        tellAll={plan.tellAll}
        readOnly={readOnly}
        testid="setting"
        placeholders={{ url: "this hub's own broker", clientId: `omh-${name ?? (newName === '' ? '{app}' : newName)}` }}
      />
      <Elsewhere faults={rest} />
      {readOnly ? (
        <p className="meta">Engineers can change this.</p>
      ) : (
        <div className="formend">
          <button type="submit" className={`btn${edited ? ' primary' : ''}`} data-testid="app-save" disabled={!edited}>
            {name === undefined ? 'Add app' : edited ? 'Review the change' : 'Saved'}
          </button>
          {name === undefined || edited ? (
            <button
              type="button"
              className="btn"
              onClick={() => {
                if (name === undefined) void navigate({ to: '/apps' });
                else {
                  setSettings(before);
                  plan.changed();
                }
              }}
            >
              {name === undefined ? 'Cancel' : 'Discard'}
            </button>
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

/** A new app stands where the one that is looked at stands. */
export const NewApp = (props: Omit<Props, 'name' | 'readOnly' | 'onEditing'>) => (
  <Panel title="New app" flush className="dvform">
    <AppForm {...props} />
  </Panel>
);
